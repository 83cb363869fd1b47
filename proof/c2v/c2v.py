#!/usr/bin/env python3
"""c2v: translates KCore's C into Coq, and refuses what is outside the subset (docs/c-subset.md).

  c2v.py --check FILES [-- FLAGS]             lint: prints file:line: reason for all that is refused
  c2v.py -o OUT.v FILES [-- FLAGS]            one Coq file
  c2v.py -d DIR --root ROOT FILES [-- FLAGS]  a Coq module for every C file, and Program.v
  c2v.py --consts OUT.v HEADERS [-- FLAGS]    constants of headers
  c2v.py --list FILES [-- FLAGS]              the functions, cells and primitives as JSON

FILES are in link order. FLAGS go to clang-14 and are the build's own; without them the target is
aarch64.
Exit status: 0 accepted, 1 refused, 2 the C does not compile or bad usage.
"""
import argparse
import json
import sys

import clangast
import consts
import coqout
from program import calls, read_program


def arguments(argv):
    flags = clangast.DEFAULT_FLAGS
    if "--" in argv:
        i = argv.index("--")
        argv, flags = argv[:i], argv[i + 1:]
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    mode = p.add_mutually_exclusive_group(required=True)
    mode.add_argument("--check", action="store_true", help="only check the subset")
    mode.add_argument("-o", metavar="OUT.v", help="translate into one file")
    mode.add_argument("-d", metavar="DIR", help="translate into a directory of modules")
    mode.add_argument("--consts", metavar="OUT.v", help="constants of the given headers")
    mode.add_argument("--list", action="store_true",
                      help="list functions, cells and primitives as JSON")
    p.add_argument("--root", default=".", help="module names are paths below this directory")
    p.add_argument("--logical", default="Redoubt.gen",
                   help="logical path of the modules (default %(default)s)")
    p.add_argument("--no-link", action="store_true",
                   help="with --check: not a whole program; calls and objects may be elsewhere")
    p.add_argument("--prims", action="append", metavar="GLOB",
                   help="headers of the primitives (default: kcore/prim.h and kcore/prim_*.h)")
    p.add_argument("files", nargs="+", metavar="FILE")
    args = p.parse_args(argv)
    if args.no_link and not args.check:
        p.error("--no-link goes with --check only")
    return args, flags


def listing(prog):
    """What other tools ask about a program: its functions, memory cells and primitives."""
    return {
        "functions": [{"function": f.name, "file": f.file, "line": f.line,
                       "lines": f.end - f.line + 1, "params": [t for _, t in f.params],
                       "result": f.result, "calls": calls(f.body)}
                      for f in prog.functions.values()],
        "cells": [{"cell": c, "dims": d, "type": t, "lvalue": l}
                  for (c, d, t), l in zip(prog.cells(), prog.lvalues())],
        "primitives": [{"primitive": n, "params": ps, "result": r}
                       for n, (ps, r) in prog.prims.items()],
    }


def main(argv):
    args, flags = arguments(argv)
    try:
        if args.consts:
            coqout.write_if_changed(args.consts, consts.coq(args.files, flags))
            return 0
        prog = read_program(args.files, flags, args.prims, not args.no_link)
    except (clangast.ClangFailed, OSError) as e:
        print("c2v: %s" % e, file=sys.stderr)
        return 2
    if len(prog.diags):
        for line in prog.diags.lines():
            print(line, file=sys.stderr)
        print("c2v: %d construct(s) outside the subset (docs/c-subset.md)" % len(prog.diags),
              file=sys.stderr)
        return 1
    if args.check:
        print("c2v: %d files, %d functions, all in the subset"
              % (len(args.files), len(prog.functions)))
    elif args.list:
        json.dump(listing(prog), sys.stdout, indent=1)
        print()
    elif args.o:
        coqout.write_if_changed(args.o, coqout.single(prog, args.files))
    else:
        coqout.write_modules(prog, args.files, args.d, args.root, args.logical)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
