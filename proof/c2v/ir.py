"""The translator's own expressions and statements: tuples that mirror proof/sem/Syntax.v.

Expressions:
  ("const", z) ("var", x) ("load", t, cell, idx) ("table", name, data, idx) ("arith", o, t, a, b)
  ("cmp", o, a, b) ("neg", t, a) ("compl", t, a) ("not", a) ("cast", t, a) ("andalso", a, b)
  ("orelse", a, b) ("cond", c, a, b), where idx is a list of (bound, expression).
Statements:
  ("skip",) ("break",) ("continue",) ("seq", [s]) ("decl", x) ("set", x, e) ("store", c, idx, e)
  ("call", x or None, f, [e]) ("if", c, a, b) ("loop", c, step, body) ("return", e or None)
  ("tail", f, [e])
"""

WIDTH = {"U8": 8, "U16": 16, "U32": 32, "U64": 64}
ARITH = {"+": "Oadd", "-": "Osub", "*": "Omul", "/": "Odiv", "%": "Omod", "<<": "Oshl",
         ">>": "Oshr",
         "&": "Oand", "|": "Oor", "^": "Oxor"}
CMP = {"==": "Ceq", "!=": "Cne", "<": "Clt", "<=": "Cle", ">": "Cgt", ">=": "Cge"}


def top(t):
    """The largest value of a type."""
    return (1 << WIDTH[t]) - 1


def subexprs(e):
    k = e[0]
    if k == "load":
        return [i for _, i in e[3]]
    if k == "table":
        return [i for _, i in e[3]]
    return [x for x in e[1:] if isinstance(x, tuple)]


def reads_memory(e):
    return e[0] == "load" or any(reads_memory(x) for x in subexprs(e))


def mentions(e, x):
    return e == ("var", x) or any(mentions(s, x) for s in subexprs(e))


def fold(e):
    """A constant if all operands are constants and the result is defined in C; else `e` itself."""
    if e[0] in ("const", "var", "load", "table") or any(x[0] != "const" for x in subexprs(e)):
        return e
    v = [x[1] for x in subexprs(e)]
    z = _value(e, v)
    return e if z is None else ("const", z)


def _value(e, v):
    k = e[0]
    if k == "arith":
        return _arith(e[1], e[2], v[0], v[1])
    if k == "cmp":
        a, b = v
        return int({"Ceq": a == b, "Cne": a != b, "Clt": a < b, "Cle": a <= b, "Cgt": a > b,
                    "Cge": a >= b}[e[1]])
    if k in ("neg", "compl", "cast"):
        z = {"neg": -v[0], "compl": ~v[0], "cast": v[0]}[k]
        return z & top(e[1])
    if k == "not":
        return int(v[0] == 0)
    if k == "andalso":
        return int(v[0] != 0 and v[1] != 0)
    if k == "orelse":
        return int(v[0] != 0 or v[1] != 0)
    if k == "cond":
        return v[1] if v[0] != 0 else v[2]
    raise AssertionError(k)


def _arith(o, t, a, b):
    if o in ("Odiv", "Omod"):
        if b == 0:
            return None
        return a // b if o == "Odiv" else a % b
    if o in ("Oshl", "Oshr"):
        if b >= WIDTH[t]:
            return None
        return (a << b) & top(t) if o == "Oshl" else a >> b
    return {"Oadd": a + b, "Osub": a - b, "Omul": a * b, "Oand": a & b, "Oor": a | b,
            "Oxor": a ^ b}[o] & top(t)


# ---- printing as Coq ----
def _q(s):
    return '"%s"' % s


def _idx(idx):
    return "[" + "; ".join("(%d, %s)" % (n, coq(i)) for n, i in idx) + "]"


def coq(e):
    """An expression as a Coq term."""
    k = e[0]
    if k == "const":
        return "Econst %d" % e[1]
    if k == "var":
        return "Evar %s" % _q(e[1])
    if k == "load":
        return "Eload %s %s %s" % (e[1], _q(e[2]), _idx(e[3]))
    if k == "table":
        return "Etable %s %s" % (e[1], _idx(e[3]))
    name = {"arith": "Earith", "cmp": "Ecmp", "neg": "Eneg", "compl": "Ecompl", "not": "Enot",
            "cast": "Ecast",
            "andalso": "Eandalso", "orelse": "Eorelse", "cond": "Econd"}[k]
    return name + "".join(" (%s)" % coq(x) if isinstance(x, tuple) else " " + x for x in e[1:])


def seq(stmts):
    """A sequence without skips and nested sequences."""
    flat = []
    for s in stmts:
        flat.extend(s[1] if s[0] == "seq" else [] if s[0] == "skip" else [s])
    return flat[0] if len(flat) == 1 else ("seq", flat) if flat else ("skip",)


def coq_stmt(s, ind="  "):
    """A statement as a Coq term, one C statement a line."""
    k = s[0]
    if k in ("skip", "break", "continue"):
        return ind + "S" + k
    if k == "seq":
        out = [ind + "(Sseq\n" + coq_stmt(x, ind + " ") for x in s[1][:-1]]
        return "\n".join(out) + "\n" + coq_stmt(s[1][-1], ind + " ") + ")" * len(out)
    if k == "decl":
        return ind + "(Sdecl %s)" % _q(s[1])
    if k == "set":
        return ind + "(Sset %s (%s))" % (_q(s[1]), coq(s[2]))
    if k == "store":
        return ind + "(Sstore %s %s (%s))" % (_q(s[1]), _idx(s[2]), coq(s[3]))
    if k == "call":
        dst = "None" if s[1] is None else "(Some %s)" % _q(s[1])
        return ind + "(Scall %s %s [%s])" % (dst, _q(s[2]), "; ".join(coq(a) for a in s[3]))
    if k == "if":
        return "%s(Sif (%s)\n%s\n%s)" % (ind, coq(s[1]), coq_stmt(s[2], ind + "  "),
                                         coq_stmt(s[3], ind + "  "))
    if k == "loop":
        return "%s(Sloop (%s)\n%s\n%s)" % (ind, coq(s[1]), coq_stmt(s[2], ind + "  "),
                                           coq_stmt(s[3], ind + "  "))
    if k == "tail":
        return ind + "(Stail %s [%s])" % (_q(s[1]), "; ".join(coq(a) for a in s[2]))
    if k == "return":
        return ind + ("(Sreturn None)" if s[1] is None else "(Sreturn (Some (%s)))" % coq(s[1]))
    raise AssertionError(k)
