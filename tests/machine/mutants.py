#!/usr/bin/env python3
"""Would the tests notice? Each entry of MUTANTS makes one function of prim_inline.h,
prim_lock_inline.h or desc.h wrong, in the real text, and one test must fail. Prints a line for each.

  mutants.py BUILD [WORD]    BUILD: the folder with the compiler's flags; WORD: only those whose name has it
"""
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
KCORE = os.path.join(HERE, "..", "..", "kcore")
KCORE_ARM64 = os.path.join(KCORE, "arch", "arm64")
HALVES = ("((volatile u32 *)%s)[0] = (u32)val;\n\t((volatile u32 *)%s)[1] = (u32)(val >> 32);")
SYNC = "PAGE_LINES(civac, page_of(pfn), 4096ul, 4ul << CLEAN_SHIFT);"
SYNC_64 = "PAGE_LINES_64(64, \"	dc civac, %0\\n\", page_of(pfn));"
DSB_IC = "CLEAN_FENCE"
TLBI = '"tlbi vmalls12e1is\\n	dsb ish\\n	isb"'
STLR_PTE = '__asm__ volatile("stlr %0, [%1]" : : "r"(val), "r"(word_of(pfn, idx)) : "memory");'
PG = "*word_of(pfn, idx)"
META = "*(volatile u64 *)(EL2_META_BASE + (pfn << 3))"
ENTER = "\t\tMSR(vttbr_el2, vttbr);\n\t\t__asm__ volatile(\"isb\");\n"

