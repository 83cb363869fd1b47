#!/bin/bash
# Builds KServ: Debian's linux-source, the patch series in kserv/patches, the configuration in kserv/config.
#
#   kernel.sh           builds Image and everything modules need; build/kernel points to the build directory
#   kernel.sh stock     the same without the patches; build/kernel-stock
#   kernel.sh dev       one persistent source tree for editing, incremental (see its README)
#   kernel.sh id        prints the hash that names the build
#
# A build lives in the cache under a hash of all its inputs: equal inputs are built once per machine.
. "$(dirname "$0")/lib.sh"

MODE=${1:-build}
export ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-
# Nothing of the machine or the moment goes into the Image, so equal inputs give equal bytes.
export KBUILD_BUILD_TIMESTAMP='1970-01-01 00:00:00' KBUILD_BUILD_USER=redoubt KBUILD_BUILD_HOST=redoubt
export KBUILD_BUILD_VERSION=1 LOCALVERSION=
export CCACHE_DIR=$CACHE/ccache CCACHE_MAXSIZE=2G CCACHE_NOHASHDIR=1 CCACHE_DEPEND=1
# Rust and pahole are not used; their versions would be recorded in the configuration, where present.
MAKE_ARGS=("CC=ccache aarch64-linux-gnu-gcc" RUSTC=no-rustc PAHOLE=no-pahole)
# Part of the hash: raise it when a change of this script changes what is built.
RECIPE=1
RETRY="repeat; 'rm -r' of the directory named in the log's first line makes it start from nothing"

patches() { find "$ROOT/kserv/patches" -maxdepth 1 -name '*.patch' 2>/dev/null | sort; }

# unpack DIR: the whole source tree, without parts that are large and no arm64 configuration reads.
unpack() {
    [ -e "$1/.unpacked" ] && return 0
    rm -rf "$1"
    mkdir -p "$1"
    logged kernel-unpack "$RETRY" tar -C "$1" --strip-components=1 -I 'xz -T0' -xf "$CACHE/kernel-source/linux.tar.xz" \
        --exclude='*/drivers/gpu/drm/amd/include' --exclude='*/drivers/gpu/drm/amd/display/dc/*/*.h'
    touch "$1/.unpacked"
}

# configure SRC OUT: allnoconfig plus our fragment.
configure() {
    mkdir -p "$2"
    logged kernel-config "look for a wrong line in kserv/config" \
        make -C "$1" O="$2" "${MAKE_ARGS[@]}" KCONFIG_ALLCONFIG="$ROOT/kserv/config" allnoconfig
    refused_options "$2/.config" >"$LOGDIR/kernel-config-refused.log"
    [ ! -s "$LOGDIR/kernel-config-refused.log" ] ||
        say "options of kserv/config that this kernel has not taken: $(xargs <"$LOGDIR/kernel-config-refused.log")"
}

# refused_options DOTCONFIG: the lines of our fragment that did not survive.
refused_options() {
    grep -E '^CONFIG_' "$ROOT/kserv/config" | while read -r line; do
        grep -qxF -- "$line" "$1" || echo "$line"
    done
    sed -n -E 's/^# (CONFIG_[A-Z0-9_]+) is not set$/\1/p' "$ROOT/kserv/config" | while read -r option; do
        ! grep -q "^$option=" "$1" || echo "$option"
    done
}

# make_all SRC OUT: Image, and Module.symvers with the build directory ready for modules out of tree.
make_all() {
    logged "kernel-make-$MODE" "see the first 'error:' in the log; then repeat, what is built stays" \
        nice -n 10 make -C "$1" O="$2" "${MAKE_ARGS[@]}" -j"$JOBS" Image modules
}

build_id() {
    local files=("$ROOT/kserv/config" "$CACHE/kernel-source/version")
    [ "$MODE" = stock ] || mapfile -t -O 2 files < <(patches)
    { hash_of "${files[@]}"; echo "$RECIPE"; aarch64-linux-gnu-gcc -dumpfullversion; } | sha256sum | cut -c1-12
}

