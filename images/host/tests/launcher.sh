#!/bin/sh
# 'redoubt': run, ps, log, stop, forget, status, and its errors. With KCore a protected VM, else a normal one.
mode=--protected
[ -c /dev/kvm-protected ] || mode=''
cd /tmp || exit 1
. /tests/lib.inc
says() { # says TEXT STATUS COMMAND...: the command fails with that status and says so
    words=$1 status=$2 && shift 2
    "$@" >said 2>&1 </dev/null
    [ $? -eq "$status" ] && grep -q "$words" said
}
shows() { # shows TEXT COMMAND...
    words=$1 && shift
    "$@" >shown 2>&1 && grep -qE "$words" shown
}
ready() {
    left=240
    until grep -q REDOUBT-GUEST-READY /run/redoubt/one/console; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep 0.5
    done
}

check "a VM starts in the background" shows '^one$' redoubt run $mode --detach --name one --mem 192M --smp 1
check "the name is taken while it runs" says "a VM 'one' is running" 1 redoubt run $mode --detach --name one
check "its guest comes up" ready
check "ps shows it" shows '^one +running' redoubt ps
check "ps --json has its command line" shows '"name": "one", "state": "running".*"command": "qemu-system-aarch64' redoubt ps --json
check "its console is in the log" shows REDOUBT-GUEST-READY redoubt log one
if [ -n "$mode" ]; then
    check "status counts its pages" shows '^ *[1-9][0-9]*  private to protected VMs' redoubt status
    check "status --json" shows '"kcore": true.*"vms": 1' redoubt status --json
else
    check "status without KCore" shows 'KCore is not running' redoubt status
    check "a protected VM is refused without KCore" says 'no /dev/kvm-protected' 1 redoubt run --protected
fi
check "what runs is not forgotten" says 'is running' 1 redoubt forget one
check "it can be stopped" redoubt stop one
check "ps shows its end" shows '^one +ended' redoubt ps
check "it is not stopped twice" says 'has ended already' 1 redoubt stop one
check "and can be forgotten" redoubt forget one
check "then nobody knows it" says "no VM 'one'" 1 redoubt log one
check "--print prints a command that a shell takes" shows "^qemu-system-aarch64 .*-append 'console=ttyAMA0" redoubt run --print
if [ -n "$mode" ]; then
    check "a kernel without realm guest code is refused" says 'no realm guest code' 1 redoubt run --protected --kernel 6.12
    [ ! -d /guest/6.18 ] ||
        check "a kernel that needs an alias bit is refused" says 'Linux 6.13 to 6.18' 1 redoubt run --protected --kernel 6.18
    if [ -f /tests/48-bit/Image ]; then
        check "a kernel built for 48 bits of address is refused" says 'without ARM64_PA_BITS_52' 1 \
            redoubt run --protected --kernel /tests/48-bit/Image
        check "unless it is wanted so" shows '^qemu-system-aarch64' redoubt run --protected --any-kernel --print --kernel /tests/48-bit/Image
    fi
fi
check "no kernel" says "no guest kernel 'nothing'" 1 redoubt run --kernel nothing
check "no disk" says "cannot read the disk image 'nothing'" 1 redoubt run --disk nothing
check "wrong option" says "unknown option '--what'" 2 redoubt run --what
check "no value" says "needs a value" 2 redoubt run --kernel
check "a name that is a path" says "is not a name" 2 redoubt log ../one
check "QEMU's error is shown" says "QEMU has ended at once" 1 redoubt run --detach --name bad -- -nonsense
results
