#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Builds what the demonstration adds to the host's image: build/demo/root, to be put over it.

The hostile module and the library of raw calls are those of tests/attack.
"""
import glob
import os
import shutil
import sys

sys.dont_write_bytecode = True
DEMO = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(DEMO)
sys.path.insert(0, os.path.join(ROOT, "tests", "attack"))
import lab  # noqa: E402

OUT = os.path.join(ROOT, "build", "demo")
TREE = os.path.join(OUT, "root")


def program(name, sources, *flags):
    """A static arm64 program, built again only when a source or header is newer."""
    path = os.path.join(OUT, name)
    if not os.path.exists(path) or os.path.getmtime(path) < lab.newest(
            DEMO, lab.HERE, os.path.join(ROOT, "kcore/include")):
        lab.sh([lab.CROSS + "gcc", "-static", "-O2", "-Wall", "-Wextra", "-Werror", *flags,
                "-I" + os.path.join(ROOT, "kcore/include"), "-o", path, *sources], "demo-" + name)
    return path


def install(path, *where, mode=0o755):
    target = os.path.join(*where)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copyfile(path, target)
    os.chmod(target, mode)


def main():
    os.makedirs(OUT, exist_ok=True)
    # The module is built apart from the attack tests', which may be running.
    lab.OUT = OUT
    lab.build_module()
    attacks = program("attacks", glob.glob(DEMO + "/host/*.c") +
                      [os.path.join(lab.HERE, f)
                       for f in ("cpu.c", "lib/kc.c", "lib/vm.c", "lib/guest.S")])
    secret = program("secret", [DEMO + "/guest/secret.c"])
    shutil.rmtree(TREE, ignore_errors=True)
    guest = os.path.join(OUT, "guest")
    shutil.rmtree(guest, ignore_errors=True)
    install(secret, guest, "usr/bin/secret")
    install(DEMO + "/guest/secret.sh", guest, "tests/secret.sh")
    os.makedirs(TREE + "/demo")
    lab.sh([ROOT + "/scripts/images.sh", "overlay", TREE + "/demo/guest.cpio", guest], "demo-guest")
    install(attacks, TREE, "usr/bin/attacks")
    install(DEMO + "/demo.sh", TREE, "tests/demo.sh")
    # /lib is a link to usr/lib there.
    install(OUT + "/module/kattack.ko", TREE, "usr/lib/kattack.ko", mode=0o644)


main()
