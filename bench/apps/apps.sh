#!/bin/busybox sh
# shellcheck shell=dash
# Runs in the guest: each application once to warm up, then BATCHES times between two readings of the counter.
# Servers and clients talk over the guest's loopback. Prints 'APP name batch ticks'. Arguments: number of batches; one
# application alone.
batches=${1:-2} only=${2:-hackbench compile redis nginx memcached}
mkdir -p /var/log/nginx /var/lib/nginx /run /dev/shm
echo 'nobody:x:65534:65534:nobody:/:/bin/sh' >>/etc/passwd
echo 'nogroup:x:65534:' >>/etc/group
cd /apps || exit 1

hackbench_() { hackbench -g 1 -l 30; }
compile_() {
    /usr/libexec/gcc/aarch64-linux-gnu/14/cc1 -fpreprocessed -quiet -O2 -std=gnu11 -ffreestanding -fno-strict-aliasing -w \
        object.i -o /tmp/object.s && aarch64-linux-gnu-as /tmp/object.s -o /tmp/object.o
}
redis_() { redis-benchmark -q -n 600 -c 10 -t set,get; }
nginx_() { ab -q -n 150 -c 8 http://127.0.0.1:8081/page.html | grep -E 'Complete requests: +150' && ! ab -q -n 1 http://127.0.0.1:8081/page.html | grep 'Non-2xx'; }
memcached_() { memcslap -s 127.0.0.1:11211 --concurrency=4 --execute-number=100 --test=set; }

redis-server --save '' --appendonly no --bind 127.0.0.1 --daemonize yes >/tmp/redis.log 2>&1
memcached -u root -l 127.0.0.1 -p 11211 -t 2 -m 32 -d
nginx -c /apps/nginx.conf
# Idle time costs no instructions.
sleep 1
for app in $(echo "$only" | tr + ' '); do
    if ! "${app}_" >/tmp/out 2>&1; then
        echo "APP $app failed: $(tail -n 3 /tmp/out | tr '\n' ' ')"
        continue
    fi
    n=0
    while [ "$n" -lt "$batches" ]; do
        begin=$(ticks begin)
        "${app}_" >/tmp/out 2>&1
        end=$(ticks end)
        echo "APP $app $n $((end - begin))"
        n=$((n + 1))
    done
done
echo "APP end"
