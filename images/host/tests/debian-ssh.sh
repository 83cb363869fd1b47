#!/bin/sh
# A guest with Debian's user space on its disk: login on the console, its packages, then ssh over virtio-net from
# this host (loopback only), in both directions, compared by checksum. Arguments: kernel, then options for
# 'redoubt run'.
kernel=${1:-7.3}
[ $# -eq 0 ] || shift
cd /tmp || exit 1
. /tests/lib.inc
[ -f /guest/debian/disk.img ] || {
    echo "this image has no /guest/debian/disk.img: boot with --part debian"
    exit 2
}
stat_of() { sed -n "s/^$1 //p" /sys/kernel/debug/kcore 2>/dev/null; }
pages_back() { [ "$(stat_of pages_vm)" = 0 ] && [ "$(stat_of pages_vmcore)" = 0 ] && [ "$(stat_of pages_lent)" = 0 ]; }

# wait_for TEXT SECONDS: until the guest's console has shown it.
wait_for() {
    left=$2
    until grep -q "$1" console.log; do
        left=$((left - 1))
        [ "$left" -gt 0 ] && kill -0 "$vm" 2>/dev/null || return 1
        sleep 1
    done
}
# guest COMMAND...: over ssh
guest() {
    timeout 240 ssh -q -p 2222 -i key -o StrictHostKeyChecking=yes -o UserKnownHostsFile=known -o BatchMode=yes \
        root@127.0.0.1 "$@"
}
says() { # says TEXT COMMAND...
    words=$1 && shift
    "$@" >said 2>&1 </dev/null && grep -q "$words" said
}

mkfifo keys
: >console.log
ssh-keygen -q -t ed25519 -N '' -f key
timeout 1500 redoubt run --kernel "$kernel" --root --mem 512M --forward 2222:22 "$@" <keys >console.log 2>&1 &
vm=$!
exec 3>keys
began=$(cut -d. -f1 /proc/uptime)
check "login prompt" wait_for 'login:' 1000
echo root >&3
check "root's shell on the console" wait_for '# *$' 120
echo "mkdir -p .ssh && echo $(cat key.pub) >.ssh/authorized_keys && echo keyed=\$((41 + 1))" >&3
check "root's key is on its disk" wait_for 'keyed=42' 60
# The host's key comes over the console, so that ssh must meet this guest and nobody else.
echo 'until systemctl is-active -q ssh; do sleep 1; done; echo "host""key $(cut -d" " -f1,2 /etc/ssh/ssh_host_ed25519_key.pub)"' >&3
check "sshd runs" wait_for '^hostkey ssh-ed25519' 300
echo "[127.0.0.1]:2222 $(tr -d '\r' <console.log | sed -n 's/^hostkey //p' | tail -n 1)" >known
check "ssh: the guest's kernel is stock $kernel" says "$kernel.*-cloud-arm64" guest uname -r
check "ssh: Debian 13 with its packages" says 'openssh-server.1:' guest "grep -q VERSION_ID=.13 /etc/os-release && dpkg-query -W openssh-server"
case " $* " in
*" --protected "*) check "ssh: the guest has the realm services" says 'Using RSI version' guest "journalctl -k | grep RSI || dmesg | grep RSI" ;;
esac
dd if=/dev/urandom of=file bs=1M count=2 2>/dev/null
sum=$(sha256sum <file | cut -c1-64)
check "2 MiB to the guest" [ "$(guest 'tee /root/file | sha256sum' <file | cut -c1-64)" = "$sum" ]
check "2 MiB from the guest's disk" [ "$(guest 'cat /root/file' </dev/null | sha256sum | cut -c1-64)" = "$sum" ]
guest systemctl poweroff </dev/null
exec 3>&-
wait "$vm"
# What is printed here is no check: how long all of it took.
status=$?
echo "  $(($(cut -d. -f1 /proc/uptime) - began)) s from start to power off"
check "power off" [ $status -eq 0 ]
case " $* " in
*" --protected "*) check "KServ has every page again" pages_back ;;
esac
# shellcheck disable=SC2154
[ "$failed" -eq 0 ] || tr -d '\r' <console.log | tail -n 40 | sed 's/^/  guest| /'
results
