#!/bin/bash
# Fetches Debian's packages that are not for this system: the kernel source, and arm64 binaries for the
# emulated host and its guests. All of it stays in the cache, unpacked there, never installed.
#
#   fetch.sh            everything
#   fetch.sh source     the kernel source only
#   fetch.sh apps       what bench/apps runs in a guest
#
# KERNEL_TARBALL=<linux-source .deb or .tar.xz>: used when the archive no longer has the pinned version.
. "$(dirname "$0")/lib.sh"
. "$ROOT/scripts/apt.sh"

WHAT=${1:-all}
PINNED=$(cat "$ROOT/kserv/kernel-version")
SOURCE_PACKAGE=linux-source-${PINNED%.*}
RETRY="check the network, then repeat; 'rm -r $CACHE/apt' makes it start from nothing"

# refresh CONF NAME: package lists, at most once in six hours. Without a network the lists of the last
# time serve, so that a machine with a full cache works off line.
refresh() {
    local stamp=${1%/apt.conf}/refreshed
    [ -n "$(find "$stamp" -mmin -360 2>/dev/null)" ] && return 0
    if (logged "fetch-update-$2" "$RETRY" apt-get -c "$1" update); then
        touch "$stamp"
    elif [ -e "$stamp" ]; then
        say "the package lists could not be refreshed; going on with those of $(date -r "$stamp" +%F)"
    else
        return 1
    fi
}

# unpack_source FILE VERSION: puts the tar file of a .deb, or a tar file, in its place in the cache.
unpack_source() {
    local file=$1 version=$2 out=$CACHE/kernel-source tmp
    tmp=$(mktemp -d "$CACHE/unpack.XXXXXX")
    case $file in
    *.deb) logged fetch-source-unpack "$RETRY" dpkg -x "$file" "$tmp" ;;
    *) mkdir -p "$tmp/usr/src" && cp "$file" "$tmp/usr/src/" ;;
    esac
    mkdir -p "$out"
    mv "$(find "$tmp/usr/src" -name 'linux*.tar.xz' | head -n 1)" "$out/linux.tar.xz" ||
        fail "no linux*.tar.xz in $file" "" "give KERNEL_TARBALL a linux-source package"
    rm -rf "$tmp"
    echo "$version" >"$out/version"
}

# tarball_version FILE: the version in its name, 7.3.4-1~bpo13+1 for linux-source-7.3_7.3.4-1~bpo13+1_all.deb.
tarball_version() { basename "$1" | sed -E 's/^[^_]*_([^_]*)_.*/\1/; s/^linux-([0-9.]*[0-9]).*/\1/'; }

fetch_source() {
    local out=$CACHE/kernel-source candidate="" dir=$CACHE/debs/source
    if [ -s "$out/version" ] && [ -s "$out/linux.tar.xz" ] && [[ $(cat "$out/version") == "$PINNED"[-.]* ]]; then
        say "kernel source $(cat "$out/version") is in the cache"
        return
    fi
    apt_private_setup trixie "trixie trixie-backports" arm64 private
    if refresh "$APT_CONF" trixie-arm64; then
        candidate=$(apt-cache -c "$APT_CONF" madison "$SOURCE_PACKAGE" | awk -F ' *[|] *' -v v="$PINNED" \
            'index($2, v "-") == 1 { print $2; exit }')
    fi
    if [ -n "$candidate" ]; then
        mkdir -p "$dir"
        (cd "$dir" && logged fetch-source "$RETRY" apt-get -c "$APT_CONF" download "$SOURCE_PACKAGE=$candidate")
        unpack_source "$(find "$dir" -name "$SOURCE_PACKAGE*.deb" | head -n 1)" "$candidate"
        rm -rf "$dir"
    elif [ -n "${KERNEL_TARBALL:-}" ] && [ -s "$KERNEL_TARBALL" ]; then
        say "the archive does not offer $SOURCE_PACKAGE $PINNED: taking $KERNEL_TARBALL"
        unpack_source "$KERNEL_TARBALL" "$(tarball_version "$KERNEL_TARBALL")"
    else
        fail "the archive does not offer $SOURCE_PACKAGE in version $PINNED" "$LOGDIR/fetch-update-trixie-arm64.log" \
            "set KERNEL_TARBALL to a $SOURCE_PACKAGE .deb of that version"
    fi
    say "kernel source $(cat "$out/version")"
}

# The package lists of trixie for arm64, shared by what follows.
arm64_lists() {
    apt_private_setup trixie "trixie trixie-backports" arm64 private
    refresh "$APT_CONF" trixie-arm64 || exit 1
}

