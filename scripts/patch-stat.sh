#!/bin/bash
# Size of the kernel patch series: new files apart from edits of existing ones.
# Goal: <= 150 changed lines in <= 12 existing files.
. "$(dirname "$0")/lib.sh"

mapfile -t series < <(find "$ROOT/kserv/patches" -maxdepth 1 -name '*.patch' 2>/dev/null | sort)
[ ${#series[@]} -gt 0 ] || { echo "kserv/patches: no patches"; exit 0; }
created=$(for p in "${series[@]}"; do git apply --summary "$p"; done | awk '$1 == "create" { print $4 }')
for p in "${series[@]}"; do git apply --numstat "$p"; done |
    awk -v created="$created" -v n="${#series[@]}" '
    BEGIN { split(created, c, "\n"); for (i in c) fresh[c[i]] = 1 }
    { add[$3] += $1; del[$3] += $2 }
    END {
        for (f in add) {
            kind = (f in fresh) ? "new" : "changed"
            files[kind]++; plus[kind] += add[f]; minus[kind] += del[f]
            printf "%-8s +%-5d -%-5d %s\n", kind, add[f], del[f], f | "sort -k1,1 -k4"
        }
        close("sort -k1,1 -k4")
        printf "\n%d patches\nexisting files: %d changed, +%d -%d lines (goal: <= 12 files, <= 150 lines)\n", \
            n, files["changed"], plus["changed"], minus["changed"]
        printf "new files:      %d, %d lines\n", files["new"], plus["new"] - minus["new"]
    }'
