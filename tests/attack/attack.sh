#!/bin/busybox sh
# Runs in the emulated host: the hostile module, then the attacks. Arguments: those of /usr/bin/attack.
insmod /lib/kattack.ko || exit 1
mknod /dev/kattack c 10 "$(grep kattack /proc/misc | cut -d' ' -f1)" 2>/dev/null
exec /usr/bin/attack "$@"
