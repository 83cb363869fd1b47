#!/bin/sh
# Debian's stock kernel under Debian's QEMU, 2 vCPUs, virtio disk and network, data compared by checksum in
# both directions. Arguments: 7.3 or 6.12, then 'protected' for a protected VM.
kernel=${1:-7.3}
mode=${2:+--$2}
cd /tmp || exit 1
. /tests/lib.inc

# KCore's counts, where KServ shows them.
stat_of() { sed -n "s/^$1 //p" /sys/kernel/debug/kcore 2>/dev/null; }
pages_back() { [ "$(stat_of pages_vm)" = 0 ] && [ "$(stat_of pages_vmcore)" = 0 ] && [ "$(stat_of pages_lent)" = 0 ]; }

mkdir -p www/cgi-bin
dd if=/dev/urandom of=disk.img bs=1M count=4 2>/dev/null
dd if=/dev/urandom of=www/file bs=1M count=2 2>/dev/null
printf '#!/bin/sh\necho; sha256sum | cut -c1-64 >/tmp/received\n' >www/cgi-bin/put
chmod +x www/cgi-bin/put
httpd -p 127.0.0.1:8080 -h /tmp/www
disk=$(sha256sum <disk.img | cut -c1-64)
file=$(sha256sum <www/file | cut -c1-64)

timeout 300 redoubt run $mode --kernel "$kernel" --disk disk.img --run guest-io >guest.log 2>&1 </dev/null
status=$?
sed 's/^/  guest| /' guest.log
written=$(dd if=disk.img bs=1M skip=2 count=2 2>/dev/null | sha256sum | cut -c1-64)
has() { grep -q "$1" guest.log; }
check "QEMU ended normally" [ "$status" -eq 0 ]
check "stock kernel $kernel reached its user space with 2 CPUs" has "REDOUBT-GUEST-READY linux=$kernel.*cpus=2"
if [ -n "$mode" ]; then
    check "the guest found the realm services" has "realm=yes"
    check "KServ has every page again" pages_back
fi
check "disk read by the guest" has "disk-read $disk"
check "disk written by the guest" has "disk-written $written"
check "network, host to guest" has "net-read $file"
check "network, guest to host" has "net-sent $(cat received 2>/dev/null || echo nothing)"
results
