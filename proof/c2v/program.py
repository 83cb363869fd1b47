"""A program: the translation units in link order, put together.

One name space for all functions and one for all objects, `static` or not: the proof names them
without their file. A function may call what stands above it, in its file or in an earlier one, and
primitives.
"""
import fnmatch
import os

import clangast
import ir
from body import Body, strip
from cdecl import (SPELLED, Object, Types, bare, cells, check_attributes, check_typedef, declared,
                   is_shared, lvalues)
from diag import Diagnostics, Refused

PRIMS = ["*/kcore/prim.h", "*/kcore/prim_*.h"]


class Function:
    def __init__(self, name, node, params, result):
        self.name, self.params, self.result = name, params, result
        self.file, self.line = node["where"]
        self.end = clangast.end_line(node)
        self.body, self.locals = None, {}


class Unit:
    """What is known while one translation unit is read."""

    def __init__(self, path):
        self.path = path
        self.types = Types()
        self.enums = {}
        self.names = set()

    def names_file_scope(self, name):
        return name in self.names

    def enum(self, node):
        nxt = 0
        for c in node.get("inner", []):
            if c["kind"] != "EnumConstantDecl":
                continue
            value = self._enum_value(c)
            nxt = nxt if value is None else value
            self.enums[c["id"]] = nxt
            self.names.add(c["name"])
            nxt += 1

    def _enum_value(self, c):
        for x in c.get("inner", []):
            while x is not None:
                if x["kind"] == "ConstantExpr" and "value" in x:
                    return int(x["value"])
                x = x["inner"][0] if x.get("inner") else None
        return None


