#!/usr/bin/env python3
"""The world switch, beside world.c. Prints a line for each.

  world.py check BUILD     the compiled instructions of ctx_switch against the register table: each register goes to
                           and comes from its word, and the order is the one that cores with speculative
                           address-translation errata need; the proof's contract names words of the table; all
                           assembly of KCore has at most 500 lines
  world.py mutants BUILD   would the test notice? Each register not saved or not loaded, each line of the vectors that
                           saves or loads x0 to x30 left out, and so on: world.c, or the check above, must fail
"""
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
KCORE = os.path.join(HERE, "..", "..", "kcore")
ARCH = os.path.join(KCORE, "arch", "arm64")
MAX_LINES = 500
# TCR_EL1.EPD0 and EPD1, then SCTLR_EL1.M, before anything of the new context; its SCTLR_EL1 and TCR_EL1 last.
ORDER = ("orr 0x80,orr 0x800000,msr tcr_el1,isb,orr 0x1,msr sctlr_el1,dsb nsh,isb,(msr [a-z0-9_]+,|isb,)*"
         "msr mdcr_el2,msr vttbr_el2,msr hcr_el2,isb,msr sctlr_el1,isb,msr tcr_el1,isb")

# file, what is wrong, old text (once in the file), new text
TEXTS = [
    ("switch.S", "SCTLR_EL1 not saved", "	str	x9, [x0, #OFF_CTX_SCTLR]\n", ""),
    ("switch.S", "TCR_EL1 not saved", "	str	x10, [x0, #OFF_CTX_TCR]\n", ""),
    ("switch.S", "SCTLR_EL1 not loaded", "\tldr\tx9, [x0, #OFF_CTX_SCTLR]\n\tmsr\tsctlr_el1, x9\n", ""),
    ("switch.S", "TCR_EL1 not loaded", "\tldr\tx9, [x0, #OFF_CTX_TCR]\n\tmsr\ttcr_el1, x9\n", ""),
    ("switch.S", "MDCR_EL2 stays", "	msr	mdcr_el2, x4\n", ""),
    ("switch.S", "VTTBR_EL2 stays", "	msr	vttbr_el2, x2\n", ""),
    ("switch.S", "HCR_EL2 stays", "	msr	hcr_el2, x3\n", ""),
    ("switch.S", "the vectors keep the old context", "	str	x0, [x10, #-16]\n", ""),
    ("switch.S", "one kind of walk stays open", "	orr	x10, x10, #(1 << 23)\n", ""),
    ("switch.S", "the other kind stays open", "	orr	x10, x10, #(1 << 7)\n", ""),
    ("switch.S", "SCTLR_EL1.M not set", "	orr	x9, x9, #1\n", ""),
    ("switch.S", "earlier walks not awaited", "\tdsb\tnsh\t\t\t/* walks that began before have ended */\n", ""),
    ("switch.S", "VTTBR_EL2 before MDCR_EL2", "	msr	mdcr_el2, x4\n	msr	vttbr_el2, x2\n",
     "	msr	vttbr_el2, x2\n	msr	mdcr_el2, x4\n"),
    ("switch.S", "TCR_EL1 before VTTBR_EL2 acts", "\tmsr\thcr_el2, x3\n\tisb\n", "\tmsr\thcr_el2, x3\n"),
    ("switch.S", "two vectors changed places", "q30, q31, [x0, #480]", "q31, q30, [x0, #480]"),
    ("switch.S", "FPSR not saved", "	str	x9, [x0, #OFF_CTX_FPSR]\n", ""),
    ("switch.S", "FPCR not saved", "	str	x9, [x0, #OFF_CTX_FPCR]\n", ""),
    ("switch.S", "FPSR not loaded", "	msr	fpsr, x9\n", ""),
    ("switch.S", "FPCR not loaded", "	msr	fpcr, x9\n", ""),
    ("switch.S", "a vector not cleared", "movi	v31.2d, #0;", ""),
    ("switch.S", "FPSR not cleared", "	msr	fpsr, xzr\n", ""),
    ("switch.S", "FPCR not cleared", "	msr	fpcr, xzr\n", ""),
    ("vectors.S", "the CPU's number", "	ldr	x0, [sp, #8]\n", ""),
]


