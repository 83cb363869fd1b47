#!/bin/busybox sh
# shellcheck shell=dash
# Runs in the emulated host: VMs by the thousand, and many at once. Before and after each part KCore's counters of
# page states must be the same; at the lines SNAPSHOT the runner outside looks at KServ's stage 2.
# Arguments: cycles, handles, VMs at once, MiB each.
cycles=$1 handles=$2 many=$3 mib=$4
insmod /lib/kattack.ko || exit 1
mknod /dev/kattack c 10 "$(grep kattack /proc/misc | cut -d' ' -f1)" 2>/dev/null
n=0
verdict() { # verdict ok|FAILED TEXT
    n=$((n + 1))
    echo "$1: $2"
}
# What belongs to a dead VM may come back a moment later.
settled() {
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        after=$(attack stat)
        [ "$1" != "$after" ] || return 0
        sleep 0.3
    done
    return 1
}
free_kib() {
    sync
    echo 3 >/proc/sys/vm/drop_caches
    sleep 0.5
    echo 1 >/proc/sys/vm/compact_memory
    sed -n 's/^MemFree: *\([0-9]*\) kB/\1/p' /proc/meminfo
}
# part TEXT COMMAND...: its last line is the result; the counters must be what they were.
part() {
    text=$1 before=$(attack stat)
    shift
    if ! out=$("$@" 2>&1) || echo "$out" | grep -q exception; then
        verdict FAILED "$text: $(echo "$out" | tail -n 1)"
    elif ! settled "$before"; then
        verdict FAILED "$text: counters before: $before, after: $after"
    else
        verdict ok "$text: $(echo "$out" | tail -n 1)"
    fi
}
snapshot() {
    echo "SNAPSHOT $1 $(attack stat)"
    sleep 3
    echo "SNAPSHOT-END $1"
}
seconds() { cut -d. -f1 /proc/uptime; }
cycle() { vmm "$@" /usr/lib/guest.bin; }
timed_cycle() {
    t=$(seconds)
    out=$(cycle "$@") || { echo "$out"; return 1; }
    echo "$out, $(($(seconds) - t)) s"
}

# All alive at once: each has touched all of its memory, and all of them are still there when the last has.
at_once() {
    i=0 t=$(seconds) pids=''
    while [ $i -lt "$many" ]; do
        vmm -p -m "$mib" -s 900 -0 100 -1 "$(printf %x $(((mib - 1) * 256)))" /usr/lib/guest.bin >/tmp/vm.$i 2>&1 &
        pids="$pids $!"
        i=$((i + 1))
    done
    left=400
    until [ "$(grep -l ready /tmp/vm.* | wc -l)" -eq "$many" ]; do
        left=$((left - 1))
        [ $left -gt 0 ] || { echo "only $(grep -l ready /tmp/vm.* | wc -l) of $many are ready"; return 1; }
        sleep 0.5
    done
    now=$(attack stat) ready=$(($(seconds) - t))
    # Each reads its memory back.
    for pid in $pids; do kill -USR1 "$pid"; done
    for pid in $pids; do wait "$pid" || { echo "a VM has failed"; return 1; }; done
    [ "$(grep -l 'all well' /tmp/vm.* | wc -l)" -eq "$many" ] || { echo "not all are well: $(cat /tmp/vm.*)"; return 1; }
    [ "$(echo "$now" | sed 's/.*vms=//')" -eq "$many" ] || { echo "$now"; return 1; }
    echo "$many VMs of $mib MiB, all ready after $ready s, ended after $(($(seconds) - t)) s; $now"
}

# The first VMs let KVM set up what it keeps.
cycle -m 2 >/dev/null 2>&1
cycle -p -m 2 -1 64 -n 50 >/dev/null 2>&1
snapshot before
part "$cycles protected VMs created, run and destroyed" timed_cycle -p -m 2 -1 64 -n "$cycles"
# Free pages on the CPUs' lists do not count as free, so a few MiB are away at first; a leak goes on.
free=$(free_kib)
part "$cycles more" timed_cycle -p -m 2 -1 64 -n "$cycles"
lost=$((free - $(free_kib)))
if [ $lost -lt 2048 ]; then
    verdict ok "KServ keeps nothing of these: $lost KiB less are free"
else
    verdict FAILED "KServ keeps memory: $lost KiB less are free after $cycles VMs"
fi
part "$((cycles / 5)) protected VMs of 2 vCPUs" timed_cycle -p -m 4 -c 2 -0 1 -1 16 -n $((cycles / 5))
part "handles, one VM at a time" churn $((handles / 2)) 1
part "handles, all 255 alive" churn $((handles / 2)) 255
part "handles, all 255 alive with memory and a vCPU" churn $handles 255 full
part "$many protected VMs at once" at_once
snapshot after
echo "$n checks"
sleep 0.5 # what the console has not sent yet is lost when this session ends