# fetch_closure NAME PACKAGE...: the packages of trixie with all they depend on, unpacked in
# arm64/NAME. Its file 'packages' says which versions.
fetch_closure() {
    local name=$1 dir=$CACHE/arm64/$1 tmp=$CACHE/arm64/$1.new want
    shift
    want="$* $(apt-cache -c "$APT_CONF" show "$1" | awk '/^Version:/ { print $2 }' | sort | xargs)"
    [ "$(cat "$dir/.want" 2>/dev/null)" != "$want" ] || { say "$name is in the cache"; return; }
    rm -rf "$tmp"
    mkdir -p "$tmp/root"
    rm -f "$CACHE"/apt/trixie-arm64/archives/*.deb
    # "Installing" with an empty package state, stopped before the installation, is the whole closure.
    logged "fetch-$name" "$RETRY" apt-get -c "$APT_CONF" -y --download-only -o Debug::NoLocking=1 \
        -t trixie install "$@"
    logged "fetch-$name-unpack" "$RETRY" unpack_debs "$tmp" "$CACHE"/apt/trixie-arm64/archives/*.deb
    rm -f "$CACHE"/apt/trixie-arm64/archives/*.deb
    echo "$want" >"$tmp/.want"
    rm -rf "$dir"
    mv "$tmp" "$dir"
    say "$name: $(wc -l <"$dir/packages") packages, $(du -sm "$dir" | cut -f1) MB unpacked"
}

# unpack_debs DIR DEB...: into DIR/root, noting name and version in DIR/packages, and in DIR/status what dpkg keeps.
unpack_debs() {
    local dir=$1 deb
    shift
    for deb in "$@"; do
        dpkg -x "$deb" "$dir/root"
        dpkg-deb --show --showformat='${Package} ${Version}\n' "$deb" >>"$dir/packages"
        { dpkg-deb --field "$deb" | sed '1a Status: install ok installed' && echo; } >>"$dir/status"
    done
}

# newest_image PATTERN: name of the newest cloud kernel whose package name matches.
newest_image() {
    apt-cache -c "$APT_CONF" pkgnames linux-image | grep -xE "linux-image-$1-cloud-arm64" | sort -V | tail -n 1 || true
}

# fetch_kernel NAME PATTERN [optional]: a stock Debian cloud kernel: arm64/NAME/{vmlinuz,modules,release,root}.
# An optional one that the archive no longer offers is done without.
fetch_kernel() {
    local name=$1 dir=$CACHE/arm64/$1 tmp=$CACHE/arm64/$1.new package release version parts
    package=$(newest_image "$2")
    [ -n "$package" ] || {
        [ -s "$dir/vmlinuz" ] && { say "$name: the archive has moved on, keeping $(cat "$dir/release")"; return; }
        [ "${3:-}" != optional ] || { say "$name: the archive offers none, its tests will be skipped"; return; }
        fail "the archive offers no linux-image-$2-cloud-arm64" "" "repeat when the archive is reachable"
    }
    release=${package#linux-image-}
    version=$(apt-cache -c "$APT_CONF" show "$package" | awk '/^Version:/ { print $2; exit }')
    [ "$(cat "$dir/release" 2>/dev/null)" != "$release $version" ] || { say "$name: $release is in the cache"; return; }
    # Since 7.x the image package only depends on those that hold the files.
    mapfile -t parts < <(apt-cache -c "$APT_CONF" show "$package=$version" | sed -n 's/^Depends: //p' | tr ',' '\n' |
        sed -n -E "s/^ *(linux-(binary|modules)-[^ ]+).*/\1/p")
    rm -rf "$tmp"
    mkdir -p "$tmp/root" "$tmp/debs"
    (cd "$tmp/debs" && logged "fetch-$name" "$RETRY" \
        apt-get -c "$APT_CONF" download "$package=$version" "${parts[@]/%/=$version}")
    logged "fetch-$name-unpack" "$RETRY" unpack_debs "$tmp" "$tmp"/debs/*.deb
    rm -rf "$tmp/debs"
    ln "$(find "$tmp/root" -name 'vmlinuz*' -type f | head -n 1)" "$tmp/vmlinuz"
    ln -s "$(cd "$tmp" && find root -type d -path "*/modules/$release" | head -n 1)" "$tmp/modules"
    echo "$release $version" >"$tmp/release"
    rm -rf "$dir"
    mv "$tmp" "$dir"
    say "$name: $release $version"
}

case $WHAT in
source)
    STEPS=1
    lock fetch
    step "kernel source"
    fetch_source
    ;;
all)
    STEPS=6
    lock fetch
    mkdir -p "$CACHE/arm64"
    step "kernel source"
    fetch_source
    arm64_lists
    step "busybox and QEMU for arm64"
    fetch_closure qemu qemu-system-arm busybox-static
    step "Debian's stock cloud kernel ${PINNED%.*}"
    fetch_kernel linux-7.3 "${PINNED%.*}\..*"
    step "Debian's stock cloud kernel 6.12"
    fetch_kernel linux-6.12 "6\.12\..*"
    step "more of Debian's stock cloud kernels"
    for series in 6.18 7.2; do
        fetch_kernel "linux-$series" "${series/./\\.}\..*" optional
    done
    step "a small Debian user space for a guest"
    # shellcheck disable=SC2046
    fetch_closure debian $(grep -v '^#' "$ROOT/images/debian/packages")
    ;;
apps)
    STEPS=1
    lock fetch
    mkdir -p "$CACHE/arm64"
    step "application programs for a guest"
    arm64_lists
    # shellcheck disable=SC2046
    fetch_closure apps $(grep -v '^#' "$ROOT/bench/apps/packages")
    ;;
*) fail "unknown argument '$WHAT'" "" "see the head of scripts/fetch.sh" ;;
esac
