#!/bin/sh
# Debian's stock kernel under Debian's QEMU, virtio disk and network, data compared by checksum in both
# directions. Arguments: 7.3 or 6.12 (or pkvm: this host's own kernel, which speaks pKVM's ABI), then 'protected' for a protected VM or 'normal', memory, vCPUs, vhost: the
# network device is then served by this host's kernel (vhost-net) on a tap device, not by QEMU.
kernel=${1:-7.3} mode='' mem=${3:-512M} cpus=${4:-2} vhost=${5:-}
[ "${2:-normal}" = normal ] || mode=--$2
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
set --
if [ -n "$vhost" ]; then
    mkdir -p /dev/net
    [ -e /dev/net/tun ] || mknod /dev/net/tun c 10 200
    printf '#!/bin/sh\nip addr add 10.0.2.2/24 dev $1; ip link set $1 up; httpd -p 10.0.2.2:8080 -h /tmp/www\n' >tap.sh
    chmod +x tap.sh
    set -- --no-net -- -netdev tap,id=n1,ifname=tap0,script=/tmp/tap.sh,downscript=no,vhost=on \
        -device "virtio-net-pci,netdev=n1,romfile=${mode:+,disable-legacy=on,iommu_platform=on}"
fi
[ -n "$vhost" ] || httpd -p 127.0.0.1:8080 -h /tmp/www
disk=$(sha256sum <disk.img | cut -c1-64)
file=$(sha256sum <www/file | cut -c1-64)

timeout 800 redoubt run $mode --kernel "$kernel" --mem "$mem" --smp "$cpus" --disk disk.img --run guest-io "$@" >guest.log 2>&1 </dev/null &
qemu=$! worker=''
# A vhost worker is a thread of QEMU's.
while [ -n "$vhost" ] && [ -z "$worker" ] && kill -0 $qemu 2>/dev/null; do
    sleep 1
    worker=$(cat /proc/[0-9]*/task/*/comm 2>/dev/null | grep '^vhost-')
done
wait $qemu
status=$?
sed 's/^/  guest| /' guest.log
written=$(dd if=disk.img bs=1M skip=2 count=2 2>/dev/null | sha256sum | cut -c1-64)
has() { grep -q "$1" guest.log; }
check "QEMU ended normally" [ "$status" -eq 0 ]
release=$kernel
[ "$kernel" != pkvm ] || release=$(uname -r)
check "kernel $release reached its user space with $cpus CPUs" has "REDOUBT-GUEST-READY linux=$release.*cpus=$cpus"
case $mem in
*G) check "memory of $mem, above 4 GiB" has '^ram-top [0-9a-f]\{9\}' ;;
esac
if [ -n "$mode" ]; then
    if [ "$kernel" = pkvm ]; then
        check "the guest found pKVM's services and no realm's" has "pkvm=yes realm=no"
        check "the guest's MMIO guard holds" has "unguarded=refused"
    else
        check "the guest found the realm services" has "pkvm=no realm=yes"
    fi
    check "KServ has every page again" pages_back
fi
[ -z "$vhost" ] || check "the network device was this kernel's (vhost-net)" [ -n "$worker" ]
check "disk read by the guest" has "disk-read $disk"
check "disk written by the guest" has "disk-written $written"
check "network, host to guest" has "net-read $file"
check "network, guest to host" has "net-sent $(cat received 2>/dev/null || echo nothing)"
results
