"""Compiled C against the extracted semantics: the same calls, the same memory, the same primitives.

A unit is one C file of the subset. `compare` builds it with every compiler in BUILDS, runs the
calls in each build and in the OCaml program extracted from Coq, and returns the differences. A call
that the semantics gets stuck in must be reported by the sanitizer that is meant for the reason,
after the same primitive calls; every other call must give the same primitive calls, result and
memory everywhere.
"""
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
C2V = os.path.join(HERE, "..", "c2v.py")
PROOF = os.path.abspath(os.path.join(HERE, "..", ".."))
CLANG = os.environ.get("C2V_CLANG", "clang-14")

# Known gap: clang checks a shift amount after cutting it to the width of the left operand, so an
# amount of 2^32 for a u32 passes unseen. The programs here shift by u32 amounts.
SAN = ["-fno-sanitize-recover=all", "-g1"]
# name -> (compiler and flags, reasons of being stuck that this build must report; None: runs
# defined calls only)
BUILDS = {
    "gcc-O0": (["gcc", "-O0"], None),
    "gcc-O2": (["gcc", "-O2"], None),
    "clang-O0": ([CLANG, "-O0"], None),
    "clang-O2": ([CLANG, "-O2"], None),
    "gcc-O2-ubsan": (["gcc", "-O2", "-fsanitize=address,undefined", "-fsanitize=bounds-strict"]
                     + SAN,
                     {"shift", "index", "division"}),
    "clang-O0-ubsan": ([CLANG, "-O0", "-fsanitize=address,undefined"] + SAN,
                       {"shift", "index", "division"}),
    "clang-O0-msan": ([CLANG, "-O0", "-fsanitize=memory"] + SAN, {"uninitialised"}),
}
REPORTS = [(re.compile("shift exponent"), "shift"), (re.compile("index .* out of bounds"), "index"),
           (re.compile("division by zero"), "division"),
           (re.compile("use-of-uninitialized-value"), "uninitialised")]
CTYPE = {"U8": "u8", "U16": "u16", "U32": "u32", "U64": "u64"}
ENV = dict(os.environ, ASAN_OPTIONS="detect_leaks=0", UBSAN_OPTIONS="print_stacktrace=0")


class Failed(Exception):
    pass


def sh(args, **kw):
    p = subprocess.run(args, capture_output=True, text=True, **kw)
    if p.returncode != 0:
        raise Failed("%s: exit %d\n%s"
                     % (" ".join(args[:8]), p.returncode, (p.stderr or p.stdout)[-2000:]))
    return p.stdout


def describe(path):
    """Functions, cells and primitives of a C file, by the translator."""
    return json.loads(sh([sys.executable, C2V, "--list", path,
                          "--prims", "*/" + os.path.basename(path),
                          "--", "--target=x86_64-linux-gnu", "-std=c11", "-w"]))


def translate(path, out):
    sh([sys.executable, C2V, "-o", out, path, "--prims", "*/" + os.path.basename(path),
        "--", "--target=x86_64-linux-gnu", "-std=c11", "-w"])


# ---- the C side ----
C_HEAD = r"""
#include "%s"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static u64 mix(u64 x) { x ^= x >> 31; x *= 0xbf58476d1ce4e5b9ul; return x ^ (x >> 27); }
static u64 fill, state;
static u64 initial(u64 k)
{
	u64 x = mix(fill + k * 0x9e3779b97f4a7c15ul);
	return fill == 0 ? 0 : (x & 3) == 0 ? (x >> 8) & 7 : x;
}
static u64 prim(const char *f, int n, const u64 *a)
{
	printf("X %%s", f);
	for (int i = 0; i < n; i++) {
		printf(" %%lu", a[i]);
		state = mix(state * 0x5851f42d4c957f2dul + (a[i] + 1));
	}
	printf("\n");
	state = mix(state + (u64)f[strlen(f) - 1]);
	return (state & 1) == 0 ? state & 15 : state;
}
"""

