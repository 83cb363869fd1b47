# SPDX-License-Identifier: BSD-2-Clause
"""What the runners of tests/attack, broken and vmm share: build, boot, read the console."""
import os
import re
import secrets
import shutil
import subprocess
import sys
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
HERE = os.path.join(ROOT, "tests", "attack")
OUT = os.path.join(ROOT, "build", "attack")
CACHE = os.environ.get("REDOUBT_CACHE", os.path.expanduser("~/.cache/redoubt"))
BUSYBOX = os.path.join(CACHE, "arm64/qemu/root/usr/bin/busybox")
IMAGE = os.path.join(ROOT, "build/kernel/arch/arm64/boot/Image")
CROSS = "aarch64-linux-gnu-"
SECRET_MASK = 0x5CA1AB1E0DDBA115
M64 = (1 << 64) - 1


def sh(cmd, log, **kw):
    """Run a command with its output in build/log/LOG.log; stop with a message when it fails."""
    os.makedirs(os.path.join(ROOT, "build/log"), exist_ok=True)
    path = os.path.join(ROOT, "build/log", log + ".log")
    with open(path, "w", encoding="utf-8") as f:
        code = subprocess.call(cmd, stdout=f, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **kw)
    if code != 0:
        tail = open(path, encoding="utf-8", errors="replace").read().splitlines()[-12:]
        sys.exit("\n".join([f"FAILED: {' '.join(cmd)}"] + ["    | " + t for t in tail] +
                           [f"log:  {path}", "next: correct the error in the log, then repeat"]))


def secret_word(nonce, i):
    """Word i of the secret that a guest makes of its nonce (splitmix64, lib/guest.S)."""
    z = (nonce + (i + 1) * 0x9E3779B97F4A7C15) & M64
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & M64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & M64
    return z ^ (z >> 31)


class Nonce:
    """A fresh secret: what the attacker is told of it, and what only we know."""

    def __init__(self):
        self.nonce = secrets.randbits(64)
        self.words = [secret_word(self.nonce, i) for i in range(4)]
        self.text = "".join(f"{w:016x}" for w in self.words)
        # Little-endian bytes, as they would lie in memory.
        self.bytes = b"".join(w.to_bytes(8, "little") for w in self.words)
        self.args = [f"{self.nonce:x}"] + [f"{w ^ SECRET_MASK:x}" for w in self.words]


def test_names():
    """The tests in the order in which they run."""
    names = []
    for group in ("calls", "state", "guest", "pkvm", "leak", "race", "kvm", "cpu"):
        with open(os.path.join(HERE, group + ".c"), encoding="utf-8") as f:
            names += re.findall(r'^\s+\{ ?"(\w+)",', f.read(), re.M)
    return [n for n in names if n != "live_at_reset"]


def ensure_image():
    if not os.path.exists(IMAGE):
        sh([os.path.join(ROOT, "scripts/kernel.sh")], "attack-kernel")
    if not os.path.exists(BUSYBOX):
        sh([os.path.join(ROOT, "scripts/fetch.sh")], "attack-fetch")


def newest(*dirs):
    return max(os.path.getmtime(os.path.join(d, f)) for top in dirs
               for d, _, files in os.walk(top) for f in files)


def build_module():
    src, dst = os.path.join(HERE, "module"), os.path.join(OUT, "module")
    build = os.path.realpath(os.path.join(ROOT, "build/kernel"))
    stamp = os.path.join(dst, "built-for")
    if os.path.exists(os.path.join(dst, "kattack.ko")) and os.path.exists(stamp) and \
            open(stamp, encoding="utf-8").read() == build and os.path.getmtime(stamp) > newest(src):
        return
    shutil.rmtree(dst, ignore_errors=True)
    shutil.copytree(src, dst)
    sh(["make", "-C", build, f"M={dst}", "ARCH=arm64", "CROSS_COMPILE=" + CROSS, "modules"],
       "attack-module")
    with open(stamp, "w", encoding="utf-8") as f:
        f.write(build)


def build_program():
    src = sorted(os.path.join(d, f) for d in (HERE, os.path.join(HERE, "lib"))
                 for f in os.listdir(d) if f.endswith((".c", ".S")))
    sh([CROSS + "gcc", "-static", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread",
        "-I" + os.path.join(ROOT, "kcore/include"), "-o", os.path.join(OUT, "attack")] + src,
       "attack-program")


def build_vmm():
    sh(["make", "-C", os.path.join(ROOT, "vmm"), "OUT=" + OUT], "attack-vmm")