class Program:
    def __init__(self, flags, prims=None):
        self.flags = flags
        self.prim_patterns = prims or PRIMS
        self.diags = Diagnostics()
        self.objects = {}
        self.functions = {}          # in the order of translation
        self.prims = {}              # name -> (parameter types, result)
        self.signatures = {}         # name -> (parameter types, result, node), of every prototype
        self.noreturn = set()
        self.uses = []               # (object, node): read or written
        self.pending = []            # (function, node): called, not defined so far
        self.done = set()            # (file, line, name) of definitions in headers, met again

    # ---- reading ----
    def read(self, path):
        unit = Unit(path)
        for n in clangast.load(path, self.flags)["inner"]:
            if n.get("isImplicit") or n["kind"] in ("EmptyDecl", "StaticAssertDecl"):
                continue
            try:
                self.top_level(unit, n)
            except Refused as r:
                self.diags.caught(r)

    def top_level(self, unit, n):
        k = n["kind"]
        if k == "TypedefDecl":
            check_typedef(n)
        elif k == "EnumDecl":
            unit.enum(n)
        elif k == "RecordDecl":
            unit.types.record(n)
        elif k == "VarDecl":
            unit.names.add(n["name"])
            self.object(unit, n)
        elif k == "FunctionDecl":
            unit.names.add(n["name"])
            self.function(unit, n)
        elif k == "FileScopeAsmDecl":
            raise Refused(n, "inline assembly")
        else:
            raise Refused(n, "declaration " + k)

    # ---- objects ----
    def object(self, unit, n):
        name = n["name"]
        if n.get("tls"):
            raise Refused(n, "thread-local object `%s`" % name)
        check_attributes(n)
        shared = is_shared(n)
        const = n["type"]["qualType"].startswith("const ")
        try:
            t = unit.types.resolve(n, "object")
        except Refused as r:
            # Remembered as unusable, so that accesses are not reported as "unknown" on top.
            self.objects.setdefault(name, None)
            raise r
        obj = self.objects.get(name)
        if obj is None:
            obj = self.objects[name] = Object(name, n, t)
            obj.const = const
        if cells(name, obj.type) != cells(name, t) or obj.const != const:
            raise Refused(n, "object `%s` has another type than at %s:%d"
                          % ((name,) + obj.node["where"]))
        obj.shared = obj.shared or shared
        init = [x for x in n.get("inner", []) if not x["kind"].endswith("Attr")]
        if n.get("storageClass") == "extern" and not init:
            return
        self.define(unit, obj, n, init)

    def define(self, unit, obj, n, init):
        where = n["where"] + (obj.name,)
        if not obj.const and os.path.normpath(n["where"][0]) != os.path.normpath(unit.path):
            obj.defined = True               # reported here, not at every use
            raise Refused(n, "object `%s` is defined in a header: every file would have its own"
                          % obj.name)
        if obj.defined and where not in self.done and obj.node["where"][0] != n["where"][0]:
            raise Refused(n, "object `%s` is defined in %s too: objects share one name space"
                          % (obj.name, obj.node["where"][0]))
        self.done.add(where)
        if not obj.defined:
            obj.node = n
        obj.defined = True
        if obj.const and not init:
            raise Refused(n, "constant `%s` without a value" % obj.name)
        if init:
            data = {}
            self.initialiser(unit, init[0], obj.type, obj.name, data)
            if obj.const:
                if obj.data not in (None, data):
                    raise Refused(n, "constant `%s` has other values in another file" % obj.name)
                obj.data = data
            elif any(v != 0 for vs in data.values() for v in vs):
                raise Refused(n, "object `%s` starts with a value: only constants may" % obj.name)

    def initialiser(self, unit, n, t, path, data):
        if n is not None:
            n = strip(n)
        if n is None or n["kind"] == "ImplicitValueInitExpr":
            for c, dims, _ in cells(path, t):
                size = 1
                for d in dims:
                    size *= d
                data.setdefault(c, []).extend([0] * size)
        elif t[0] == "int":
            v = Body(self, unit, {"name": ""}, self.diags).expr(n).e
            if v[0] != "const":
                raise Refused(n, "initialiser of `%s` is not a constant" % path)
            data.setdefault(path, []).append(v[1])
        elif n["kind"] != "InitListExpr":
            raise Refused(n, "initialiser of `%s`" % path)
        else:
            parts = n["array_filler"][1:] if "array_filler" in n else n.get("inner", [])
            if t[0] == "array":
                for i in range(t[1]):
                    self.initialiser(unit, parts[i] if i < len(parts) else None, t[2], path, data)
            else:
                for i, (f, ft) in enumerate(t[2]):
                    self.initialiser(unit, parts[i] if i < len(parts) else None, ft, path + "." + f,
                                     data)

    def access(self, name, node):
        """The object that a function reads or writes; `finish` checks whether it may."""
        obj = self.objects.get(name)
        if obj is None:
            raise Refused(node, "`%s` is outside the subset" % name)
        self.uses.append((obj, node))
        return obj

    def const_element(self, obj, path, idx):
        values = obj.data.get(path) if obj.data else None
        if values is None:
            raise Refused(obj.node,
                          "the value of the constant `%s` is not in this translation unit"
                          % obj.name)
        if not idx:
            return ("const", values[0])
        return ("table", obj.const_name(path), values, idx)

    # ---- functions ----
    def signature(self, n):
        name, text = n["name"], n["type"]["qualType"]
        if n.get("variadic"):
            raise Refused(n, "`%s` has variable arguments" % name)
        params = [p for p in n.get("inner", []) if p["kind"] == "ParmVarDecl"]
        if not params and "(void)" not in text:
            raise Refused(n, "`%s` is declared without a prototype: write (void)" % name)
        head = bare(text.split("(")[0])
        if head == "void":
            result = None
        elif head in SPELLED:
            result = SPELLED[head]
        else:
            raise Refused(n, "`%s` returns `%s`: only void, u8, u16, u32 and u64 are in the subset"
                          % (name, head))
        return [declared(p, "parameter") for p in params], result

    def function(self, unit, n):
        name = n["name"]
        check_attributes(n)
        kinds = [c["kind"] for c in n.get("inner", [])]
        if ("C11NoReturnAttr" in kinds or "NoReturnAttr" in kinds
                or "noreturn" in n["type"]["qualType"]):
            self.noreturn.add(name)
        is_prim = any(fnmatch.fnmatch(os.path.abspath(n["where"][0]), p)
                      for p in self.prim_patterns)
        has_body = "CompoundStmt" in kinds
        if not has_body and not is_prim:
            self.prototype(n)
            return
        params, result = self.signature(n)
        self.agree(n, params, result)
        if not has_body:
            self.prims[name] = (params, result)
            return
        self.definition(unit, n, result)

    def prototype(self, n):
        """A prototype outside the subset is refused only where it is called."""
        try:
            params, result = self.signature(n)
        except Refused as r:
            self.signatures.setdefault(n["name"], r)
            return
        self.agree(n, params, result)

    def agree(self, n, params, result):
        known = self.signatures.get(n["name"])
        if known is None or isinstance(known, Refused):
            self.signatures[n["name"]] = (params, result, n)
        elif known[:2] != (params, result):
            raise Refused(n, "`%s` is declared differently at %s:%d"
                          % ((n["name"],) + known[2]["where"]))

    def definition(self, unit, n, result):
        name, where = n["name"], n["where"] + (n["name"],)
        known = self.functions.get(name) if where in self.done else None
        self.done.add(where)
        if n.get("inline") and n.get("storageClass") != "static":
            raise Refused(n, "`%s` is inline without static" % name)
        if name in self.functions and not known:
            raise Refused(n, "function `%s` is defined in %s too: functions share one name space"
                          % (name, self.functions[name].file))
        b = Body(self, unit, n, self.diags)
        b.result = result
        f = Function(name, n, b.params, result)
        f.body = b.run()
        f.locals = b.locals
        if known:
            # An inline function of a header, met before: macros must not have changed it.
            if (known.params, known.locals, known.body) != (f.params, f.locals, f.body):
                raise Refused(n, "`%s` means something else here than in another file" % name)
            return
        self.functions[name] = f

    def call(self, name, node):
        proto = self.signatures.get(name)
        if isinstance(proto, Refused):
            raise Refused(node, "call of `%s`: %s" % (name, proto.why))
        if name not in self.functions and name not in self.prims:
            self.pending.append((name, node))

    def is_noreturn(self, name):
        return name in self.noreturn

    # ---- the whole ----
    def finish(self, link=True):
        for obj, node in self.uses:
            if obj.shared:
                self.diags.report(node, "plain access to `%s`, which others observe: "
                                  "use a primitive" % obj.name)
        if link:
            self.link()

    def link(self):
        missing = {}
        for obj, node in self.uses:
            if not obj.defined and not obj.shared:
                missing.setdefault(obj.name, node)
        for name, node in missing.items():
            self.diags.report(node, "object `%s` is not defined in the program" % name)
        for name, node in self.pending:
            if name in self.functions:
                self.diags.report(node, "`%s` is called above its definition "
                                  "(order of files and functions)" % name)
            else:
                self.diags.report(node, "`%s` is neither defined in the program nor a primitive"
                                  % name)
        for name in self.prims:
            if name in self.functions:
                f = self.functions[name]
                self.diags.report({"where": (f.file, f.line)},
                                  "primitive `%s` is defined in C as well" % name)

    def memory(self):
        """The objects that make up the memory of the program."""
        return [o for o in self.objects.values()
                if o is not None and o.defined and not o.const and not o.shared]

    def cells(self):
        """All cells of memory, in order of their objects."""
        return [c for o in self.memory() for c in cells(o.name, o.type)]

    def lvalues(self):
        return [l for o in self.memory() for l in lvalues(o.name, o.type)]

    def tables(self):
        """Coq name -> values, for the constants."""
        return {o.const_name(c): vs for o in self.objects.values() if o is not None and o.data
                for c, vs in o.data.items()}


def calls(s, out=None):
    """The functions that a statement calls, in order, once each."""
    out = [] if out is None else out
    callee = s[2] if s[0] == "call" else s[1] if s[0] == "tail" else None
    if callee and callee not in out:
        out.append(callee)
    for x in s[1] if s[0] == "seq" else s[1:]:
        if isinstance(x, tuple) and x[0] in ("seq", "call", "tail", "if", "loop"):
            calls(x, out)
    return out


def read_program(files, flags, prims, link=True):
    prog = Program(flags, prims)
    for f in files:
        prog.read(f)
    prog.finish(link)
    return prog
