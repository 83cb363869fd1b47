#!/bin/bash
# build.sh DIR PROGRAM [FLAGS]: DIR/PROGRAM.elf, by the compiler and the flags of KCore in DIR/flags.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
dir=$1 program=$2
shift 2
kcore=$here/../../kcore
read -ra cc <"$dir/flags"
objects=("$dir/start.o")
aarch64-linux-gnu-gcc -D__ASSEMBLER__ -I"$kcore/arch/arm64" -c "$here/start.S" -o "$dir/start.o"
for c in "$here/lab.c" "$here/$program.c" "$kcore/boot/el2_map.c" "$kcore/arch/arm64/state.c" "$kcore/sync/lock.c"; do
    o=$dir/$program-$(basename "$c" .c).o
    "${cc[0]}" "$@" "${cc[@]:1}" -I"$kcore" -c "$c" -o "$o"
    objects+=("$o")
done
aarch64-linux-gnu-ld --no-warn-rwx-segments -T "$here/link.lds" -o "$dir/$program.elf" "${objects[@]}"
