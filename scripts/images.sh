#!/bin/bash
# Builds the initramfs images: build/images/host.cpio for the emulated host, with guests inside.
#
# An image is a row of uncompressed cpio archives, which the kernel unpacks one after the other
# (decompression is slow under emulation): base system, one per guest kernel, then what is ours:
# images/host and, over it, build/hostfs. Guests have the same: images/guest, then build/guestfs.
#   images.sh                       everything
#   images.sh overlay OUT DIR...    only pack the folders DIR, one over the other, as an archive OUT
. "$(dirname "$0")/lib.sh"

OUT=$BUILD/images
ARM=$CACHE/arm64
GUEST_MODULES="virtio_blk virtio_net virtio-rng tsm_report arm-cca-guest"

# pack DIR OUT: a cpio archive of a folder, the same bytes for the same content.
pack() {
    find "$1" -exec touch -h -d @0 {} +
    (cd "$1" && find . -mindepth 1 -print0 | sort -z |
        cpio -o -0 -H newc --owner=0:0 --reproducible --quiet) >"$2.tmp"
    mv "$2.tmp" "$2"
}

# pack_over OUT DIR...: later folders win.
pack_over() {
    local out=$1 tmp dir
    shift
    tmp=$(mktemp -d "$CACHE/pack.XXXXXX")
    chmod 755 "$tmp"
    for dir in "$@"; do
        [ ! -d "$dir" ] || cp -a "$dir/." "$tmp/"
    done
    pack "$tmp" "$out"
    rm -rf "$tmp"
}

# base ROLE DIR: what host and guest have in common.
base() {
    mkdir -p "$2/bin" "$2/usr/bin" "$2/usr/lib" "$2/etc" "$2/root" "$2/dev" "$2/proc" "$2/sys" "$2/tmp" "$2/lib"
    cp "$ARM/qemu/root/usr/bin/busybox" "$2/bin/busybox"
    cp "$ROOT/images/init" "$2/init"
    echo "$1" >"$2/etc/role"
    printf 'root:x:0:0:root:/root:/bin/sh\n' >"$2/etc/passwd"
    printf 'root:x:0:\n' >"$2/etc/group"
}

host_base() {
    local dir=$OUT/host-base path qemu=$ARM/qemu/root
    rm -rf "$dir"
    base host "$dir"
    rmdir "$dir/lib"
    ln -s usr/lib "$dir/lib"
    cp "$qemu/usr/bin/qemu-system-aarch64" "$dir/usr/bin/"
    while read -r path; do
        mkdir -p "$dir/$(dirname "$path")"
        cp -L "$qemu/$path" "$dir/$path"
    done < <("$ROOT/scripts/elf-closure.py" "$qemu" usr/bin/qemu-system-aarch64)
    [ -e "$dir/usr/lib/ld-linux-aarch64.so.1" ] ||
        ln -s aarch64-linux-gnu/ld-linux-aarch64.so.1 "$dir/usr/lib/ld-linux-aarch64.so.1"
    pack "$dir" "$OUT/host-base.cpio"
    rm -rf "$dir"
}

# guest_modules NAME DIR: the modules a guest needs, uncompressed, and the order to load them in.
guest_modules() {
    local release path file tree=$OUT/modules-$1
    release=$(cut -d' ' -f1 "$ARM/$1/release")
    rm -rf "$tree"
    mkdir -p "$tree/lib/modules" "$2/lib/modules"
    cp -rs "$ARM/$1/modules/" "$tree/lib/modules/$release"
    logged "images-depmod-$1" "remove $ARM/$1 and repeat 'make fetch'" depmod -b "$tree" "$release"
    for path in $GUEST_MODULES; do
        modprobe -d "$tree" -S "$release" --show-depends "$path" 2>/dev/null || true
    done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$tree/order"
    while read -r path; do
        file=$(basename "$path")
        case $file in
        *.xz) xz -dc "$path" >"$2/lib/modules/${file%.xz}" ;;
        *) cp -L "$path" "$2/lib/modules/$file" ;;
        esac
        echo "${file%.xz}"
    done <"$tree/order" >"$2/lib/modules/load-order"
    rm -rf "$tree"
    grep -q virtio_blk "$2/lib/modules/load-order" || fail "the modules of $1 lack virtio_blk" "" \
        "remove $ARM/$1 and repeat 'make fetch'"
}

