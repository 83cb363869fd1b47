#!/bin/bash
# Installs what building, testing and proving need: Debian packages by name, on Debian 12, as root.
# Nothing is done, and no network is used, when all of it is there already.
. "$(dirname "$0")/lib.sh"

PACKAGES="make git patch gcc libc6-dev gcc-aarch64-linux-gnu libc6-dev-arm64-cross binutils-aarch64-linux-gnu
    clang lld llvm clang-format clang-tidy shellcheck device-tree-compiler libfdt-dev
    bc bison flex libssl-dev libelf-dev cpio rsync kmod xz-utils zstd ccache e2fsprogs
    coq ocaml-nox ocaml-findlib libzarith-ocaml-dev qemu-user-static python3 debian-archive-keyring ca-certificates"
# bookworm's own QEMU is 7.2; the guest's SMC handling and the SMMU model need 10.
QEMU_PACKAGE=qemu-system-arm
QEMU_MIN=10.0

missing_packages() {
    local p
    for p in $PACKAGES; do
        dpkg-query -W -f '${Status}\n' "$p" 2>/dev/null | grep -q '^install ok installed$' || echo "$p"
    done
}

qemu_is_new_enough() {
    local v
    v=$(qemu-system-aarch64 --version 2>/dev/null | sed -n 's/^QEMU emulator version \([0-9.]*\).*/\1/p')
    [ -n "$v" ] && dpkg --compare-versions "$v" ge "$QEMU_MIN"
}

missing=$(missing_packages | xargs)
if [ -z "$missing" ] && qemu_is_new_enough; then
    say "all packages are installed, $(qemu-system-aarch64 --version | head -n 1)"
    exit 0
fi
[ "$(id -u)" -eq 0 ] || fail "packages are missing: ${missing:-} $QEMU_PACKAGE (>= $QEMU_MIN)" "" \
    "run 'make deps' as root"
. "$ROOT/scripts/apt.sh"
lock deps
STEPS=3
export DEBIAN_FRONTEND=noninteractive
retry="check the network and /etc/apt/sources.list*, then run 'make deps' again"

step "reading the package lists"
logged deps-update "$retry" apt-get update

step "installing: ${missing:-nothing}"
# shellcheck disable=SC2086
[ -z "$missing" ] || logged deps-install "$retry" \
    apt-get install -y --no-install-recommends $missing

step "QEMU >= $QEMU_MIN from bookworm-backports"
if ! qemu_is_new_enough; then
    # The system's sources stay as they are: bookworm-backports is added for this one command.
    apt_private_setup bookworm "bookworm bookworm-updates bookworm-backports" "$(dpkg --print-architecture)" system
    logged deps-qemu-update "$retry" apt-get -c "$APT_CONF" update
    logged deps-qemu "$retry" apt-get -c "$APT_CONF" install -y --no-install-recommends \
        -t bookworm-backports "$QEMU_PACKAGE" ipxe-qemu
    qemu_is_new_enough || fail "the installed QEMU is older than $QEMU_MIN" "$LOGDIR/deps-qemu.log" "$retry"
fi
say "done in $(elapsed): $(qemu-system-aarch64 --version | head -n 1)"