# what is wrong, primitive, old text, new text, program, line or lines that must fail
# (program 'sequence': the compiled instructions; 'tlb' and 'walk': the judge must say no; 'P, CPU': on that CPU)
MUTANTS = [
    # what a program sees
    ("another word", "pg_get", PG, "*word_of(pfn, idx & 255ul)", "prims",
     "pg_get reads the word of the page"),
    ("half of the value", "pg_set", "= val", "= (u32)val", "prims", "pg_set writes that word alone"),
    ("two words", "pg_set", PG + " = val;", PG + " = val;\n\t*word_of(pfn, idx ^ 1ul) = val;", "prims",
     "pg_set writes that word alone"),
    ("another page", "pte_get", "word_of(pfn, idx)", "word_of(pfn & ~1ul, idx)", "prims",
     "pte_get reads the word of the page"),
    ("another word", "pte_set", "word_of(pfn, idx)", "word_of(pfn, idx ^ 1ul)", "prims",
     "pte_set writes that word alone"),
    ("nothing written", "pte_set", STLR_PTE, "(void)pfn;\n\t(void)idx;\n\t(void)val;", "prims",
     "walkers see what pte_set writes"),
    ("another page", "meta_get", "pfn << 3", "(pfn & ~1ul) << 3", "prims",
     "meta_get reads the page's state word"),
    ("a bit more", "meta_set", "= val", "= val | 1ul", "prims", "meta_set writes that word alone"),
    ("all but the last eight lines", "page_zero", "PAGE_LINES_64(64", "PAGE_LINES_64(56", "prims",
     "page_zero zeroes the page alone"),
    ("one line more", "page_zero", "PAGE_LINES_64(64", "PAGE_LINES_64(65", "prims",
     "page_zero zeroes the page alone"),
    ("all but the last four large blocks", "page_zero_lines", "4096ul", "3072ul", "prims, a64fx",
     "page_zero zeroes the page alone"),
    ("zeroes instead", "page_sync", "dc civac", "dc zva", "prims", "page_sync leaves all words as they are"),
    ("all but the last word", "page_copy", "512ul", "511ul", "prims",
     "page_copy copies the page, and writes no other"),
    ("the wrong way", "page_copy", "*word_of(dst, i) = *word_of(src, i)",
     "*word_of(src, i) = *word_of(dst, i)", "prims",
     "after page_copy, EL1 runs what was copied"),
    ("does not wait", "lock_await", "b.ne 1b", "nop", "prims",
     ["spin_lock keeps the other CPU out", "two CPUs are never inside at once, and lose no increment"]),
    ("no new ticket", "lock_ticket", "add %w1, %w0, #1", "add %w1, %w0, #0", "prims",
     "spin_lock keeps the other CPU out"),
    ("as if tickets did not wrap", "lock_await", "b.ne 1b", "b.lo 1b", "prims",
     "two CPUs are never inside at once, and lose no increment"),
    ("does not release", "lock_serve", "\"r\"(ticket)", "\"r\"(ticket - 1u)", "prims",
     "spin_unlock lets the next one in"),
    ("the wrong word", "lock_serving", "lock_word[id][1]", "lock_word[id][0]", "prims",
     "spin_unlock lets the next one in"),
    ("no TLBI", "tlb_inval_vm", "tlbi vmalls12e1is\\n	", "", "inval",
     ["the invalidating CPU uses the new translation", "so does the other CPU",
     "a frozen leaf is out of reach",
      "after unmapping and invalidation a page stays as it is"]),
    ("this CPU alone", "tlb_inval_vm", "vmalls12e1is", "alle1", "inval",
     ["so does the other CPU", "so it does when another VMID was current"]),
    ("stage 2 without combined entries", "tlb_inval_vm", "tlbi vmalls12e1is", "tlbi ipas2e1is, xzr",
     "inval",
     ["the invalidating CPU uses the new translation", "so it does when another VMID was current"]),
    ("VTTBR_EL2 stays", "tlb_inval_vm", "MSR(vttbr_el2, old_vttbr);", "", "inval",
     "tlb_inval_vm leaves the registers as they were"),
    ("SCTLR_EL1 stays", "tlb_inval_vm", "MSR(sctlr_el1, old_sctlr);", "MSR(sctlr_el1, 1ul);", "inval",
     "tlb_inval_vm leaves the registers as they were"),
    ("TCR_EL1 stays", "tlb_inval_vm", "MSR(tcr_el1, old_tcr);", "", "inval",
     "tlb_inval_vm leaves the registers as they were"),
    ("no TLBI", "tlb_inval_local", "tlbi vmalle1\\n	", "", "inval",
     "tlb_inval_local drops this CPU's entries of the current VMID"),
    ("no TLBI", "tlb_inval_vm", "tlbi vmalls12e1is\\n	", "", "tlb", ""),
    ("this CPU alone", "tlb_inval_vm", "vmalls12e1is", "alle1", "tlb", ""),
    ("stage 2 without combined entries", "tlb_inval_vm", "tlbi vmalls12e1is", "tlbi ipas2e1is, xzr",
     "tlb", ""),
    ("VMIDs are not told apart", "tlb_inval_vm", "", "", "tlb", "-DONE_VMID"),
    ("always writable", "attr_lent", "((prot & 3ul) << 6)", "(3ul << 6)", "inval",
     "leaves as KCore writes them allow what they should"),
    ("always executable", "attr_lent", "(((prot >> 2) ^ 1ul) << 54)", "0ul", "inval",
     "leaves as KCore writes them allow what they should"),
    ("still valid", "desc_freeze", "~DESC_TYPE", "~0ul", "inval", "a frozen leaf is out of reach"),
    ("39-bit addresses", "tlb_inval_vm", "", "", "walk", "-DVTCR_MORE=1ul"),
    ("walkers write", "tlb_inval_vm", "", "", "walk", "-DVTCR_MORE=(3ul<<21)"),
    # what it does not see
    ("two stores", "pg_set", PG + " = val;", HALVES % (("word_of(pfn, idx)",) * 2), "sequence", ""),
    ("two stores", "pte_set", STLR_PTE, HALVES % (("word_of(pfn, idx)",) * 2), "sequence", ""),
    ("two stores", "meta_set", META + " = val;", HALVES % (("(EL2_META_BASE + (pfn << 3))",) * 2),
     "sequence", ""),
    ("two loads", "pte_get", "return " + PG, "(void)%s;\n\treturn %s" % (PG, PG), "sequence", ""),
    ("two loads", "meta_get", "return " + META, "(void)%s;\n\treturn %s" % (META, META), "sequence", ""),
    ("no acquire", "lock_await", "ldaxr", "ldxr", "sequence", ""),
    ("not exclusive", "lock_ticket", "stxr %w2, %w1, [%3]\\n", "str %w1, [%3]\\n	mov %w2, wzr\\n",
     "sequence", ""),
    ("no release", "lock_serve", "stlr", "str", "sequence", ""),
    ("no release", "pte_set", "stlr", "str", "sequence", ""),
    ("no cache maintenance", "page_zero_lines", "page_sync_lines(pfn);", ";", "sequence", ""),
    ("not cleaned", "page_zero", "	dc civac, %0\\n", "", "sequence", ""),
    ("no barriers", "page_zero", "__asm__ volatile(CLEAN_FENCE : : : \"memory\");", "", "sequence", ""),
    ("no cache maintenance", "page_copy", "\tpage_sync(dst);\n", "", "sequence", ""),
    ("lines of 64 bytes not cleaned", "page_sync", SYNC_64, ";", "sequence", ""),
    ("lines of 64 bytes not invalidated", "page_sync", "dc civac", "dc cvac", "sequence", ""),
    ("one line of 64 bytes not cleaned", "page_sync", "(64", "(63", "sequence", ""),
    ("data not cleaned", "page_sync_lines", SYNC, ";", "sequence", ""),
    ("not invalidated", "page_sync_lines", SYNC, SYNC.replace("civac", "cvac"), "sequence", ""),
] + [m for f in ("page_zero", "page_sync", "page_sync_lines") for m in (
    ("instruction caches stay", f, DSB_IC, '"dsb ish\\n	isb"', "sequence", ""),
    ("this CPU's instruction cache alone", f, DSB_IC, '"dsb ish\\n	ic iallu\\n	dsb ish\\n	isb"',
     "sequence", ""),
    ("no barrier before", f, DSB_IC, '"ic ialluis\\n	dsb ish\\n	isb"', "sequence", ""),
    ("no barrier after", f, DSB_IC, '"dsb ish\\n	ic ialluis\\n	isb"', "sequence", ""),
)] + [
    ("no barrier before", "tlb_inval_vm", '"dsb ishst"', '""', "sequence", ""),
    ("no completion", "tlb_inval_vm", TLBI, '"tlbi vmalls12e1is\\n	isb"', "sequence", ""),
    ("no synchronisation", "tlb_inval_vm", TLBI, '"tlbi vmalls12e1is\\n	dsb ish"', "sequence", ""),
    ("this CPU alone", "tlb_inval_vm", "vmalls12e1is", "vmalls12e1", "sequence", ""), # QEMU broadcasts it
    ("one kind of stage-1 walk stays open", "tlb_inval_vm", " | (1ul << 23)", "", "sequence", ""),
    ("stage 1 alone", "tlb_inval_vm", "vmalls12e1is", "vmalle1is", "sequence", ""),
    ("the current VMID", "tlb_inval_vm", ENTER, "", "sequence", ""),
    ("the VMID not in effect", "tlb_inval_vm", ENTER, "\t\tMSR(vttbr_el2, vttbr);\n", "sequence", ""),
    ("stage-1 walks stay open", "tlb_inval_vm", "MSR(tcr_el1, old_tcr | (1ul << 7) | (1ul << 23));", "",
     "sequence", ""),
    ("instruction cache stays", "tlb_inval_local", "ic iallu\\n	", "", "sequence", ""),
    ("no completion", "tlb_inval_local", "dsb nsh\\n	", "", "sequence", ""),
]


