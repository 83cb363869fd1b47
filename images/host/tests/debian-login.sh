#!/bin/sh
# A normal guest with Debian's kernel and user space boots from its disk to a login, and root logs in.
# Arguments: kernel (7.3 or 6.12), then options for 'redoubt run'.
kernel=${1:-7.3}
[ $# -eq 0 ] || shift
cd /tmp || exit 1
. /tests/lib.inc
[ -f /guest/debian/disk.img ] || {
    echo "this image has no /guest/debian/disk.img: boot with --part debian"
    exit 2
}

# wait_for TEXT SECONDS: until the guest's console has shown it.
wait_for() {
    left=$2
    until grep -q "$1" console.log; do
        left=$((left - 1))
        [ "$left" -gt 0 ] && kill -0 "$vm" 2>/dev/null || return 1
        sleep 1
    done
}

mkfifo keys
: >console.log
timeout 400 redoubt run --kernel "$kernel" --root --mem 512M "$@" <keys >console.log 2>&1 &
vm=$!
exec 3>keys
check "login prompt" wait_for 'login:' 300
echo root >&3
check "root's shell" wait_for '# *$' 60
# The command as typed must not match what its output is searched for.
echo 'echo "os=$(. /etc/os-release; echo $ID-$VERSION_ID)" cpus=$(nproc) kernel=$(uname -r)' >&3
check "Debian 13, 2 CPUs, kernel $kernel" wait_for "os=debian-13 cpus=2 kernel=$kernel" 30
echo 'systemctl poweroff' >&3
exec 3>&-
wait "$vm"
check "power off" [ $? -eq 0 ]
tr -d '\r' <console.log | tail -n 25 | sed 's/^/  guest| /'
results