def run(args, **kw):
    return subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **kw)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def verdict(good, text):
    print("%s %s" % ("ok     " if good else "FAIL   ", text), flush=True)


def table():
    """{register: word} of the registers that ctx_switch saves and loads."""
    header = run([sys.executable, os.path.join(KCORE, "tools", "regs.py"), "test", os.path.join(ARCH, "regs.def"),
                  os.path.join(KCORE, "include", "kcore", "abi.h")]).stdout
    return {m.group(2): int(m.group(1)) for m in re.finditer(r"R\(\d+, (\d+), (\w+)\)", header)}


def instructions(path):
    """(name, operands) of ctx_switch, to its return."""
    text = run(["aarch64-linux-gnu-objdump", "-d", "--no-show-raw-insn", path]).stdout
    for line in text[text.index("<ctx_switch>:"):].splitlines():
        m = re.match(r"^\s*[0-9a-f]+:\s+(\S+)\s*(.*?)(?:\s*//.*)?$", line)
        if m:
            if m.group(1) == "ret":
                return
            yield m.group(1), m.group(2)


def problems(path):
    """How ctx_switch differs from the table and the order; empty: it does not."""
    holds, saved, loaded, events = {}, {}, {}, []
    for name, args in instructions(path):
        words = [a.strip() for a in re.sub(r"\[.*", "", args).split(",") if a.strip()]
        address = re.search(r"\[x0(?:, #(\d+))?\]", args)
        word = int(address.group(1) or 0) // 8 if address else None
        if name == "mrs":
            holds[words[0]] = words[1]
        elif name in ("str", "stp") and address:
            saved.update({holds.get(r): word + i for i, r in enumerate(words)})
        elif name in ("ldr", "ldp") and address:
            holds.update({r: word + i for i, r in enumerate(words)})
        elif name == "msr":
            loaded[words[0]] = holds.get(words[1])
            events.append("msr " + words[0])
        elif name == "orr":
            events.append("orr " + words[2].lstrip("#"))
        elif name in ("isb", "dsb"):
            events.append((name + " " + args).strip())
    want = table()
    found = ["%s saved to %s" % (r, saved.get(r)) for r in want if saved.get(r) != want[r]]
    found += ["%s is saved" % r for r in saved if r not in want]
    found += ["%s loaded from %s" % (r, loaded.get(r)) for r in want if loaded.get(r) != want[r]]
    found += ["%s is loaded" % r for r in loaded if r not in want and r not in ("mdcr_el2", "vttbr_el2", "hcr_el2")]
    if not re.fullmatch(ORDER, ",".join(events)):
        found.append("order: " + ",".join(events))
    return found


def contract(text):
    """What the proof's contract of ctx_switch (proof/machine/Events.v) says otherwise than the table; None: it is not
    there. It knows two registers, and that no word but those of the table's range changes."""
    ends = re.search(r"p <> from \\/ ~ (\d+) <= i < (\d+) ->", text)
    named = re.findall(r'r from (\d+) = reg_of w cpu "(\w+)"', text)
    if not ends or not named:
        return None
    want = table()
    bad = ["%s at %s" % (r, w) for w, r in named if want.get(r + "_el1") != int(w)]
    return bad + ["%s outside" % r for r, w in want.items() if not int(ends.group(1)) <= w < int(ends.group(2))]


def check(build):
    bad = problems(os.path.join(build, "world-switch.o"))
    verdict(not bad, "ctx_switch, instruction by instruction: the register table, and the order")
    print("".join("        %s\n" % b for b in bad), end="")
    said = contract(read(os.path.join(HERE, "..", "..", "proof", "machine", "Events.v")))
    if said is None:
        print("note    the proof has no contract of ctx_switch yet")
    else:
        bad += said
        verdict(not said, ", ".join(["the proof's contract of ctx_switch has the table's words"] + said))
    lines = 0
    for name in os.listdir(ARCH):
        if name.endswith((".S", ".inc")):
            text = re.sub(r"/\*.*?\*/", "", read(os.path.join(ARCH, name)), flags=re.S)
            lines += sum(1 for line in text.splitlines() if line.strip())
    verdict(lines <= MAX_LINES, "KCore's assembly: %d lines, at most %d" % (lines, MAX_LINES))
    return 1 if bad or lines > MAX_LINES else 0


