#!/bin/bash
# Builds build/bench-apps/{apps.cpio,overlay}: Debian's arm64 programs with the libraries they need, for a guest's initramfs.
. "$(dirname "$0")/../../scripts/lib.sh"

OUT=$BUILD/bench-apps
SOURCE=$CACHE/arm64/apps/root
PROGRAMS="usr/bin/hackbench usr/bin/redis-server usr/bin/redis-benchmark usr/bin/memcached usr/bin/memcslap usr/bin/ab
    usr/sbin/nginx usr/libexec/gcc/aarch64-linux-gnu/14/cc1 usr/bin/aarch64-linux-gnu-as"

"$ROOT/scripts/fetch.sh" apps
tree=$OUT/tree
rm -rf "$tree"
mkdir -p "$tree"/{apps,tests,usr/bin,usr/lib/nginx}
ln -s usr/lib "$tree/lib64"
copy() { mkdir -p "$tree/$(dirname "$1")" && cp -L "$SOURCE/$1" "$tree/$1"; }
for program in $PROGRAMS; do
    copy "$program"
    while read -r path; do copy "$path"; done < <("$ROOT/scripts/elf-closure.py" "$SOURCE" "$program")
done
# The guest's /lib is a folder of its own: the loader's name goes there.
mkdir -p "$tree/lib"
ln -s ../usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1 "$tree/lib/ld-linux-aarch64.so.1"
rm -f "$tree/lib64"
ln -s ../sbin/nginx "$tree/usr/bin/nginx"
aarch64-linux-gnu-gcc -static -O2 -Wall -Wextra -Werror -o "$tree/usr/bin/ticks" "$ROOT/bench/apps/ticks.c"
aarch64-linux-gnu-strip "$tree/usr/bin/ticks"
cp "$ROOT/bench/apps/apps.sh" "$tree/tests/apps.sh"
# A page of 4 KiB.
head -c 4096 /dev/zero | tr '\0' 'x' >"$tree/apps/page.html"
cat >"$tree/apps/nginx.conf" <<'CONF'
user root;
worker_processes 1;
pid /run/nginx.pid;
error_log /tmp/nginx-error.log;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path /tmp; proxy_temp_path /tmp; fastcgi_temp_path /tmp; uwsgi_temp_path /tmp; scgi_temp_path /tmp;
    server { listen 127.0.0.1:8081; root /apps; }
}
CONF
# The kernel object: one of the kernel's own files, preprocessed with the options that it is built with.
object=lib/sort
command=$(sed -n 's/^savedcmd_[^=]*:= //p' "$BUILD/kernel/$(dirname "$object")/.$(basename "$object").o.cmd" |
    sed -E 's/ -c -o [^ ]+//; s/-Wp,-MMD,[^ ]+//; s/;.*//')
(cd "$BUILD/kernel/." && cd "$(pwd -P)" && logged bench-apps-object "build the kernel first: make kernel" \
    sh -c "$command -E -P -o '$tree/apps/object.i'")
"$ROOT/scripts/images.sh" overlay "$OUT/apps.cpio" "$tree"
rm -rf "$tree" "$OUT/overlay"
mkdir -p "$OUT/overlay/tests"
mv "$OUT/apps.cpio" "$OUT/overlay/"
cp "$ROOT/bench/apps/host.sh" "$OUT/overlay/tests/bench-apps.sh"
say "$(stat -c %s "$OUT/overlay/apps.cpio") bytes of applications, $(elapsed)"
