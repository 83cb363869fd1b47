#!/bin/busybox sh
# shellcheck shell=dash
# Runs in the emulated host: a stock Debian guest with the applications in its initramfs.
# Arguments: normal or protected, vCPUs, batches, one application alone.
mode=''
[ "$1" != protected ] || mode=--protected
cat /guest/7.3/initrd.cpio /apps.cpio >/tmp/initrd.cpio
rm /apps.cpio
redoubt run $mode --kernel 7.3 --initrd /tmp/initrd.cpio --smp "$2" --mem 512M --no-net --run apps --args "$3${4:+,$4}" 2>&1 </dev/null
echo "HOST end $?"
sleep 0.5 # what the console has not sent yet is lost when this session ends
