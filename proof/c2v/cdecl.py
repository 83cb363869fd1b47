"""Types and file-scope objects of the subset.

An object is flattened into cells: one for each path of fields to a scalar, with the array bounds
met on the way. `struct vm { u32 state; u64 regs[31]; } vms[8]` gives vms.state [8] and
vms.regs [8; 31].
"""
import re

import clangast
from diag import Refused

BASE = {"unsigned char": "U8", "unsigned short": "U16", "unsigned int": "U32",
        "unsigned long": "U64",
        "unsigned long long": "U64"}
SIGNED = {"int", "long", "long long", "short", "signed char", "char"}
SPELLED = {"u8": "U8", "u16": "U16", "u32": "U32", "u64": "U64"}


def desugared(node):
    t = node["type"]
    return bare(t.get("desugaredQualType", t["qualType"]))


def bare(text):
    return re.sub(r"\b(const|register)\b ?", "", text).strip()


def scalar(node):
    """U8..U64, or "S" for a signed integer (a literal, a truth value, a promoted u8 or u16)."""
    t = desugared(node)
    if t in BASE:
        return BASE[t]
    if t in SIGNED:
        return "S"
    raise Refused(node, "type `%s`: only u8, u16, u32 and u64 are in the subset"
                  % node["type"]["qualType"])


def declared(node, what):
    """The type of a variable, parameter or field, which must be spelled u8, u16, u32 or u64."""
    spelled = node["type"]["qualType"]
    if "volatile" in spelled:
        raise Refused(node, "volatile %s" % what)
    if "*" in spelled:
        raise Refused(node, "pointer %s `%s`" % (what, node.get("name", "")))
    name = bare(spelled)
    if name not in SPELLED:
        raise Refused(node, "%s `%s` has type `%s`: only u8, u16, u32 and u64 are in the subset"
                      % (what, node.get("name", ""), spelled))
    if BASE.get(desugared(node)) != SPELLED[name]:
        raise Refused(node, "`%s` is not the type of that width here but `%s`"
                      % (name, desugared(node)))
    return SPELLED[name]


class Types:
    """The structures of one translation unit, and the resolution of declared types."""

    def __init__(self):
        self.structs = {}

    def record(self, node):
        if node.get("tagUsed") != "struct":
            raise Refused(node, "union")
        if not node.get("completeDefinition"):
            return
        name = node.get("name")
        if not name:
            raise Refused(node, "structure without a name")
        fields = []
        for f in node.get("inner", []):
            if f["kind"] == "FieldDecl":
                check_attributes(f)
                if f.get("isBitfield"):
                    raise Refused(f, "bit-field `%s`" % f.get("name", ""))
                fields.append((f["name"], self.resolve(f, "field")))
            elif f["kind"] in ("RecordDecl", "IndirectFieldDecl"):
                raise Refused(f, "structure declared inside a structure")
            elif not f["kind"].endswith("Attr"):
                raise Refused(f, "structure member " + f["kind"])
        self.structs[name] = fields

    def resolve(self, node, what):
        """("int", t) | ("array", n, type) | ("struct", name, fields) of a declaration."""
        text = node["type"]["qualType"]
        if "*" in text or "(" in text:
            raise Refused(node, "pointer %s `%s`" % (what, node.get("name", "")))
        m = re.match(r"^(.*?)\s*((?:\[\d*\])+)$", text)
        dims, base = [], text
        if m:
            base = m.group(1)
            dims = re.findall(r"\[(\d*)\]", m.group(2))
            if "" in dims or "0" in dims:
                raise Refused(node, "array `%s` without a size" % node.get("name", ""))
        base_node = dict(node, type={"qualType": base})
        if not m:
            base_node["type"] = node["type"]
        s = re.match(r"^struct (\w+)$", bare(base))
        if "volatile" in base:
            raise Refused(node, "volatile %s" % what)
        if s:
            if s.group(1) not in self.structs:
                raise Refused(node, "`struct %s` is outside the subset" % s.group(1))
            t = ("struct", s.group(1), self.structs[s.group(1)])
        elif m:
            name = bare(base)
            if name not in SPELLED:
                raise Refused(node, "%s `%s` has type `%s`: only u8, u16, u32 and u64 are in the "
                              "subset" % (what, node.get("name", ""), text))
            t = ("int", SPELLED[name])
        else:
            t = ("int", declared(base_node, what))
        for n in reversed(dims):
            t = ("array", int(n), t)
        return t


def cells(name, t, dims=()):
    """[(cell name, bounds, scalar type)] of an object of type `t`."""
    if t[0] == "int":
        return [(name, list(dims), t[1])]
    if t[0] == "array":
        return cells(name, t[2], dims + (t[1],))
    return [c for f, ft in t[2] for c in cells(name + "." + f, ft, dims)]


def lvalues(text, t):
    """The C lvalue of every cell, in the order of `cells`, with %s for each index."""
    if t[0] == "int":
        return [text]
    if t[0] == "array":
        return lvalues(text + "[%s]", t[2])
    return [l for f, ft in t[2] for l in lvalues(text + "." + f, ft)]


# Attributes that do not change what the program means here. `pure` and `const` are promises that
# the compiler uses, `weak` and `alias` replace a function, `cleanup` calls one: all others are
# refused.
HARMLESS = {"WarnUnusedResultAttr", "NoInlineAttr", "AlwaysInlineAttr", "UnusedAttr", "UsedAttr",
            "SectionAttr", "AlignedAttr", "PackedAttr", "VisibilityAttr", "ColdAttr", "HotAttr",
            "C11NoReturnAttr", "NoReturnAttr", "AnnotateAttr", "NoSanitizeAttr"}


def check_attributes(node):
    for a in node.get("inner", []):
        if a["kind"].endswith("Attr") and a["kind"] not in HARMLESS:
            raise Refused(node, "attribute %s on `%s`" % (a["kind"][:-4], node.get("name", "")))


def check_typedef(node):
    """The four type names mean what they say: everything else relies on it."""
    name = node["name"]
    if name in SPELLED and BASE.get(desugared(node)) != SPELLED[name]:
        raise Refused(node, "`%s` is defined as `%s`" % (name, desugared(node)))


def is_shared(node):
    """Marked with annotate("shared"): observed by hardware or other CPUs. No other annotation."""
    shared = False
    for a in node.get("inner", []):
        if a["kind"] == "AnnotateAttr":
            if '"shared"' not in clangast.spelling(a).replace(" ", ""):
                raise Refused(node, "unknown annotation on `%s`" % node["name"])
            shared = True
    return shared


class Object:
    """A file-scope object, merged over all translation units."""

    def __init__(self, name, node, t):
        self.name = name
        self.node = node
        self.type = t
        self.defined = False
        self.shared = False
        self.const = False
        self.data = None          # cell name -> values, for constants

    def const_name(self, cell):
        return "data_" + cell.replace(".", "__")
