#!/bin/sh
# Debian's stock kernel under Debian's QEMU, as many protected VMs at once as asked for; all must be up before the
# first is ended. Arguments: VMs, memory of each, kernel.
many=${1:-4} mem=${2:-160M} kernel=${3:-7.3}
cd /tmp || exit 1
. /tests/lib.inc
stat_of() { sed -n "s/^$1 //p" /sys/kernel/debug/kcore; }
counts() { grep -v refused /sys/kernel/debug/kcore; }
seconds() { cut -d. -f1 /proc/uptime; }
up() { grep -l 'realm=yes' /run/redoubt/vm*/console 2>/dev/null | wc -l; }
# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
    left=$(($1 * 2)) && shift
    until "$@"; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep 0.5
    done
}
at_least() { [ "$(up)" -ge "$1" ]; }
all_gone() { [ "$(stat_of vms)" = 0 ] && [ "$(stat_of pages_vm)" = 0 ] && [ "$(stat_of pages_lent)" = 0 ]; }
start() {
    i=0
    while [ $i -lt "$many" ]; do
        redoubt run --protected --detach --name "vm$i" --kernel "$kernel" --smp 1 --mem "$mem" --run hold >/dev/null || return 1
        i=$((i + 1))
        # Two at a time: more would only wait for each other.
        wait_for 300 at_least $((i - 2)) || return 1
    done
}
# The runner outside reads KServ's stage 2 from the machine's memory now.
snapshot() {
    echo "SNAPSHOT $1 host=$(stat_of pages_host) pinned=$(stat_of pages_pinned) lent=$(stat_of pages_lent)" \
        "vm=$(stat_of pages_vm) vmcore=$(stat_of pages_vmcore) core=$(stat_of pages_core) vms=$(stat_of vms)"
    sleep 3
    echo "SNAPSHOT-END $1"
}

before=$(counts)
snapshot before
t=$(seconds)
check "$many protected VMs of $mem started" start
check "every stock guest reached its user space and found the realm services" wait_for 600 at_least "$many"
echo "  status| $(($(seconds) - t)) s since the first was started"
check "KCore counts $many VMs" [ "$(stat_of vms)" -eq "$many" ]
redoubt status | sed 's/^/  status| /'
grep -E 'MemTotal|MemFree|MemAvailable' /proc/meminfo | sed 's/^/  status| /'
for dir in /run/redoubt/vm*; do redoubt stop "$(basename "$dir")"; done
check "KServ has every page again" wait_for 120 all_gone
after=$(counts)
check "KCore's counters are what they were" [ "$before" = "$after" ]
snapshot after
results
