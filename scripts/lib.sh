# shellcheck shell=bash
# Shared by every script of this folder: paths, progress lines, log files, failure messages, locks.
# Source it first:   . "$(dirname "$0")/lib.sh"

set -euo pipefail
export LC_ALL=C
umask 022

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${REDOUBT_CACHE:-${HOME:-/root}/.cache/redoubt}
BUILD=$ROOT/build
LOGDIR=$BUILD/log
JOBS=${JOBS:-$(nproc)}
SCRIPT=$(basename "$0" .sh)
mkdir -p "$CACHE" "$LOGDIR"

STEP=0 STEPS=0
T0=$SECONDS

# elapsed: minutes and seconds since the script started.
elapsed() { printf '%d:%02d' $(((SECONDS - T0) / 60)) $(((SECONDS - T0) % 60)); }

say() { printf '[%s] %s\n' "$SCRIPT" "$*"; }

# step TEXT: announces the next of $STEPS steps.
step() {
    STEP=$((STEP + 1))
    printf '[%s] step %d of %d, %s elapsed: %s\n' "$SCRIPT" "$STEP" "$STEPS" "$(elapsed)" "$*"
}

# fail WHAT LOG NEXT: says what failed, where the log is, what to do next; ends the script.
fail() {
    {
        printf '\n[%s] FAILED: %s\n' "$SCRIPT" "$1"
        if [ -n "${2:-}" ] && [ -f "${2:-}" ]; then
            printf '[%s] last lines of the log:\n' "$SCRIPT"
            tail -n 12 "$2" | cut -c1-200 | sed 's/^/    | /'
        fi
        [ -z "${2:-}" ] || printf '[%s] log:  %s\n' "$SCRIPT" "$2"
        [ -z "${3:-}" ] || printf '[%s] next: %s\n' "$SCRIPT" "$3"
    } >&2
    exit 1
}

# logged NAME NEXT COMMAND...: runs the command with all its output in build/log/NAME.log.
# NEXT says what to do when it fails. Every half minute a line shows that it is still running.
logged() {
    local name=$1 log=$LOGDIR/$1.log next=$2 pid rc=0 began=$SECONDS told=$SECONDS
    shift 2
    { printf '# %s\n' "$*"; } >"$log"
    "$@" >>"$log" 2>&1 </dev/null &
    pid=$!
    # Interrupting the script must not leave the command running behind it.
    # shellcheck disable=SC2064
    trap "kill $pid 2>/dev/null || true; wait $pid 2>/dev/null || true; exit 130" INT TERM
    while kill -0 "$pid" 2>/dev/null; do
        sleep 0.2
        if [ $((SECONDS - told)) -ge 30 ]; then
            told=$SECONDS
            say "  ... still running ($name, $((SECONDS - began)) s): $(tail -n 1 "$log" | cut -c1-90)"
        fi
    done
    wait "$pid" || rc=$?
    trap - INT TERM
    [ "$rc" -eq 0 ] || fail "'$(printf '%s' "$*" | cut -c1-120)' ended with status $rc" "$log" "$next"
}

# lock NAME: holds a lock until the script ends, so that two checkouts can share the cache.
lock() {
    local fd
    mkdir -p "$CACHE/lock"
    exec {fd}>"$CACHE/lock/$1"
    flock -n "$fd" && return 0
    say "waiting for another run that holds the lock '$1'"
    flock -w 3600 "$fd" || fail "the lock '$1' was not released in an hour" "" \
        "end the other run (fuser $CACHE/lock/$1 shows it) and repeat"
}

# hash_of FILE...: one hash over the contents of files, in the order given.
hash_of() { cat "$@" | sha256sum | cut -c1-16; }
