#!/bin/bash
# Everything that 'make run' and 'make check' need, in order. What is there already costs seconds.
. "$(dirname "$0")/lib.sh"

STEPS=5
step "packages"
"$ROOT/scripts/deps.sh"
step "downloads"
"$ROOT/scripts/fetch.sh"
step "kernel"
"$ROOT/scripts/kernel.sh"
step "KCore"
logged prepare-kcore "correct the error in the log, then repeat" make -C "$ROOT/kcore"
step "images"
"$ROOT/scripts/images.sh"
say "all is built, $(elapsed)"
