#!/bin/bash
# emulate.sh PROGRAM.elf CPU SEED SIZE [single]: runs it on QEMU, at most 60 seconds, its output here. With
# 'single' one thread runs both CPUs in turn: for programs whose CPUs wait for each other all the time.
exec timeout "${LIMIT:-60}" qemu-system-aarch64 -machine virt,virtualization=on,gic-version=3,its=off -cpu "$2" \
    -smp 2 -m 128M -accel "tcg,thread=${5:-multi}" -display none -nodefaults -no-reboot -monitor none -serial stdio \
    -kernel "$1" -device "loader,addr=0x47fff000,data=$3,data-len=8" \
    -device "loader,addr=0x47fff008,data=$4,data-len=8" </dev/null 2>&1
