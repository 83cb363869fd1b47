#!/bin/sh
# Moves data through the virtio disk and network and prints checksums; the host compares them.
dmesg | grep -q "Using RSI version" && echo "realm=yes"
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
