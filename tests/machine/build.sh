#!/bin/bash
# build.sh DIR PROGRAM [FLAGS]: DIR/PROGRAM.elf, by the compiler and the flags of KCore in DIR/flags. The program
# 'world' has KCore's world switch: of the folder SWITCH, by default the product's.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
dir=$1 program=$2
shift 2
kcore=$here/../../kcore
read -ra cc <"$dir/flags"
objects=("$dir/start.o")
assemble() { # assemble FILE.S: an object of this program's own
    local o
    o=$dir/$program-$(basename "$1" .S).o
    aarch64-linux-gnu-gcc -D__ASSEMBLER__ -I"$dir/$program" -I"$kcore/arch/arm64" -I"$kcore/include" -c "$1" -o "$o"
    objects+=("$o")
}
aarch64-linux-gnu-gcc -D__ASSEMBLER__ -I"$kcore/arch/arm64" -c "$here/start.S" -o "$dir/start.o"
if [ "$program" = world ]; then
    switch=${SWITCH:-$kcore/arch/arm64}
    mkdir -p "$dir/world"
    # the code from the table under test, what is expected from the true one
    python3 "$kcore/tools/regs.py" asm "$switch/regs.def" "$kcore/include/kcore/abi.h" >"$dir/world/regs_gen.h"
    python3 "$kcore/tools/regs.py" test "$kcore/arch/arm64/regs.def" "$kcore/include/kcore/abi.h" \
        >"$dir/world/regs_test.h"
    set -- -I"$dir/world" "$@"
    assemble "$switch/switch.S"
    assemble "$switch/vectors.S"
    assemble "$here/world.S"
fi
for c in "$here/lab.c" "$here/$program.c" "$kcore/boot/el2_map.c" "$kcore/arch/arm64/state.c" "$kcore/sync/lock.c"; do
    o=$dir/$program-$(basename "$c" .c).o
    [ "$program" != world ] || o=${o%.o}-c.o
    "${cc[0]}" "$@" "${cc[@]:1}" -I"$kcore" -c "$c" -o "$o"
    objects+=("$o")
done
aarch64-linux-gnu-ld --no-warn-rwx-segments -T "$here/link.lds" -o "$dir/$program.elf" "${objects[@]}"
