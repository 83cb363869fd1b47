#!/bin/sh
# Moves data through the virtio disk and network and prints checksums; the host compares them.
yes_or_no() { if "$@" >/dev/null 2>&1; then echo yes; else echo no; fi; }
logged() { dmesg | grep "$1"; }
# What a guest of pKVM's ABI may share, it asks page by page: no realm is mentioned then.
realm=$(yes_or_no logged "Using RSI version")
pkvm=no
[ "$realm" = yes ] || pkvm=$(yes_or_no logged "hypervisor services detected .*0x0000009d)")
echo "pkvm=$pkvm realm=$realm"
# A hole in QEMU's map of devices, which no driver has mapped: the bus says no, and the process dies of it.
[ "$pkvm" = no ] || if devmem 0x0c000000 >/dev/null 2>&1; then echo unguarded=read; else echo unguarded=refused; fi
echo "ram-top $(sed -n 's/^ *[0-9a-f]*-\([0-9a-f]*\) : System RAM.*/\1/p' /proc/iomem | tail -n 1)"
sum() { sha256sum | cut -c1-64; }
echo "disk-read $(sum </dev/vda)"
dd if=/dev/urandom of=/tmp/block bs=1M count=2 2>/dev/null
dd if=/tmp/block of=/dev/vda bs=1M seek=2 conv=fsync 2>/dev/null
echo "disk-written $(sum </tmp/block)"
wget -q -O /tmp/file http://10.0.2.2:8080/file
echo "net-read $(sum </tmp/file)"
dd if=/dev/urandom of=/tmp/post bs=1k count=100 2>/dev/null
# base64: busybox's wget sends a body as text.
base64 /tmp/post | tr -d '\n' >/tmp/post.b64
wget -q -O /dev/null --post-file=/tmp/post.b64 http://10.0.2.2:8080/cgi-bin/put
echo "net-sent $(sum </tmp/post.b64)"
