#!/usr/bin/env python3
"""Prints the shared libraries an AArch64 program needs, the dynamic loader included, transitively.

usage: elf-closure.py ROOT PROGRAM...

PROGRAM and the printed paths are relative to ROOT. The files are of another architecture, so ldd is
of no use here.
"""
import os
import struct
import sys

LIBRARY_FOLDERS = ("usr/lib/aarch64-linux-gnu", "lib/aarch64-linux-gnu", "usr/lib", "lib")
PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
DT_NEEDED, DT_STRTAB = 1, 5


def needed(path):
    """Names in DT_NEEDED, and the interpreter's path or None."""
    with open(path, "rb") as f:
        data = f.read()
    if data[:5] != b"\x7fELF\x02":
        raise SystemExit(f"elf-closure: {path} is not a 64-bit ELF file")
    phoff, = struct.unpack_from("<Q", data, 32)
    phentsize, phnum = struct.unpack_from("<HH", data, 54)
    loads, dynamic, interpreter = [], None, None
    for i in range(phnum):
        header = struct.unpack_from("<IIQQQQ", data, phoff + i * phentsize)
        kind, _, offset, vaddr, _, filesz = header
        if kind == PT_LOAD:
            loads.append((vaddr, offset, filesz))
        elif kind == PT_DYNAMIC:
            dynamic = (offset, filesz)
        elif kind == PT_INTERP:
            interpreter = data[offset:offset + filesz].rstrip(b"\0").decode()
    if dynamic is None:
        return [], interpreter
    entries = [struct.unpack_from("<QQ", data, dynamic[0] + i) for i in range(0, dynamic[1], 16)]
    strtab = next(value for tag, value in entries if tag == DT_STRTAB)
    base = next(off + strtab - va for va, off, size in loads if va <= strtab < va + size)
    offsets = [base + value for tag, value in entries if tag == DT_NEEDED]
    return [data[o:data.index(b"\0", o)].decode() for o in offsets], interpreter


def find(root, name):
    for folder in LIBRARY_FOLDERS:
        if os.path.exists(os.path.join(root, folder, name)):
            return os.path.join(folder, name)
    raise SystemExit(f"elf-closure: {name} is not below {root}")


def main():
    root, todo = sys.argv[1], sys.argv[2:]
    seen = set()
    while todo:
        names, interpreter = needed(os.path.join(root, todo.pop()))
        if interpreter:
            names.append(os.path.basename(interpreter))
        for name in names:
            path = find(root, name)
            if path not in seen:
                seen.add(path)
                todo.append(path)
    print("\n".join(sorted(seen)))


if __name__ == "__main__":
    main()
