#!/bin/bash
# 'make run': the demonstration. A VM with a secret is attacked by its host, first on plain KVM, then, by the
# same programs, as a protected VM on KCore; then a shell on that host, with the VM still running.
#
#   run.sh [options] [options of qemu-host.sh, such as --image FILE or --cpu NAME]
#     --batch       no shell: powers off. Status 0 if plain KVM leaked the secret and KCore held against all
#     --no-plain    only the half with KCore
# Without a terminal it is --batch. Consoles of finished boots: build/demo/plain.log, protected.log
. "$(dirname "$0")/lib.sh"

batch='' plain=yes
while [ $# -gt 0 ]; do
    case $1 in
    --batch) batch=yes ;;
    --no-plain) plain='' ;;
    *) break ;;
    esac
    shift
done
trap 'exit 130' INT TERM
[ -t 0 ] && [ -t 1 ] || batch=yes
style=plain bold='' normal=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    style=colour bold=$'\033[1m' normal=$'\033[0m'
fi
out=$BUILD/demo
next="read the log; scripts/run.sh --batch repeats it"

title() { printf '\n%s%s %s%s\n\n' "$bold" "$1" "$(printf "%$((77 - ${#1}))s" | tr ' ' =)" "$normal"; }

# boot MODE OPTIONS...: one boot with the demonstration; shows what the demonstration itself prints.
boot() {
    local mode=$1 rc=0
    shift
    "$ROOT/scripts/qemu-host.sh" --overlay "$out/root" --run demo --args "$mode,$style" --timeout 300 "$@" |
        tr -d '\r' | tee "$out/$mode.log" |
        sed -u -E '/^(REDOUBT-|kcore: |\[qemu-host\]|\[ *[0-9]+\.[0-9]+\])/d' || rc=${PIPESTATUS[0]}
    return "$rc"
}

# Outside the emulator: have both attacks on memory printed bytes whose SHA-256 the guest has announced?
leaked() {
    local announced hex n=0
    announced=$(sed -n -E 's/^    SHA-256  ([0-9a-f]{64})$/\1/p' "$1")
    for hex in $(sed -n -E 's/^ {13}([0-9a-f]{64})$/\1/p' "$1"); do
        [ "$(printf '%b' "$(sed 's/../\\x&/g' <<<"$hex")" | sha256sum | cut -c1-64)" = "$announced" ] || return 1
        n=$((n + 1))
    done
    [ "$n" -eq 2 ]
}

mkdir -p "$out"
logged demo-build "correct the error in the log, then repeat" python3 "$ROOT/demo/build.py"
if [ -n "$plain" ]; then
    title "1 of 2: a VM on this kernel without KCore, plain KVM"
    echo "    boots the host, then the VM in it, emulated: about 20 seconds"
    boot plain --plain --mem 768M "$@" || fail "the attacks on plain KVM did not succeed" "$out/plain.log" "$next"
    leaked "$out/plain.log" || fail "what the attacks read is not the guest's secret" "$out/plain.log" "$next"
    echo "    Checked outside the emulator: what was read has the SHA-256 announced."
fi
title "2 of 2: a protected VM on KCore, the same kernel and the same attacks"
echo "    boots KCore, the host on it, then the VM: about 20 seconds"
if [ -z "$batch" ]; then
    exec "$ROOT/scripts/qemu-host.sh" --kcore --mem 1G --overlay "$out/root" \
        --append "redoubt.run=demo redoubt.args=protected,$style redoubt.then=shell" "$@"
fi
boot protected --kcore --mem 1G "$@" || fail "not every attack on the protected VM was held" "$out/protected.log" "$next"
say "${plain:+plain KVM leaked the secret, }KCore held against all; $(elapsed)"
