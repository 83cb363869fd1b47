#!/bin/bash
# Puts our C files into the format of .clang-format; with --check says which are not, and changes nothing.
. "$(dirname "$0")/lib.sh"

cd "$ROOT"
[ -f .clang-format ] || fail "there is no .clang-format" "" "this checkout is not complete: clone again"
# Tracked and new files alike; the kernel's own files are patches and keep the kernel's style, and abi.h, of
# which the kernel has a copy, stays as it is there.
mapfile -t files < <(git ls-files --cached --others --exclude-standard -- '*.c' '*.h' ':!proof/c2v/tests/*' ':!kcore/include/kcore/abi.h' |
    while read -r f; do [ -f "$f" ] && echo "$f"; done)
[ ${#files[@]} -gt 0 ] || exit 0
if [ "${1:-}" = --check ]; then
    clang-format --dry-run -Werror "${files[@]}"
else
    clang-format -i "${files[@]}"
    say "${#files[@]} files"
fi
