#!/bin/busybox sh
# shellcheck shell=dash
# Runs in the emulated host: every test of the bench, for each kind of VM in turn.
# Arguments: kinds (normal, protected: KCore's; pkvm: upstream's protected) joined by '+', batches, and by how much
# the number of operations is divided.
kinds=$1 batches=$2 less=$3 tests=${4:-}

# operations TEST: in one batch.
operations() {
    case $1 in
    hypercall | io-kernel) echo $((1000 / less)) ;;
    io-user | fault-4k) echo $((500 / less)) ;;
    ipi) echo $((300 / less)) ;;
    timer | interrupt) echo $((100 / less)) ;;
    fault-2m) echo $(((3 + less) / less)) ;;
    vm) echo 1 ;;
    esac
}

failed=0
for kind in $(echo "$kinds" | tr + ' '); do
    case $kind in
    normal) options='' ;;
    protected) options=-p ;;
    pkvm) options='-t 80000000' ;;
    esac
    # The first VM of each kind lets KVM set up what it keeps.
    # shellcheck disable=SC2086
    bench $options -n 1 -b 1 vm /usr/lib/guest.bin >/dev/null
    echo "KIND $kind"
    for t in $(echo "${tests:-hypercall+io-kernel+io-user+ipi+timer+interrupt+fault-4k+fault-2m+vm}" | tr + ' '); do
        # shellcheck disable=SC2086
        if ! bench $options -n "$(operations "$t")" -b "$batches" "$t" /usr/lib/guest.bin; then
            echo "FAILED $kind $t"
            failed=1
        fi
    done
done
echo "bench.sh: end"
exit $failed
