# SPDX-License-Identifier: BSD-2-Clause
"""Where the instructions of an operation go: the plugin's blocks (profile.c), by level and function."""
import bisect
import os
import re
import subprocess

import machines

BATCHES = 2  # the last one counts
TOP = 40
# Test of each pair of marks, in the order in which bench.sh runs them
ORDER = [t for t in machines.TESTS if not t.startswith("vm-")]


class Symbols:
    """Names of addresses, of the kernel or of KCore."""

    def __init__(self, text, offset=0):
        rows = re.findall(r"^([0-9a-f]+) [tTwW] (\S+)$", text, re.M)
        table = sorted((int(a, 16) + offset, n) for a, n in rows)
        self.addrs = [a for a, _ in table]
        self.names = [n for _, n in table]

    def name(self, addr):
        i = bisect.bisect_right(self.addrs, addr) - 1
        return self.names[i] if i >= 0 else f"{addr:x}"


def symbols():
    with open(os.path.join(machines.ROOT, "build/kernel/System.map"), encoding="utf-8") as f:
        kernel = Symbols(f.read())
    elf = os.path.join(machines.ROOT, "build/kcore/kcore.elf")
    text = subprocess.check_output([machines.lab.CROSS + "nm", elf], text=True)
    return kernel, Symbols(text, 0x40200000)  # where QEMU loads an Image without a text offset


def operations(test):
    """As bench.sh has them."""
    return {"hypercall": 1000, "io-kernel": 1000, "io-user": 500, "fault-4k": 500, "ipi": 300, "timer": 100,
            "interrupt": 100, "fault-2m": 4}.get(test, 1)


def batches(path):
    """[([instructions by level], [(level, address, instructions)])] in order."""
    found = []
    with open(path, encoding="utf-8") as f:
        for line in f:
            word = line.split()
            if word[0] == "batch":
                found.append(([int(w) for w in word[1:]], []))
            else:
                found[-1][1].append((int(word[1]), int(word[2], 16), int(word[3])))
    return found


def last_batch(path):
    """[(level, address, instructions, VMID)] of the last batch."""
    found = []
    with open(path, encoding="utf-8") as f:
        for line in f:
            word = line.split()
            if word[0] == "batch":
                found = []
            else:
                found.append((int(word[1]), int(word[2], 16), int(word[3]), int(word[4])))
    return found


def measure(cpu, machine, kind, raw):
    """{test: {levels: [by operation], functions: [[level, name, by operation]]}} of one kind of VM."""
    _, problems = machines.boot(cpu, machine, BATCHES, 1, kinds=[kind], profile=raw, tag="-profile")
    if problems:
        raise SystemExit("\n".join(["[bench] FAILED, with the profiler:"] + problems))
    kernel, kcore = symbols()
    over_kcore = machines.MACHINES[machine][0]
    # The first VM of bench.sh, then BATCHES of each test; VMs are created and destroyed in turn.
    order = ["", ""] + [t for t in ORDER for _ in range(BATCHES)] + ["vm-create", "vm-destroy"] * BATCHES
    found = batches(raw)
    if len(found) != len(order):
        raise SystemExit(f"[bench] FAILED: {len(found)} batches in {raw}, not {len(order)}")
    result = {}
    for test, (levels, blocks) in zip(order, found):
        if not test:
            continue
        n = operations(test)
        count = {}
        for level, addr, instructions in blocks:
            if level == 0 or addr < 1 << 32 and not (level == 2 and over_kcore):
                key = (level, "(user space)" if level == 0 else "(guest)" if level == 1 else "(EL2)")
            else:
                key = (level, (kcore if level == 2 and over_kcore else kernel).name(addr))
            count[key] = count.get(key, 0) + instructions
        top = sorted(count.items(), key=lambda kv: -kv[1])[:TOP]
        result[test] = {"levels": [v / n for v in levels],
                        "functions": [[level, name, v / n] for (level, name), v in top]}
    os.unlink(raw)
    return result