build_hashed() {
    local id dir src out link=$BUILD/kernel
    [ "$MODE" != stock ] || link=$BUILD/kernel-stock
    "$ROOT/scripts/fetch.sh" source
    id=$(build_id)
    # Objects below the sources: all paths are relative then, and ccache knows an unchanged file again in
    # the build of the next version of the series.
    dir=$CACHE/kernel/$id src=$CACHE/kernel/$id/src out=$CACHE/kernel/$id/src/build
    lock "kernel-$id"
    STEPS=4
    if [ ! -e "$dir/.built" ]; then
        mkdir -p "$dir"
        step "unpacking linux-source $(cat "$CACHE/kernel-source/version")"
        unpack "$src"
        if [ "$MODE" != stock ]; then
            step "applying $(patches | wc -l) patches"
            apply_patches "$src"
        fi
        step "configuring"
        configure "$src" "$out"
        step "building with $JOBS jobs (4-6 minutes on two cores)"
        make_all "$src" "$out"
        touch "$dir/.built"
    fi
    ln -sfn "$out" "$link"
    ln -sfn "$src" "$link-src"
    touch "$dir"
    prune_old
    say "Image: ${link#"$ROOT"/}/arch/arm64/boot/Image, $(stat -Lc %s "$link/arch/arm64/boot/Image") bytes, sha256 $(
        sha256sum <"$link/arch/arm64/boot/Image" | cut -c1-16), $(elapsed)"
}

apply_patches() {
    local p
    [ ! -e "$1/.patched" ] || return 0
    # A tree that was interrupted half patched is of no use.
    if [ -e "$1/.patching" ]; then
        rm -f "$1/.unpacked"
        unpack "$1"
    fi
    touch "$1/.patching"
    while read -r p; do
        logged "kernel-patch-$(basename "$p" .patch)" "rebase this patch on $(cat "$ROOT/kserv/kernel-version")" \
            patch -d "$1" -p1 --no-backup-if-mismatch -i "$p"
    done < <(patches)
    touch "$1/.patched"
}

# prune_old: source and objects of a build take 3 GB; keep the four used last.
prune_old() {
    find "$CACHE/kernel" -mindepth 1 -maxdepth 1 -type d -printf '%T@ %p\n' | sort -rn | tail -n +5 | cut -d' ' -f2- |
        while read -r d; do
            # Another checkout may be building it right now.
            flock -n "$CACHE/lock/kernel-$(basename "$d")" rm -rf "$d" || true
        done
}

# The developer's tree: edits survive; git inside it knows the pristine text of the folders that we patch.
build_dev() {
    local dir=$CACHE/linux-dev
    "$ROOT/scripts/fetch.sh" source
    lock linux-dev
    STEPS=3
    step "source tree $dir/src"
    if [ ! -e "$dir/src/.git/redoubt-pristine" ]; then
        mkdir -p "$dir"
        unpack "$dir/src"
        (
            cd "$dir/src"
            rm -rf .git
            git init -q -b pristine .
            printf '%s\n' '*.o' '*.cmd' '.unpacked' '*.orig' '*.rej' >.git/info/exclude
            git add -f arch/arm64 virt include Documentation/virt Documentation/arch/arm64
            git -c user.name=redoubt -c user.email=redoubt@localhost commit -q -m "linux $(cat "$CACHE/kernel-source/version")"
            git checkout -q -b work
            touch .git/redoubt-pristine
        )
        write_dev_readme "$dir"
    fi
    step "configuration"
    if [ ! -e "$dir/build/.config" ] || [ "$ROOT/kserv/config" -nt "$dir/build/.config" ]; then
        configure "$dir/src" "$dir/build"
    fi
    step "building with $JOBS jobs"
    make_all "$dir/src" "$dir/build"
    say "Image: $dir/build/arch/arm64/boot/Image, $(elapsed)"
}

write_dev_readme() {
    cat >"$1/README" <<TEXT
Kernel tree for developing KServ's patch series. Made by 'scripts/kernel.sh dev', which also rebuilds it:
incremental, seconds after a small edit. It never changes src/ once made.

src/    Linux $(cat "$CACHE/kernel-source/version"), a git repository that tracks only arch/arm64, virt, include
        and Documentation/{virt,arch/arm64}; branch 'pristine' is Debian's text, branch 'work' is yours.
        Outside these folders nothing is tracked: 'git add -f' a file before editing it there.
        Start from the series:   git am --keep-cr <checkout>/kserv/patches/*.patch
        Write the series:        git format-patch -N --zero-commit --no-signature -o <checkout>/kserv/patches pristine..work
build/  objects and .config (allnoconfig + kserv/config); build/arch/arm64/boot/Image is the kernel.
        Modules out of tree:     make -C build M=/path/to/module ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- modules
Run it: scripts/qemu-host.sh --image $1/build/arch/arm64/boot/Image
TEXT
}

case $MODE in
build | stock) build_hashed ;;
dev) build_dev ;;
id) build_id ;;
*) fail "unknown argument '$MODE'" "" "see the head of scripts/kernel.sh" ;;
esac
