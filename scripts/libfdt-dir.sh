#!/usr/bin/env bash
# Prints the folder of libfdt's sources, unpacked from the kernel source package (scripts/fetch.sh).
# KCore's boot stage compiles them for EL2.
. "$(dirname "$0")/lib.sh"

src=$CACHE/kernel-source
[ -f "$src/linux.tar.xz" ] || "$ROOT/scripts/fetch.sh" source >&2
dir=$CACHE/libfdt-$(cksum <"$src/version" | cut -d' ' -f1)
if [ ! -f "$dir/.done" ]; then
    mkdir -p "$dir.$$"
    tar -xJf "$src/linux.tar.xz" -C "$dir.$$" --strip-components=4 --wildcards '*/scripts/dtc/libfdt/*'
    touch "$dir.$$/.done"
    rm -rf "$dir"
    mv "$dir.$$" "$dir"
fi
printf '%s\n' "$dir"