def mutants():
    """(file, what is wrong, the file's text)"""
    generated = run([sys.executable, os.path.join(KCORE, "tools", "regs.py"), "asm", os.path.join(ARCH, "regs.def"),
                     os.path.join(KCORE, "include", "kcore", "abi.h")]).stdout
    for m in re.finditer(r"^\tmrs (\\tmp2?), (\w+)\n", generated, re.M):
        yield "regs_gen.h", m.group(2) + " not saved", generated.replace(m.group(0), "\tmov %s, xzr\n" % m.group(1))
    for m in re.finditer(r"^\tmsr (\w+), \\tmp2?\n", generated, re.M):
        yield "regs_gen.h", m.group(1) + " not loaded", generated.replace(m.group(0), "")
    text = read(os.path.join(ARCH, "vectors.S"))
    for m in re.finditer(r"^\t(?:st|ld)[pr]\t(x\d+(?:, x\d+)?), \[x0.*\n", text, re.M):
        way = "not saved" if m.group(0).startswith("\tst") else "not loaded"
        yield "vectors.S", m.group(1) + " " + way, text[:m.start()] + text[m.end():]
    for name, what, old, new in TEXTS:
        text = read(os.path.join(ARCH, name))
        assert text.count(old) == 1, "%s: '%s' is not there once" % (name, old)
        yield name, what, text.replace(old, new)


def noticed(build, number, mutant):
    """By whom: 'world.c', 'instructions', or nobody: ''"""
    name, _, text = mutant
    out = os.path.join(build, "world-mutant-%d" % number)
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(os.path.join(build, "world"), out)
    for f in ("switch.S", "vectors.S"):
        shutil.copy(os.path.join(ARCH, f), out)
    with open(os.path.join(out, name), "w", encoding="utf-8") as f:
        f.write(text)
    objects = []
    for f in ("switch", "vectors"):
        objects.append(os.path.join(out, f + ".o"))
        p = run(["aarch64-linux-gnu-gcc", "-D__ASSEMBLER__", "-I" + ARCH, "-I" + os.path.join(KCORE, "include"),
                 "-c", os.path.join(out, f + ".S"), "-o", objects[-1]])
        if p.returncode:
            return "does not assemble: " + p.stdout[-200:]
    same = [os.path.join(build, f) for f in sorted(os.listdir(build)) if re.fullmatch(r"world-.*\.o", f)
            and f not in ("world-switch.o", "world-vectors.o")]
    elf = os.path.join(out, "world.elf")
    p = run(["aarch64-linux-gnu-ld", "--no-warn-rwx-segments", "-T", os.path.join(HERE, "link.lds"), "-o", elf,
             os.path.join(build, "start.o")] + objects + same)
    if p.returncode:
        return "does not link: " + p.stdout[-200:]
    p = run([os.path.join(HERE, "emulate.sh"), elf, "cortex-a57", "1", "20"], env=dict(os.environ, LIMIT="20"))
    if "FAIL  " in p.stdout:
        return "world.c"
    return "instructions" if problems(objects[0]) else ""


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("check", "mutants"):
        sys.exit(__doc__)
    build, bad = os.path.abspath(sys.argv[2]), 0
    if sys.argv[1] == "check":
        return check(build)
    chosen = list(mutants())
    with ThreadPoolExecutor(2) as pool:
        for m, by in zip(chosen, pool.map(lambda a: noticed(build, *a), enumerate(chosen))):
            good = by in ("world.c", "instructions")
            bad += not good
            verdict(good, "wrong on purpose, %s: %s (%s)" % (m[0], m[1], by))
    return 1 if bad else 0


sys.exit(main())