def build_initrd():
    """A host image of busybox, the module and the attacks alone: it boots faster than the whole lab."""
    tree = os.path.join(OUT, "root")
    shutil.rmtree(tree, ignore_errors=True)
    for d in ("bin", "etc", "lib", "tests", "usr/bin", "usr/lib", "root", "dev", "proc", "sys", "tmp"):
        os.makedirs(os.path.join(tree, d))
    shutil.copy(BUSYBOX, os.path.join(tree, "bin/busybox"))
    shutil.copy(os.path.join(ROOT, "images/init"), os.path.join(tree, "init"))
    shutil.copy(os.path.join(OUT, "module/kattack.ko"), os.path.join(tree, "lib"))
    shutil.copy(os.path.join(OUT, "attack"), os.path.join(tree, "usr/bin"))
    shutil.copy(os.path.join(OUT, "vmm"), os.path.join(tree, "usr/bin"))
    shutil.copy(os.path.join(OUT, "guest.bin"), os.path.join(tree, "usr/lib"))
    shutil.copy(os.path.join(HERE, "attack.sh"), os.path.join(tree, "tests"))
    shutil.copy(os.path.join(ROOT, "tests/vmm/vmm.sh"), os.path.join(tree, "tests"))
    for name, text in (("role", "host\n"), ("passwd", "root:x:0:0:root:/root:/bin/sh\n"),
                       ("group", "root:x:0:\n")):
        with open(os.path.join(tree, "etc", name), "w", encoding="utf-8") as f:
            f.write(text)
    sh([os.path.join(ROOT, "scripts/images.sh"), "overlay", os.path.join(OUT, "initrd.cpio"), tree],
       "attack-initrd")


def build(kcore=True):
    os.makedirs(OUT, exist_ok=True)
    ensure_image()
    build_module()
    build_program()
    build_vmm()
    build_initrd()
    if kcore:
        sh(["make", "-C", os.path.join(ROOT, "kcore")], "attack-kcore")


def boot(log, cpus, nonce, tests=(), kcore=None, limit=240, more=(), script="attack", quiet=60,
         cpu="cortex-a57"):
    """
    One boot of the attacker; its console. kcore: image, or None for the same kernel without KCore. A
    machine that says nothing for quiet seconds once the attacks have begun is taken for dead.
    """
    cmd = [os.path.join(ROOT, "scripts/qemu-host.sh"), "--image", IMAGE,
           "--initrd", os.path.join(OUT, "initrd.cpio"), "--smp", str(cpus), "--cpu", cpu, "--mem", "512M",
           "--run", script, "--args", ",".join(list(nonce.args) + list(tests)),
           "--timeout", str(limit), "--log", log, "--quiet"]
    cmd += ["--kcore", kcore] if kcore else ["--plain"]
    if more:
        cmd += ["--"] + list(more)
    null = subprocess.DEVNULL
    with subprocess.Popen(cmd, stdout=null, stderr=null, stdin=null) as p:
        size, since = 0, time.time()
        while p.poll() is None:
            time.sleep(0.2)
            now = os.path.getsize(log) if os.path.exists(log) else 0
            if now != size:
                size, since = now, time.time()
            elif time.time() - since > quiet and b"BEGIN " in open(log, "rb").read():
                p.terminate()
                break
        code = p.wait()
    with open(log, encoding="utf-8", errors="replace") as f:
        return code, f.read().replace("\r", "")


def parse(console, nonce):
    """{test: {rows, promise, verdict, text, leaks}}; a test without a result is DIED."""
    tests, notes = {}, []
    for line in console.splitlines():
        m = re.match(r"BEGIN (\w+) rows=(\S+) cpus=\d+: (.*)", line)
        if m:
            tests[m.group(1)] = {"rows": m.group(2), "promise": m.group(3), "verdict": "DIED",
                                 "text": "no result: the machine stopped", "leaks": []}
            continue
        m = re.match(r"RESULT (\w+) (HELD|WON|ERROR|SKIP) ?(.*)", line)
        if m and m.group(1) in tests:
            tests[m.group(1)].update(verdict=m.group(2), text=m.group(3))
            continue
        m = re.match(r"LEAK (\w+) ([0-9a-f]{64}) (.*)", line)
        if m and m.group(1) in tests:
            # Only who knows the secret can say whether this is it.
            tests[m.group(1)]["leaks"].append({"where": m.group(3), "real": m.group(2) == nonce.text})
            continue
        if line.startswith("NOTE "):
            notes.append(line[5:])
    for t in tests.values():
        if t["verdict"] == "WON" and t["leaks"] and not any(x["real"] for x in t["leaks"]):
            t.update(verdict="ERROR", text="claims a leak, but not the secret's bytes: " + t["text"])
    return tests, notes


def boot_and_look(log, nonce, kcore, reset, limit=60):
    """Boot with a VM alive at power off or reset, then look for its secret in the machine's RAM."""
    ram = log + ".ram"
    args = ["live_at_reset"] + (["REBOOT"] if reset else [])
    more = ["-object", f"memory-backend-file,id=ram,size=512M,mem-path={ram},share=on",
            "-machine", "memory-backend=ram"]
    try:
        _, console = boot(log, 1, nonce, args, kcore, limit, more)
        tests, _ = parse(console, nonce)
        t = tests.get("live_at_reset", {"rows": "44", "promise": "nothing of a VM is in RAM after a reset",
                                        "verdict": "DIED", "text": "the test did not start", "leaks": []})
        if "RESULT live_at_reset" not in console:
            return t
        with open(ram, "rb") as f:
            data = f.read()
        found = data.count(nonce.bytes)
        if found:
            t.update(verdict="WON", text=f"the secret is {found} times in RAM after the machine went down")
        elif data.strip(b"\0"):
            t.update(verdict="HELD", text="")
        else:
            t.update(verdict="ERROR", text="the memory file is empty: nothing was looked at")
        return t
    finally:
        if os.path.exists(ram):
            os.unlink(ram)
