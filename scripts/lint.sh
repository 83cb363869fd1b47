#!/bin/bash
# Every static check, all of them even when one fails. Ends with 'N passed, N failed'.
. "$(dirname "$0")/lib.sh"

cd "$ROOT"
passed=0 failed=0

# check NAME COMMAND...: a check passes when its command does.
check() {
    local name=$1 log=$LOGDIR/lint-$1.log
    shift
    if "$@" >"$log" 2>&1; then
        passed=$((passed + 1))
        echo "ok: $name"
    else
        failed=$((failed + 1))
        echo "FAILED: $name (build/log/lint-$name.log)"
        head -n 15 "$log" | sed 's/^/    /'
    fi
}

tracked() { git ls-files -- "$@" | while read -r f; do [ -f "$f" ] && echo "$f"; done; }

shell_scripts() {
    local f
    tracked | while read -r f; do
        case $f in
        *.sh) echo "$f" ;;
        *) ! head -c 64 "$f" | head -n 1 | grep -aqE '^#!.*\b(ba|da)?sh\b' || echo "$f" ;;
        esac
    done
}
lint_shell() { shell_scripts | xargs -r shellcheck -x -P SCRIPTDIR -P scripts -S warning; }

# Syntax of Python files, without leaving byte code behind.
lint_python() {
    tracked '*.py' | while read -r f; do
        python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])' "$f" || exit 1
    done
}

# No line of C, assembly or Python beyond 108 columns (a tab counts eight), of Coq beyond 140.
lint_width() {
    ! tracked '*.v' '*.c' '*.h' '*.S' '*.py' | while read -r f; do
        limit=108
        [[ $f != *.v ]] || limit=140
        [[ $f != *.py ]] || limit=120
        expand "$f" | awk -v f="$f" -v limit="$limit" 'length($0) > limit { print f ":" NR ": " length($0) " columns" }'
    done | grep .
}

# No hole in a proof. The words may stand in comments of other languages, not in Coq text.
lint_holes() {
    ! tracked '*.v' | xargs -r grep -nwE 'Admitted|admit|Axiom|Axioms|Parameter|Parameters|Conjecture|give_up'
}

# Nothing of a developer's machine in the text.
lint_paths() {
    ! tracked ':!scripts/lint.sh' | xargs -r grep -nIE "/home/[a-z]+/|$ROOT/"
}

lint_subset() { make -C proof check-subset; }
lint_kcore() { make -C kcore lint; }
lint_patches() {
    local p
    for p in kserv/patches/*.patch; do
        [ ! -f "$p" ] || git apply --numstat "$p" >/dev/null || return 1
        [ ! -f "$p" ] || ! grep -nE '^\+.*[ 	]+$' "$p" || return 1
    done
}

check shell lint_shell
check python lint_python
check format "$ROOT/scripts/format.sh" --check
check width lint_width
check proof-holes lint_holes
check machine-paths lint_paths
check threats tests/attack/threats.py --check
check patches lint_patches
[ ! -f proof/Makefile ] || check subset lint_subset
! grep -q '^lint:' kcore/Makefile 2>/dev/null || check kcore lint_kcore
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
