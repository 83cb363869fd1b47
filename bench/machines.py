# SPDX-License-Identifier: BSD-2-Clause
"""What the bench and its test share: the machines that are compared, one boot, its numbers."""
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests", "attack"))
import lab  # noqa: E402  build and cache folders, sh()

ROOT = lab.ROOT
OUT = os.path.join(ROOT, "build", "bench")
TESTS = ["hypercall", "io-kernel", "io-user", "ipi", "timer", "interrupt", "fault-4k", "fault-2m",
         "vm-create", "vm-destroy"]
KCORE_IMAGE = os.path.join(ROOT, "build/kcore/kcore.img")

# name: (KCore below it?, kernel parameters, kinds of VM: what bench.sh is told and the column's name)
MACHINES = {
    "kcore": (True, "", {"normal": "KCore normal", "protected": "KCore protected"}),
    "nvhe": (False, "kvm-arm.mode=nvhe", {"normal": "stock nVHE"}),
    "vhe": (False, "", {"normal": "stock VHE"}),
    "pkvm": (False, "kvm-arm.mode=protected", {"normal": "upstream normal", "pkvm": "upstream protected"}),
}
CPUS = {"cortex-a57": ["nvhe", "kcore", "pkvm"], "cortex-a76": ["nvhe", "vhe", "kcore", "pkvm"]}


def build():
    """Everything that a boot needs; nothing of it takes longer than seconds but a missing kernel."""
    os.makedirs(OUT, exist_ok=True)
    lab.ensure_image()
    lab.sh(["make", "-C", HERE, "build", "OUT=" + OUT], "bench-build")
    lab.sh(["make", "-C", os.path.join(ROOT, "kcore")], "bench-kcore")
    tree = os.path.join(OUT, "root")
    shutil.rmtree(tree, ignore_errors=True)
    for d in ("bin", "etc", "tests", "usr/bin", "usr/lib", "root", "dev", "proc", "sys", "tmp"):
        os.makedirs(os.path.join(tree, d))
    for src, dst in ((lab.BUSYBOX, "bin/busybox"), (os.path.join(ROOT, "images/init"), "init"),
                     (os.path.join(OUT, "vmm"), "usr/bin/bench"),
                     (os.path.join(OUT, "guest.bin"), "usr/lib/guest.bin"),
                     (os.path.join(HERE, "bench.sh"), "tests/bench.sh")):
        shutil.copy(src, os.path.join(tree, dst))
    for name, text in (("role", "host\n"), ("passwd", "root:x:0:0:root:/root:/bin/sh\n"),
                       ("group", "root:x:0:\n")):
        with open(os.path.join(tree, "etc", name), "w", encoding="utf-8") as f:
            f.write(text)
    lab.sh([os.path.join(ROOT, "scripts/images.sh"), "overlay", os.path.join(OUT, "initrd.cpio"), tree],
           "bench-initrd")


def boot(cpu, machine, batches, less, kinds=None, tests=None, profile=None, limit=900, tag=""):
    """One boot: ({kind: {test: [instructions an operation, one for each batch]}}, problems)."""
    kcore, parameters, all_kinds = MACHINES[machine]
    kinds = kinds or list(all_kinds)
    log = os.path.join(ROOT, "build/log", f"bench-{cpu}-{machine}{tag}.log")
    args = ["+".join(kinds), str(batches), str(less)] + (["+".join(tests)] if tests else [])
    cmd = [os.path.join(ROOT, "scripts/qemu-host.sh"), "--image", lab.IMAGE,
           "--initrd", os.path.join(OUT, "initrd.cpio"), "--smp", "2", "--cpu", cpu, "--mem", "1G",
           "--icount", "--run", "bench", "--args", ",".join(args),
           "--append", ("nokaslr " + parameters).strip(), "--timeout", str(limit), "--log", log, "--quiet"]
    cmd += ["--kcore", KCORE_IMAGE] if kcore else ["--plain"]
    if profile:
        cmd += ["--", "-plugin", f"{os.path.join(OUT, 'profile.so')},out={profile}"]
    null = subprocess.DEVNULL
    code = subprocess.call(cmd, stdout=null, stderr=null, stdin=null)
    with open(log, encoding="utf-8", errors="replace") as f:
        console = f.read().replace("\r", "")
    found, problems, kind = {}, [], None
    for line in console.splitlines():
        m = re.match(r"KIND (\w+)$", line)
        if m:
            kind = m.group(1)
            found[kind] = {}
        m = re.match(r"BENCH (\S+) (\d+) (\d+) (\d+)$", line)
        if m and kind:
            found[kind].setdefault(m.group(1), []).append(int(m.group(3)) / int(m.group(4)))
        if re.search("^FAILED|^bench: |WARNING:|BUG:|Internal error|Kernel panic", line):
            problems.append(f"{cpu} {machine} {kind}: {line}")
    if code != 0:
        problems.append(f"{cpu} {machine}: ended with status {code}, log {os.path.relpath(log, ROOT)}")
    return found, problems