C_MAIN = r"""
static u64 arg(void) { char *s = strtok(NULL, " \n"); return s ? strtoul(s, NULL, 10) : 0; }

static void call(char *line)
{
	char *name = strtok(line, " \n");
	fill = arg();
	state = fill;
	put();
%s
	dump();
}

/* With an argument every call runs in a process of its own: a sanitizer may kill it. */
int main(int argc, char **argv)
{
	char line[512];

	(void)argv;
	setvbuf(stdout, NULL, argc > 1 ? _IOLBF : _IOFBF, 1 << 16);
	while (fgets(line, sizeof line, stdin)) {
		int status = 0;
		printf("C %%s", line);
		if (argc > 1) {
			fflush(stdout);
			pid_t pid = fork();
			if (pid == 0) {
				dup2(1, 2);
				alarm(20);
				call(line);
				fflush(stdout);
				_exit(0);
			}
			waitpid(pid, &status, 0);
		} else {
			call(line);
		}
		printf("E %%d\n", status != 0);
	}
	return 0;
}
"""


def loops(cell, body):
    """Statements over all elements of a cell; `body` gets the lvalue and the index variables."""
    idx = ["i%d" % k for k in range(len(cell["dims"]))]
    head = "".join("for (unsigned %s = 0; %s < %du; %s++) " % (i, i, n, i)
                   for i, n in zip(idx, cell["dims"]))
    return head + "{ " + body(cell["lvalue"] % tuple(idx), idx) + " }"


def c_driver(source, info):
    out = [C_HEAD % source]
    for p in info["primitives"]:
        params = ", ".join("%s a%d" % (CTYPE[t], i) for i, t in enumerate(p["params"])) or "void"
        args = ", ".join("a%d" % i for i in range(len(p["params"]))) or "0"
        ret = "return (%s)" % CTYPE[p["result"]] if p["result"] else ""
        out.append("%s %s(%s) { u64 a[] = { %s }; %sprim(\"%s\", %d, a); }\n"
                   % (CTYPE[p["result"]] if p["result"] else "void", p["primitive"], params, args,
                      ret,
                      p["primitive"], len(p["params"])))
    put = ["static void put(void) { u64 k = 0;"]
    dump = ["static void dump(void) {"]
    for c in info["cells"]:
        put.append(loops(c, lambda l, ix: "%s = (%s)initial(k); k++;" % (l, CTYPE[c["type"]])))
        fmt = "M %s" % c["cell"] + " %u" * len(c["dims"]) + " = %lu\\n"
        dump.append(loops(c, lambda l, ix: "if (%s) printf(\"%s\"%s, (u64)%s);"
                          % (l, fmt, "".join(", " + i for i in ix), l)))
    out += ["\n".join(put) + "\n}\n", "\n".join(dump) + "\n}\n"]
    calls = []
    for f in info["functions"]:
        n = len(f["params"])
        get = "".join("u64 a%d = arg(); " % i for i in range(n))
        text = "%s(%s)" % (f["function"],
                           ", ".join("(%s)a%d" % (CTYPE[t], i) for i, t in enumerate(f["params"])))
        show = 'printf("R %%lu\\n", (u64)%s);' if f["result"] else '%s; printf("R void\\n");'
        show = show % text
        calls.append('\tif (!strcmp(name, "%s")) { %s%s }' % (f["function"], get, show))
    out.append(C_MAIN % "\n".join(calls))
    return "".join(out)


def build(source, info, directory):
    """Compiles all builds; {build name: binary}."""
    stem = os.path.splitext(os.path.basename(source))[0]
    driver = os.path.join(directory, stem + "_driver.c")
    with open(driver, "w", encoding="utf-8") as f:
        f.write(c_driver(os.path.abspath(source), info))
    binaries = {}
    for name, (cmd, _) in BUILDS.items():
        binaries[name] = os.path.join(directory, "%s-%s" % (stem, name))
        sh(cmd + ["-std=gnu11", "-w", "-o", binaries[name], driver])
    return binaries


