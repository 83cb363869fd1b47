#!/bin/bash
# Boots the emulated host machine, with Linux at EL2 (plain) or with KCore at EL2 and Linux at EL1.
#
#   qemu-host.sh [options] [-- more QEMU options]
#     --plain             Linux is the kernel QEMU starts (default)
#     --kcore [FILE]      KCore first, Linux by the guest loader (build/kcore/kcore.img)
#     --image FILE        Linux Image (build/kernel: what 'make kernel' built)
#     --initrd FILE       build/images/host.cpio
#     --part NAME         add build/images/NAME.cpio to the initramfs (debian: a guest's disk); may be repeated
#     --overlay DIR       put this folder's files over the initramfs; may be repeated
#     --cpu NAME          cortex-a57 (also cortex-a76; max,pauth-impdef=on)
#     --smp N             CPUs (2)
#     --mem SIZE          memory (2G)
#     --run NAME          run the host's /tests/NAME.sh and power off; exit with its status
#     --args A,B          arguments for it
#     --append TEXT       more kernel parameters
#     --timeout SECONDS   limit for all of it (300)
#     --log FILE          write the console there instead of to the terminal
#     --icount            deterministic clock: one instruction per nanosecond
#     --quiet             with --log: no line about the result
#     --print             print QEMU's command and stop
# Without --run the console is yours: Ctrl-A X ends QEMU. Exit status with --run: the test's own; 124 time
# limit; 125 the machine ended without finishing the test.
. "$(dirname "$0")/lib.sh"

# Where the guest loader puts Linux and its initramfs under KCore: QEMU itself uses the low 256 MiB for
# KCore and the device tree, and Image and initramfs must lie within one GiB.
LINUX_ADDR=0x50000000
INITRD_ADDR=0x54000000

kcore='' image=$BUILD/kernel/arch/arm64/boot/Image initrd=$BUILD/images/host.cpio cpu=cortex-a57 smp=2 mem=2G
run='' args='' append='' limit='' log='' icount='' quiet='' print='' overlays=() parts=() machine=virt,virtualization=on,gic-version=3,its=off
while [ $# -gt 0 ]; do
    case $1 in
    --plain) kcore='' ;;
    --kcore)
        kcore=$BUILD/kcore/kcore.img
        if [ $# -gt 1 ] && [[ $2 != --* ]]; then kcore=$2 && shift; fi
        ;;
    --image) image=$2 && shift ;;
    --initrd) initrd=$2 && shift ;;
    --part) parts+=("$BUILD/images/$2.cpio") && shift ;;
    --overlay) overlays+=("$2") && shift ;;
    --cpu) cpu=$2 && shift ;;
    --smp) smp=$2 && shift ;;
    --mem) mem=$2 && shift ;;
    --run) run=$2 && shift ;;
    --args) args=$2 && shift ;;
    --append) append="$append $2" && shift ;;
    --timeout) limit=$2 && shift ;;
    --log) log=$2 && shift ;;
    --icount) icount=yes ;;
    --quiet) quiet=yes ;;
    --print) print=yes ;;
    --) shift && break ;;
    *) fail "unknown option '$1'" "" "the head of scripts/qemu-host.sh lists them" ;;
    esac
    shift
done

[ -f "$image" ] || fail "no kernel $image" "" "run 'make kernel'"
[ -f "$initrd" ] || fail "no initramfs $initrd" "" "run 'make images'"
[ -z "$kcore" ] || [ -f "$kcore" ] || fail "no KCore image $kcore" "" "run 'make kcore'"
command -v qemu-system-aarch64 >/dev/null || fail "qemu-system-aarch64 is not installed" "" "run 'make deps'"

tmp=$(mktemp -d "${TMPDIR:-/tmp}/redoubt-host.XXXXXX")
qemu_pid=''
cleanup() {
    [ -z "$qemu_pid" ] || kill "$qemu_pid" 2>/dev/null || true
    rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

for part in "${parts[@]}"; do
    [ -f "$part" ] || fail "no archive $part" "" "run 'make images'"
done
if [ ${#overlays[@]} -gt 0 ]; then
    "$ROOT/scripts/images.sh" overlay "$tmp/overlay.cpio" "${overlays[@]}"
    parts+=("$tmp/overlay.cpio")
fi
if [ ${#parts[@]} -gt 0 ]; then
    cat "$initrd" "${parts[@]}" >"$tmp/initrd.cpio"
    initrd=$tmp/initrd.cpio
fi

cmdline="console=ttyAMA0 loglevel=4 panic=-1"
[ -z "$run" ] || cmdline="$cmdline redoubt.run=$run"
[ -z "$args" ] || cmdline="$cmdline redoubt.args=$args"
cmdline="$cmdline$append"

accel=tcg,thread=multi
if [ -n "$icount" ]; then
    accel=tcg,thread=single
    cpu=$cpu,cntfrq=1000000000
    machine=$machine,dtb-randomness=off
    # The wall clock is part of what must not vary.
    set -- -icount shift=0,sleep=off -rtc base=2026-01-01,clock=vm "$@"
fi
cmd=(qemu-system-aarch64 -machine "$machine" -cpu "$cpu" -smp "$smp" -m "$mem" -accel "$accel"
    -display none -nodefaults -no-reboot)
if [ -n "$kcore" ]; then
    # In a QEMU property a comma is written twice.
    cmd+=(-kernel "$kcore"
        -device "guest-loader,addr=$LINUX_ADDR,kernel=${image//,/,,},bootargs=${cmdline//,/,,}"
        -device "guest-loader,addr=$INITRD_ADDR,initrd=${initrd//,/,,}")
else
    cmd+=(-kernel "$image" -initrd "$initrd" -append "$cmdline")
fi

if [ -n "$print" ]; then
    printf '%q ' "${cmd[@]}" -serial stdio "$@"
    echo
    exit 0
fi

if [ -z "$run" ] && [ -z "$log" ]; then
    # Interactive: in the foreground, the terminal belongs to the guest.
    rc=0
    "${cmd[@]}" -serial mon:stdio "$@" || rc=$?
    exit "$rc"
fi

out=${log:-$tmp/console}
: >"$out"
rc=0
timeout -k 5 "${limit:-300}" "${cmd[@]}" -serial stdio -monitor none "$@" </dev/null >"$out" 2>&1 &
qemu_pid=$!
if [ -z "$log" ]; then
    tail -n +1 -f "$out" --pid="$qemu_pid" &
    tail_pid=$!
fi
wait "$qemu_pid" || rc=$?
qemu_pid=''
[ -n "$log" ] || wait "$tail_pid" || true

if [ "$rc" -eq 124 ] || [ "$rc" -eq 137 ]; then
    echo "[qemu-host] time limit of ${limit:-300} s reached" | tee -a "$out"
    exit 124
fi
[ -n "$run" ] || exit "$rc"
status=$(tr -d '\r' <"$out" | sed -n "s/^.*REDOUBT-RUN-END host $run status=\([0-9]*\).*/\1/p" | tail -n 1)
if [ -z "$status" ]; then
    echo "[qemu-host] the machine ended before /tests/$run.sh did (QEMU's status $rc)" | tee -a "$out"
    exit 125
fi
[ -n "$quiet" ] || say "/tests/$run.sh ended with status $status after $(elapsed)"
exit "$status"
