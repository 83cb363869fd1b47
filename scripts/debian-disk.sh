#!/bin/bash
# Builds build/images/debian.cpio: /guest/debian/disk.img, a disk with a small Debian system for a guest, and the
# programs ssh and ssh-keygen for the host.
# The packages are unpacked, not configured (their maintainer scripts are arm64 programs); the few files
# those scripts would make are written here.
. "$(dirname "$0")/lib.sh"

OUT=$BUILD/images
SOURCE=$CACHE/arm64/debian
SIZE_MB=160

key=$(cat "$SOURCE/packages" "$ROOT/scripts/debian-disk.sh" | sha256sum)
[ "$(cat "$OUT/.debian" 2>/dev/null)" != "$key" ] || exit 0
mkdir -p "$OUT"
root=$OUT/debian.root
rm -rf "$root"
cp -a "$SOURCE/root" "$root"
rm -rf "$root"/usr/share/{doc,man,locale,info,lintian,bash-completion,zsh,i18n,bug} "$root"/usr/lib/udev/hwdb.d \
    "$root"/usr/lib/aarch64-linux-gnu/gconv

mkdir -p "$root"/{dev,proc,sys,run,tmp,root,mnt,etc/systemd/system,var/log,var/lib,var/tmp,var/cache,var/spool}
chmod 1777 "$root/tmp" "$root/var/tmp"
ln -sfn ../run "$root/var/run"
ln -sfn ../run/lock "$root/var/lock"
cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
ln -sfn mawk "$root/usr/bin/awk"
mkdir -p "$root"/var/lib/dpkg/{info,updates}
cp "$SOURCE/status" "$root/var/lib/dpkg/status"
# sshd: root by key only; its own keys are made at its first start.
echo 'sshd:*:990:65534::/run/sshd:/usr/sbin/nologin' >>"$root/etc/passwd"
mkdir -p "$root/etc/ssh" "$root/etc/systemd/system/ssh.service.d" "$root/etc/systemd/system/multi-user.target.wants"
cp "$root/usr/share/openssh/sshd_config" "$root/etc/ssh/sshd_config"
printf '[Service]\nExecStartPre=\nExecStartPre=/usr/bin/ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key\n' \
    >"$root/etc/systemd/system/ssh.service.d/key.conf"
ln -sfn /usr/lib/systemd/system/ssh.service "$root/etc/systemd/system/multi-user.target.wants/ssh.service"
# root logs in on the console without a password.
sed 's/^\([^:]*\):.*/\1:*:20000:0:99999:7:::/; s/^root:\*/root:/' "$root/etc/passwd" >"$root/etc/shadow"
sed -i 's/^\([^:]*\):\*:/\1:x:/' "$root/etc/passwd"
chmod 640 "$root/etc/shadow"
cp "$root/usr/share/libc-bin/nsswitch.conf" "$root/etc/nsswitch.conf"
echo 'auth required pam_unix.so nullok' >"$root/etc/pam.d/common-auth"
echo 'account required pam_unix.so' >"$root/etc/pam.d/common-account"
echo 'password required pam_unix.so' >"$root/etc/pam.d/common-password"
echo 'session required pam_unix.so' >"$root/etc/pam.d/common-session"
cp "$root/etc/pam.d/common-session" "$root/etc/pam.d/common-session-noninteractive"
echo guest >"$root/etc/hostname"
echo 00000000000000000000000000000001 >"$root/etc/machine-id"
echo '/dev/vda / ext4 defaults 0 0' >"$root/etc/fstab"
mkdir -p "$root/etc/systemd/network"
ln -sfn /usr/lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
cat >"$root/etc/systemd/system/user-net.service" <<'UNIT'
# QEMU's user-mode network has fixed addresses.
[Unit]
Description=Network of QEMU's user mode
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'ip link set lo up; ip link set eth0 up && ip addr replace 10.0.2.15/24 dev eth0 && ip route replace default via 10.0.2.2'
UNIT
ln -sfn ../user-net.service "$root/etc/systemd/system/multi-user.target.wants/user-net.service"
# Emulated on a busy machine, a start may take minutes.
mkdir -p "$root/etc/systemd/system.conf.d"
printf '[Manager]\nDefaultTimeoutStartSec=1200s\nDefaultDeviceTimeoutSec=1200s\n' >"$root/etc/systemd/system.conf.d/slow.conf"
# Interfaces keep the names that the initramfs saw.
ln -sfn /dev/null "$root/etc/systemd/network/99-default.link"

# Nothing has been updated since the last boot, so the services that rebuild caches stay away.
touch "$root/etc/.updated" "$root/var/.updated"

dir=$OUT/debian.dir
rm -rf "$dir"
mkdir -p "$dir/guest/debian"
truncate -s "${SIZE_MB}M" "$dir/guest/debian/disk.img"
logged debian-disk "read the log; 'rm -r $SOURCE' makes 'make fetch' start anew" \
    mke2fs -q -F -t ext4 -O ^has_journal -E no_copy_xattrs -d "$root" "$dir/guest/debian/disk.img"
# The host's own programs: their libraries are the same packages as those of its QEMU.
mkdir -p "$dir/usr/bin"
for program in ssh ssh-keygen; do
    cp "$SOURCE/root/usr/bin/$program" "$dir/usr/bin/"
    while read -r path; do
        mkdir -p "$dir/$(dirname "$path")"
        cp -L "$SOURCE/root/$path" "$dir/$path"
    done < <("$ROOT/scripts/elf-closure.py" "$SOURCE/root" "usr/bin/$program")
done
(cd "$dir" && find . -mindepth 1 | sort | cpio -o -H newc --owner=0:0 --quiet) >"$OUT/debian.cpio.tmp"
mv "$OUT/debian.cpio.tmp" "$OUT/debian.cpio"
rm -rf "$root" "$dir"
echo "$key" >"$OUT/.debian"
say "build/images/debian.cpio, $(($(stat -c %s "$OUT/debian.cpio") >> 20)) MB"
