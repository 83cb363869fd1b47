#!/bin/busybox sh
# shellcheck shell=dash
# Runs in the emulated host: VMs by the small VMM, created, run and destroyed many times. With KCore the
# counters of page states must be what they were: no page may be lost. Argument: kcore or plain.
kind=$1
if [ "$kind" = kcore ]; then
    insmod /lib/kattack.ko || exit 1
    mknod /dev/kattack c 10 "$(grep kattack /proc/misc | cut -d' ' -f1)" 2>/dev/null
fi
counters() { if [ "$kind" = kcore ]; then attack stat; else echo none; fi; }

# cycles TEXT OPTIONS...: the VMs, then the counters.
cycles() {
    text=$1 before=$(counters) n=$((n + 1))
    shift
    if ! out=$(vmm "$@" /usr/lib/guest.bin 2>&1) || echo "$out" | grep -q exception; then
        echo "FAILED: $text: $(echo "$out" | tail -n 1)"
        return
    fi
    after=$(counters)
    # What belongs to a dead VM may come back a moment later.
    for _ in 1 2 3 4 5; do
        [ "$before" != "$after" ] || break
        sleep 0.2
        after=$(counters)
    done
    if [ "$before" = "$after" ]; then
        echo "ok: $text: $(echo "$out" | tail -n 1)"
    else
        echo "FAILED: $text: before $before, after $after"
    fi
}

n=0
# The first VM lets KVM set up what it keeps.
vmm -m 2 /usr/lib/guest.bin >/dev/null 2>&1
cycles "200 normal VMs in a row lose no page" -m 2 -1 64 -n 200
cycles "20 normal VMs of 2 vCPUs" -m 4 -c 2 -0 2 -1 16 -n 20
if [ "$kind" = kcore ]; then
    vmm -p -m 2 /usr/lib/guest.bin >/dev/null 2>&1
    cycles "200 protected VMs in a row lose no page" -p -m 2 -1 64 -n 200
    cycles "20 protected VMs of 2 vCPUs" -p -m 4 -c 2 -0 1 -1 16 -n 20
    cycles "20 protected VMs of 32 MiB, all touched" -p -m 32 -1 1e00 -n 20
fi
echo "vmm.sh: $n cycles"
sleep 0.5 # what the console has not sent yet is lost when this session ends
