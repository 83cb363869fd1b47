#!/bin/busybox sh
# shellcheck shell=dash
# Runs in the emulated host: the hostile module, then the attacks. Arguments: those of /usr/bin/attack;
# REBOOT as the last one: reset the machine afterwards instead of turning it off.
insmod /lib/kattack.ko || exit 1
mknod /dev/kattack c 10 "$(grep kattack /proc/misc | cut -d' ' -f1)" 2>/dev/null
reboot=no
for word in "$@"; do
    shift
    if [ "$word" = REBOOT ]; then reboot=yes; else set -- "$@" "$word"; fi
done
/usr/bin/attack "$@"
status=$?
[ $reboot = no ] || { stty opost; reboot -f; }
exit $status