def mutate(text, function, old, new):
    m = re.search(r"^(?:PRIM|PRIM_CALLED|static inline) [\w ]*\b%s\(.*?^}\n" % function, text, re.S | re.M)
    assert m, "no " + function
    assert not old or m.group(0).count(old) == 1, "%s: '%s' is not there once" % (function, old)
    return text[:m.start()] + (m.group(0).replace(old, new) if old else m.group(0)) + text[m.end():]


def run(args, **kw):
    return subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **kw)


def noticed(build, number, mutant):
    what, function, old, new, program, line = mutant
    out = os.path.join(build, "mutant-%d" % number)
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    folder, header = KCORE_ARM64, "prim_inline.h"
    if function.startswith("lock_"):
        header = "prim_lock_inline.h"
    elif function.startswith(("desc_", "attr_")):
        folder, header = KCORE, "mm/desc.h"
    with open(os.path.join(folder, header), encoding="utf-8") as f:
        text = mutate(f.read(), function, old, new)
    os.makedirs(os.path.join(out, os.path.dirname(header)), exist_ok=True)
    with open(os.path.join(out, header), "w", encoding="utf-8") as f:
        f.write(text)
    with open(os.path.join(build, "flags"), encoding="utf-8") as f:
        cc = [w for w in f.read().split() if w != "-Werror"]
    with open(os.path.join(out, "flags"), "w", encoding="utf-8") as f:
        f.write(" ".join(cc) + "\n")
    flags = ["-I" + out] + ([line] if line[:2] == "-D" else [])
    if program == "sequence":
        obj = os.path.join(out, "primitives.o")
        p = run([cc[0]] + flags + cc[1:] + ["-c", os.path.join(HERE, "primitives.c"), "-o", obj])
        if p.returncode != 0:
            return "does not compile: " + p.stdout[-300:]
        entry = os.path.join(build, "arch", "arm64", "entry.o")
        p = run([sys.executable, os.path.join(HERE, "sequences.py"), obj, entry])
        # a helper's instructions are those of the primitive that calls it
        name = function.replace("_lines", "")
        return "" if "FAIL    instructions of " + name + "\n" in p.stdout else "instructions look right"
    program, _, cpu = program.partition(", ")
    p = run([os.path.join(HERE, "build.sh"), out, program] + flags)
    if p.returncode != 0:
        return "does not compile: " + p.stdout[-300:]
    elf = os.path.join(out, program + ".elf")
    cpu = "max,pauth-impdef=on" if program == "walk" else cpu or "cortex-a57"
    emulate = [os.path.join(HERE, "emulate.sh"), elf, cpu, "1"]
    if program in ("tlb", "walk"):
        log = os.path.join(out, "log")
        with open(log, "w", encoding="utf-8") as f:
            subprocess.run(emulate + ["20", "single"], stdout=f, check=False)
        p = run([os.path.join(build, "..", "judge"), program, log])
        said = p.returncode == 1 and ("allowed:" in p.stdout or "by the model" in p.stdout)
        return "" if said else "the judge says: " + p.stdout[-300:]
    lines = {"FAIL    " + w for w in ([line] if isinstance(line, str) else line)}
    last = ""
    with subprocess.Popen(emulate + ["1"], stdout=subprocess.PIPE, text=True,
                          env=dict(os.environ, LIMIT="120")) as p:
        for last in p.stdout:
            lines.discard(last.strip())
            if not lines:
                p.terminate()
                return ""
    return "never: %s; last line: %s" % (", ".join(lines), last)


def main():
    build = os.path.abspath(sys.argv[1])
    chosen = [m for m in MUTANTS if len(sys.argv) < 3 or sys.argv[2] in m[1] + m[0] + m[4]]
    with ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda a: noticed(build, *a), enumerate(chosen))
        for m, why in zip(chosen, results):
            print("%s wrong on purpose, %s: %s (%s)" % ("FAIL   " if why else "ok     ", m[1], m[0],
     m[4]), flush=True)
            if why:
                print("        " + why.replace("\n", "\n        "))


main()
