#!/usr/bin/env python3
"""What emulation cannot show: the memory accesses, barriers and maintenance instructions of each primitive,
in the compiled code, in order, on every path.

  sequences.py OBJECT ENTRY    the compiled primitives.c and KCore's entry.S; prints a line for each
"""
import re
import subprocess
import sys

# The compiled loops can be left before their first round: paths say the order, LOOPS that there is a loop.
FENCE = "dsb ish,ic ialluis,dsb ish,isb"
CLEAN_FEW = "(dc civac,){0,7}" + FENCE
# Lines of 64 bytes, all 64 of them; others, two a round. Both ways must be there.
CLEAN_64, CLEAN_ANY = "(dc civac,){64}" + FENCE, "(dc civac,){1,7}" + FENCE
LOOPS = {"page_zero": ["dc zva", "dc civac"], "page_sync": ["dc civac"], "page_copy": ["str x", "dc civac"]}
# Every path must match as a whole; every alternative that is listed must be there.
WANT = {
    "lock_ticket": ["(ldaxr w,stxr w,)*ldaxr w,stxr w"],
    "lock_await": ["sevl,(wfe,ldaxr w,)*wfe,ldaxr w"],
    "lock_serving": ["ldr w"],
    "lock_serve": ["stlr w"],
    "pg_get": ["ldr x"],
    "pg_set": ["str x"],
    "meta_get": ["ldr x"],
    "meta_set": ["str x"],
    "pte_get": ["ldr x"],
    "pte_set": ["stlr x"],
    "page_zero": ["(dc zva,dc civac,){64}" + FENCE, "(dc zva,){0,7}" + CLEAN_FEW, "(dc zva,){1,7}" + CLEAN_ANY],
    "page_sync": [CLEAN_FEW, CLEAN_64, CLEAN_ANY],
    "page_copy": ["(ldr x,str x,)+" + CLEAN_FEW, "(ldr x,str x,)+" + CLEAN_64],
    "tlb_inval_vm": [
        "mrs vttbr_el2,mrs tcr_el1,mrs sctlr_el1,dsb ishst,tlbi vmalls12e1is,dsb ish,isb",
        "mrs vttbr_el2,mrs tcr_el1,mrs sctlr_el1,dsb ishst,"
        "msr tcr_el1,isb,msr sctlr_el1,isb,msr vttbr_el2,isb,tlbi vmalls12e1is,dsb ish,isb,"
        "msr vttbr_el2,isb,msr sctlr_el1,isb,msr tcr_el1,isb"],
    "tlb_inval_local": ["tlbi vmalle1,ic iallu,dsb nsh,isb"],
}
# EL2's MMU goes on: first, entries of every VMID go that a reset may have left.
ENTRY = {"mmu_on": ["msr mair_el2,msr tcr_el2,msr ttbr0_el2,isb,tlbi alle2,tlbi alle1,ic iallu,dsb sy,isb,"
                    "msr sctlr_el2,isb"]}
# Bits that a primitive sets in registers: SCTLR_EL1.M, TCR_EL1.EPD0 and EPD1.
BITS = {"tlb_inval_vm": 1 | 1 << 7 | 1 << 23}
ACCESS = re.compile(r"^(ld|st)[a-z]+$")


def event(name, args):
    """What a reader of the architecture manual sees of an instruction, or None."""
    first = args.split(",")[0].strip()
    if name in ("dsb", "dmb", "isb"):
        return (name + " " + first).strip() if name != "isb" else "isb"
    if name in ("wfe", "sevl", "sev", "wfi"):
        return name
    if name in ("tlbi", "ic", "dc"):
        return name + " " + first
    if name == "mrs":
        register = args.split(",")[1].strip()
        return None if register in ("ctr_el0", "dczid_el0") else "mrs " + register  # constants
    if name == "msr":
        return "msr " + first
    if ACCESS.match(name) and "[sp" not in args:  # the stack is nobody else's
        # the status register of a store-exclusive is not what it stores
        data = args.split(",")[1].strip() if name.startswith("stx") or name.startswith("stlx") else first
        return re.sub("^(ld|st)ur", r"\1r", name) + " " + data[0]
    return None


def functions(path):
    text = subprocess.run(["aarch64-linux-gnu-objdump", "-d", "--no-show-raw-insn", path], check=True,
                          capture_output=True, text=True).stdout
    out, name = {}, None
    for line in text.splitlines():
        head = re.match(r"^[0-9a-f]+ <(?:do_)?([\w.]+)>:$", line)
        if head:
            name = head.group(1)
            out[name] = []
            continue
        m = re.match(r"^\s*([0-9a-f]+):\s+(\S+)\s*(.*?)(?:\s*//.*)?$", line)
        if m and name:
            out[name].append((int(m.group(1), 16), m.group(2), m.group(3)))
    return out


def constant_bits(code):
    """All bits of constants that are made or set."""
    bits = 0
    for _, name, args in code:
        m = re.fullmatch(r"(?:[wx]\d+, )+#(0x[0-9a-f]+)(?:, lsl #(\d+))?", args)
        if m and name in ("orr", "mov", "movk"):
            bits |= int(m.group(1), 16) << int(m.group(2) or 0)
    return bits


def paths(code, helpers):
    """The events of each path to a return; a path takes each branch at most once in each direction. Calls of
    helpers (by address) are part of the path."""
    at = {a: i for i, (a, _, _) in enumerate(code)}
    found = set()

    def go(i, events, taken):
        while True:
            address, name, args = code[i]
            if name == "ret":
                found.add(",".join(events))
                return
            target = re.search(r"\b([0-9a-f]+) <", args)
            t = int(target.group(1), 16) if target else None
            if name in ("b", "bl") and t in helpers:
                for called in paths(helpers[t], helpers):
                    after = events + [e for e in called.split(",") if e]
                    if name == "b":
                        found.add(",".join(after))
                    else:
                        go(i + 1, after, taken)
                return
            if name == "b" or name.startswith("b.") or name in ("cbz", "cbnz", "tbz", "tbnz"):
                t = at[t]
                for way in [t] if name == "b" else [t, i + 1]:
                    if (address, way) not in taken:
                        go(way, events, taken | {(address, way)})
                return
            if name in ("bl", "blr", "br"):
                raise SystemExit("a primitive calls: " + name + " " + args)
            e = event(name, args)
            events = events + [e] if e else events
            i += 1

    go(0, [], frozenset())
    return found


def main():
    code, bad = functions(sys.argv[1]), 0
    WANT.update(ENTRY)
    helpers = {c[0][0]: c for name, c in code.items() if "_lines" in name}
    code.update({name: functions(sys.argv[2])[name] for name in ENTRY})
    for name, want in WANT.items():
        got = paths(code[name], helpers)
        odd = [p for p in got if not any(re.fullmatch(w, p) for w in want)]
        absent = [w for w in want if not any(re.fullmatch(w, p) for p in got)]
        if not any(set(LOOPS.get(name, [])) <= set(p.split(",")) for p in got):
            absent.append(" and ".join(LOOPS[name]))
        bits = constant_bits(code[name])
        if name in BITS and bits != BITS[name]:
            odd.append("sets bits %#x" % bits)
        if odd or absent:
            bad += 1
            print("FAIL    instructions of " + name)
            print("        " + "\n        ".join(odd or ["never: " + absent[0]]))
        else:
            print("ok      instructions of %s" % name)
    sys.exit(1 if bad else 0)


main()
