#!/bin/busybox sh
# shellcheck shell=dash
# Runs in the emulated host: each line of /tests/plan is one KVM selftest (number, seconds, program, arguments).
# A line KSELFTEST-BEGIN before each and KSELFTEST-END with its status and time after it: the runner outside reads
# them, and knows by a missing end that the host died. What the test says is printed between them.
# Status: the test's own (0 passed, 4 skipped); 124 cut off at its limit; 128 + signal.
sysctl -q -w kernel.panic_on_oops=1 2>/dev/null
# Huge pages for the tests that want them, while memory is whole: 1 GiB and a little.
echo 576 >/proc/sys/vm/nr_hugepages
clock() { cut -d' ' -f1 /proc/uptime; }
while read -r number limit program args; do
    dmesg -c >/dev/null
    echo "KSELFTEST-BEGIN $number $program"
    began=$(clock)
    # shellcheck disable=SC2086
    timeout -s KILL "$limit" "/kselftest/$program" $args >/tmp/output 2>&1 </dev/null
    status=$?
    end=$(clock)
    # Enough to see why; some tests print thousands of lines.
    if [ "$(wc -l </tmp/output)" -gt 60 ]; then
        head -n 10 /tmp/output
        echo "..."
        tail -n 50 /tmp/output
    else
        cat /tmp/output
    fi | cut -c1-200
    dmesg | grep -E 'WARNING:|BUG:|Oops|Internal error' | head -n 5 | sed 's/^/kernel: /'
    echo
    echo "KSELFTEST-END $number $program status=$status began=$began end=$end"
done </tests/plan
sleep 0.5 # what the console has not sent yet is lost when this session ends
