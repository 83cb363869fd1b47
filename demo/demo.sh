#!/bin/sh
# The demonstration, inside the emulated host. Arguments: plain or protected; plain or colour.
# A VM with a secret is started and attacked; it goes on running afterwards.
mode=${1:-protected} style=${2:-plain}
vm=/tmp/vm
mkdir -p $vm && cd $vm || exit 2
[ ! -f pid ] || {
    echo "a VM of the demonstration is running already; 'kill $(cat pid)' ends it"
    exit 2
}
mkfifo keyboard

insmod /lib/kattack.ko || exit 2
[ -e /dev/kattack ] || mknod /dev/kattack c 10 "$(sed -n 's/ kattack//p' /proc/misc)"

cat /guest/7.3/initrd.cpio /demo/guest.cpio >initrd.cpio
option=''
[ "$mode" = plain ] || option=--protected
# The keyboard stays open for reading and writing, or QEMU would see its end.
exec 3<>keyboard
# In a session of its own: the end of this one must not end the VM.
# shellcheck disable=SC2086
setsid redoubt run $option --name demo --no-net --smp 1 --mem 192M --initrd $vm/initrd.cpio --run secret -- \
    -monitor unix:$vm/monitor,server=on,wait=off <&3 >console 2>&1 &
echo $! >pid

case $mode in
plain) echo "    VM       Debian's stock 7.3 kernel under Debian's QEMU and plain KVM" ;;
*) echo "    VM       the same, but with -accel kvm,device=/dev/kvm-protected" ;;
esac
while kill -0 "$(cat pid)" 2>/dev/null && ! grep -q ^SECRET console; do sleep 0.5; done
kill -0 "$(cat pid)" 2>/dev/null || {
    echo "the VM has ended; its console:"
    cat console
    exit 2
}
/usr/bin/attacks "$mode" "$style" "$(cat pid)" $vm/console $vm/keyboard $vm/monitor
status=$?
# Without a shell after it the machine is switched off now.
grep -q redoubt.then=shell /proc/cmdline && cat <<TEXT

The VM is still running, and so is the attacker: you are root of its host.
    cat $vm/console             what the guest has printed
    echo check >$vm/keyboard    ask it about its secret again
    redoubt ps                      the VMs of this host
    redoubt run --protected --mem 256M    another protected VM, with a shell in it
    Ctrl-A X                        end all of it
TEXT
exit $status
