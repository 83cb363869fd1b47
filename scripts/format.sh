#!/bin/bash
# Puts our C files into the format of .clang-format; with --check says which are not, and changes nothing.
. "$(dirname "$0")/lib.sh"

cd "$ROOT"
[ -f .clang-format ] || fail "there is no .clang-format" "" "this checkout is not complete: clone again"
# Tracked and new files alike; the kernel's own files are patches and keep the kernel's style.
mapfile -t files < <(git ls-files --cached --others --exclude-standard -- '*.c' '*.h' ':!proof/c2v/tests/*' |
    while read -r f; do [ -f "$f" ] && echo "$f"; done)
[ ${#files[@]} -gt 0 ] || exit 0
if [ "${1:-}" = --check ]; then
    clang-format --dry-run -Werror "${files[@]}"
else
    clang-format -i "${files[@]}"
    say "${#files[@]} files"
fi
