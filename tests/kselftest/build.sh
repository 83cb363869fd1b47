#!/bin/bash
# Builds the kernel's KVM selftests for arm64, static and stripped, from the source that KServ is built from, without
# the patches. The programs lie in the cache under a hash of the inputs; build/kselftest/bin points there.
. "$(dirname "$0")/../../scripts/lib.sh"

# Part of the hash: raise it when a change of this script changes what is built.
RECIPE=1
RETRY="see the first 'error:' in the log, then repeat"
export ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-

"$ROOT/scripts/fetch.sh" source >/dev/null
id=$({ cat "$CACHE/kernel-source/version"; echo "$RECIPE"; aarch64-linux-gnu-gcc -dumpfullversion; } | sha256sum | cut -c1-12)
dir=$CACHE/kselftest/$id
link=$BUILD/kselftest/bin
mkdir -p "$BUILD/kselftest"
STEPS=3
lock "kselftest-$id"
if [ ! -e "$dir/.built" ]; then
    rm -rf "$dir"
    mkdir -p "$dir/src"
    step "unpacking the parts of linux-source $(cat "$CACHE/kernel-source/version") that the tests are built from"
    logged kselftest-unpack "$RETRY" tar -C "$dir/src" --strip-components=1 -I 'xz -T0' -xf "$CACHE/kernel-source/linux.tar.xz" \
        --wildcards --no-wildcards-match-slash '*/Makefile' '*/Kbuild' '*/scripts' '*/include' '*/tools' '*/arch/arm64'
    step "the kernel's user headers"
    logged kselftest-headers "$RETRY" nice make -C "$dir/src" headers_install
    step "the tests, with $JOBS jobs"
    # LDFLAGS comes from the environment: the tests' makefile adds to it.
    LDFLAGS=-static logged kselftest-make "$RETRY" nice make -j"$JOBS" -C "$dir/src/tools/testing/selftests/kvm" \
        abs_objdir="$dir/src" OUTPUT="$dir/out" all
    mkdir "$dir/bin"
    (cd "$dir/out" && find . -type f -perm -u+x -printf '%P\n') | while read -r program; do
        mkdir -p "$dir/bin/$(dirname "$program")"
        aarch64-linux-gnu-strip -o "$dir/bin/$program" "$dir/out/$program"
    done
    rm -rf "$dir/src" "$dir/out"
    touch "$dir/.built"
fi
# Builds of other versions: keep the two used last.
touch "$dir"
find "$CACHE/kselftest" -mindepth 1 -maxdepth 1 -type d -printf '%T@ %p\n' | sort -rn | tail -n +3 | cut -d' ' -f2- | xargs -r rm -rf
ln -sfn "$dir/bin" "$link"
say "$(find "$dir/bin" -type f | wc -l) programs in build/kselftest/bin, $(elapsed)"
