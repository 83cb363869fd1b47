#!/bin/bash
# 'make run': KCore, the host on it, the demonstration (when the image has one), then a shell on the host.
. "$(dirname "$0")/lib.sh"

say "Ctrl-A X ends the machine; the demonstration is /tests/demo.sh in the host"
exec "$ROOT/scripts/qemu-host.sh" --kcore --append "redoubt.run=demo redoubt.then=shell" "$@"
