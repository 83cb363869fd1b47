#!/bin/bash
# Runs every executable tests/*/run, or those named, one after the other, and adds up their last lines
# 'N passed, N failed' (', N skipped' may follow).
#   check.sh [SUITE...]
# A suite that ends with an error, or without such a line, counts as one failure more.
# Limit per suite: its file tests/SUITE/timeout (seconds), else 900.
. "$(dirname "$0")/lib.sh"

cd "$ROOT"
if [ $# -gt 0 ]; then
    suites=("$@")
else
    mapfile -t suites < <(find tests -mindepth 2 -maxdepth 2 -name run -perm -u+x -printf '%h\n' | xargs -rn1 basename | sort)
fi
[ ${#suites[@]} -gt 0 ] || fail "there is no executable tests/*/run" "" "this checkout is not complete: clone again"

total_passed=0 total_failed=0 total_skipped=0 table='' child=''
trap '[ -z "$child" ] || kill -- "-$child" 2>/dev/null; exit 130' INT TERM
STEPS=${#suites[@]}

# number LINE WORD: the count before a word, 0 when it is absent.
number() { sed -n -E "s/.*\b([0-9]+) $2.*/\1/p" <<<"$1" | grep . || echo 0; }

for suite in "${suites[@]}"; do
    log=$LOGDIR/check-$suite.log
    [ -x "tests/$suite/run" ] || fail "there is no executable tests/$suite/run" "" "ls tests shows them"
    step "tests/$suite"
    limit=900
    [ ! -f "tests/$suite/timeout" ] || limit=$(cat "tests/$suite/timeout")
    began=$SECONDS rc=0
    # Its own process group: a suite that is cut off leaves nothing running.
    setsid timeout -k 10 "$limit" "tests/$suite/run" >"$log" 2>&1 </dev/null &
    child=$!
    wait "$child" || rc=$?
    kill -- "-$child" 2>/dev/null || true
    child=''
    line=$(grep -aE '^([A-Za-z_-]+: )?[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' "$log" | tail -n 1 || true)
    passed=$(number "$line" passed) failed=$(number "$line" failed) skipped=$(number "$line" skipped)
    note=''
    if [ "$rc" -eq 124 ] || [ "$rc" -eq 137 ]; then
        failed=$((failed + 1)) note="cut off after $limit s"
    elif [ -z "$line" ]; then
        failed=$((failed + 1)) note="ended with status $rc and no count"
    elif [ "$rc" -ne 0 ] && [ "$failed" -eq 0 ]; then
        failed=1 note="ended with status $rc"
    fi
    if [ "$failed" -gt 0 ]; then
        note="${note:+$note; }log: build/log/check-$suite.log"
        grep -aE '^(FAIL|FAILED|not ok)\b' "$log" | head -n 10 | sed 's/^/    /' || true
    fi
    total_passed=$((total_passed + passed))
    total_failed=$((total_failed + failed))
    total_skipped=$((total_skipped + skipped))
    table+=$(printf '%-20s %7d %7d %7d %6ds  %s' "$suite" "$passed" "$failed" "$skipped" $((SECONDS - began)) "$note")$'\n'
done

printf '\n%-20s %7s %7s %7s %7s\n%s\n' suite passed failed skipped time "$table"
[ "$total_failed" -eq 0 ] || say "next: read the log of a failed suite; repeat it alone with 'scripts/check.sh SUITE'"
if [ "$total_skipped" -gt 0 ]; then
    echo "$total_passed passed, $total_failed failed, $total_skipped skipped"
else
    echo "$total_passed passed, $total_failed failed"
fi
[ "$total_failed" -eq 0 ]