# ---- the Coq side ----
def extract(units, directory):
    """One OCaml program for all units {name: Coq file}."""
    coq = ["-Q", PROOF, "Redoubt", "-Q", directory, "Units"]
    names = list(units)
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        list(pool.map(lambda n: sh(["coqc"] + coq + [units[n]], cwd=directory), names))
    main = os.path.join(directory, "Extracted.v")
    with open(main, "w", encoding="utf-8") as f:
        f.write("From Coq Require Import List String ZArith.\n")
        f.write("From Redoubt.sem Require Import Extract.\n")
        f.write("From Units Require %s.\nImport ListNotations.\nOpen Scope string_scope.\n"
                % " ".join(names))
        f.write("Definition all_units := [%s].\n" % "; ".join(
            '("%s", (%s.cells, %s.prims, %s.program))' % (n, n, n, n) for n in names))
        f.write('Extraction "semantics.ml" denote all_units wf_program.\n')
    sh(["coqc"] + coq + [main], cwd=directory)
    for src in (os.path.join(PROOF, "sem", "ocaml", "runtime.ml"), os.path.join(HERE, "driver.ml")):
        shutil.copy(src, directory)
    binary = os.path.join(directory, "semantics")
    sh(["ocamlopt", "-w", "-a", "-o", binary, "semantics.mli", "semantics.ml", "runtime.ml",
        "driver.ml"], cwd=directory)
    return binary


# ---- runs ----
def blocks(text):
    out = []
    for line in text.splitlines():
        if line.startswith("C "):
            out.append([])
        elif out:
            out[-1].append(line)
    return out


def run_semantics(binary, unit, calls):
    got = blocks(sh([binary], input="".join("%s %s\n" % (unit, c) for c in calls), timeout=300))
    if len(got) != len(calls):
        raise Failed("semantics answered %d of %d calls" % (len(got), len(calls)))
    return got


def run_c(binary, calls, isolated):
    """The blocks of all calls; if a single process dies, once more with one for each call."""
    args = [binary] + (["isolated"] if isolated else [])
    p = subprocess.run(args, input="".join(c + "\n" for c in calls), capture_output=True, text=True,
                       timeout=300, env=ENV)
    got = blocks(p.stdout)
    if p.returncode != 0 or len(got) != len(calls):
        if not isolated:
            return run_c(binary, calls, True)
        raise Failed("%s: exit %d, %d of %d calls"
                     % (os.path.basename(binary), p.returncode, len(got), len(calls)))
    return got


def stuck(block):
    return block[-1][2:] if block and block[-1].startswith("S ") else None


def reported(block):
    for line in block:
        for pattern, reason in REPORTS:
            if pattern.search(line):
                return reason
    return None


def trace(block):
    return [l for l in block if l.startswith("X ")]


def judge(name, want, got):
    """None, or what is wrong with the block of one call in one build."""
    reasons = BUILDS[name][1]
    why = stuck(want)
    if why is None:
        if [l for l in got if l[:2] in ("X ", "R ", "M ")] != want or got[-1] != "E 0":
            return "differs"
        return None
    if reasons is None or why not in reasons:
        return None
    if reported(got) != why:
        return "stuck (%s), but the sanitizer says %s" % (why, reported(got))
    if trace(got) != trace(want):
        return "stuck (%s) after other primitive calls" % why
    return None


def compare(semantics, unit, binaries, calls):
    """(differences, {reason or "defined": number of calls})"""
    want = run_semantics(semantics, unit, calls)
    bad, count = [], {}
    for w in want:
        key = stuck(w) or "defined"
        count[key] = count.get(key, 0) + 1
    for name, binary in binaries.items():
        reasons = BUILDS[name][1] or set()
        for isolated in (False, True):
            # Calls that must be killed by the sanitizer run isolated.
            chosen = [(c, w) for c, w in zip(calls, want)
                      if (stuck(w) in reasons if isolated else stuck(w) is None)]
            got = run_c(binary, [c for c, _ in chosen], isolated)
            for (c, w), g in zip(chosen, got):
                wrong = judge(name, w, g)
                if wrong:
                    bad.append((name, c, wrong, w, g))
    return bad, count
