#!/bin/bash
# Fetches Debian's packages that are not for this system: the kernel source, and arm64 binaries for the
# emulated host and its guests. All of it stays in the cache, unpacked there, never installed.
#
#   fetch.sh            everything
#   fetch.sh source     the kernel source only
#
# KERNEL_TARBALL=<linux-source .deb or .tar.xz>: used when the archive no longer has the pinned version.
. "$(dirname "$0")/lib.sh"
. "$ROOT/scripts/apt.sh"

WHAT=${1:-all}
PINNED=$(cat "$ROOT/kserv/kernel-version")
SOURCE_PACKAGE=linux-source-${PINNED%.*}
RETRY="check the network, then repeat; 'rm -r $CACHE/apt' makes it start from nothing"

# refresh CONF NAME: package lists, at most once in six hours.
refresh() {
    local stamp=${1%/apt.conf}/refreshed
    [ -n "$(find "$stamp" -mmin -360 2>/dev/null)" ] && return 0
    logged "fetch-update-$2" "$RETRY" apt-get -c "$1" update
    touch "$stamp"
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
    if (refresh "$APT_CONF" trixie-arm64); then
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

case $WHAT in
source)
    STEPS=1
    lock fetch
    step "kernel source"
    fetch_source
    ;;
*) fail "unknown argument '$WHAT'" "" "see the head of scripts/fetch.sh" ;;
esac