# guest NAME VERSION: an archive with /guest/VERSION/{Image,initrd.cpio} for the host image.
guest() {
    local dir=$OUT/$1.dir key
    # shellcheck disable=SC2046
    key=$( { cat "$ARM/$1/release" "$ARM/qemu/packages" "$ROOT/images/init" "$ROOT/scripts/images.sh"
        find "$ROOT/images/guest" $([ ! -d "$BUILD/guestfs" ] || echo "$BUILD/guestfs") -type f -print0 | sort -z |
            xargs -0r sha256sum; } | sha256sum)
    [ "$(cat "$OUT/.$1" 2>/dev/null)" != "$key" ] || [ ! -f "$OUT/$1.cpio" ] || return 0
    rm -rf "$dir" "$dir.root"
    mkdir -p "$dir/guest/$2"
    base guest "$dir.root"
    guest_modules "$1" "$dir.root"
    cp -a "$ROOT/images/guest/." "$dir.root/"
    [ ! -d "$BUILD/guestfs" ] || cp -a "$BUILD/guestfs/." "$dir.root/"
    pack "$dir.root" "$dir/guest/$2/initrd.cpio"
    cp "$ARM/$1/vmlinuz" "$dir/guest/$2/Image"
    # What 'redoubt run --protected' would look for in it: the search is slow under emulation.
    "$ROOT/images/host/usr/bin/redoubt" facts "$dir/guest/$2/Image" >"$dir.facts"
    mv "$dir.facts" "$dir/guest/$2/Image.facts"
    pack "$dir" "$OUT/$1.cpio"
    cp "$dir/guest/$2/initrd.cpio" "$OUT/guest-$2-initrd.cpio"
    rm -rf "$dir" "$dir.root"
    echo "$key" >"$OUT/.$1"
}

if [ "${1:-}" = overlay ]; then
    [ $# -ge 3 ] || fail "usage: images.sh overlay OUT DIR..." "" "give an output file and a folder"
    pack_over "${@:2}"
    exit 0
fi

STEPS=5
mkdir -p "$OUT"
# Two builds in one checkout would write the same files.
exec {images_lock}>"$OUT/.lock"
flock "$images_lock"
step "base of the host image"
key=$(cat "$ARM/qemu/packages" "$ROOT/images/init" "$ROOT/scripts/images.sh" | sha256sum)
if [ "$(cat "$OUT/.host-base" 2>/dev/null)" != "$key" ]; then
    host_base
    echo "$key" >"$OUT/.host-base"
fi
step "guest with Debian's 7.3"
guest linux-7.3 7.3
step "guests with Debian's 6.12 and others"
guest linux-6.12 6.12
# Not in every host image: 'qemu-host.sh --part linux-7.2'. The archive drops old ones some day.
for series in 6.18 7.2; do
    [ ! -d "$ARM/linux-$series" ] || guest "linux-$series" "$series"
done
step "disk with a Debian system, for a guest"
"$ROOT/scripts/debian-disk.sh"
step "host image"
pack_over "$OUT/host-overlay.cpio" "$ROOT/images/host" "$BUILD/hostfs"
cat "$OUT/host-base.cpio" "$OUT/linux-7.3.cpio" "$OUT/linux-6.12.cpio" "$OUT/host-overlay.cpio" >"$OUT/host.cpio.tmp"
mv "$OUT/host.cpio.tmp" "$OUT/host.cpio"
say "build/images/host.cpio, $(($(stat -c %s "$OUT/host.cpio") >> 20)) MB, $(elapsed)"
