"""Function bodies: from clang's AST to the statements and expressions of ir.py."""
import ir
from cdecl import BASE, check_attributes, declared, desugared, scalar
from clangast import end_line
from diag import Refused

# + type: holds a result that is converted or stored. Not an identifier of C.
TEMP = "%call."

WHY = {
    "CallExpr": "call inside an expression: assign the result to a local first",
    "UnaryExprOrTypeTraitExpr": "sizeof",
    "StringLiteral": "string literal",
    "CharacterLiteral": "character literal",
    "FloatingLiteral": "floating point",
    "CompoundLiteralExpr": "compound literal",
    "InitListExpr": "initialiser list",
    "StmtExpr": "statement expression",
    "GotoStmt": "goto",
    "IndirectGotoStmt": "goto",
    "LabelStmt": "label",
    "DoStmt": "do loop",
    "GCCAsmStmt": "inline assembly",
    "CaseStmt": "case label inside another statement",
    "DefaultStmt": "default label inside another statement",
    "VAArgExpr": "variable arguments",
    "BinaryConditionalOperator": "`?:` without a middle operand",
    "GenericSelectionExpr": "_Generic",
}


def strip(n):
    while n["kind"] in ("ParenExpr", "ConstantExpr"):
        n = n["inner"][0]
    return n


class Val:
    """A translated expression: its type (U8..U64 or "S") and the largest value it can have."""

    def __init__(self, e, t, hi=None):
        self.e = ir.fold(e)
        self.t = t
        self.hi = ir.top(t) if hi is None else hi
        if self.e[0] == "const":
            self.hi = self.e[1]


class Body:
    def __init__(self, prog, unit, node, diags):
        self.prog, self.unit, self.node, self.diags = prog, unit, node, diags
        self.params, self.locals = [], {}          # locals: name -> type, in order of declaration
        self.ids = {}                              # clang id -> (name, type)
        self.scopes = [set()]
        self.context = []                          # "loop" and "switch" around the statement
        self.result = None

    # ---- variables ----
    def declare(self, node, what):
        check_attributes(node)
        t = declared(node, what)
        name = node.get("name")
        if not name:
            raise Refused(node, "%s without a name" % what)
        if any(name in s for s in self.scopes):
            raise Refused(node, "`%s` hides another local of that name" % name)
        if self.unit.names_file_scope(name):
            raise Refused(node, "local `%s` hides a name of file scope" % name)
        if self.locals.get(name, t) != t:
            raise Refused(node, "`%s` is declared again with another type" % name)
        self.scopes[-1].add(name)
        self.ids[node["id"]] = (name, t)
        return name, t

    def temp(self, t):
        name = TEMP + t.lower()
        self.locals[name] = t
        return name

    # ---- lvalues: ("local", name, type) or ("cell", object, path, idx, type) ----
    def lvalue(self, n):
        n = strip(n)
        k = n["kind"]
        if k == "DeclRefExpr":
            d = n["referencedDecl"]
            if d["id"] in self.ids:
                return ("local",) + self.ids[d["id"]]
            if d["kind"] == "VarDecl":
                obj = self.prog.access(d["name"], n)
                return ("cell", obj, obj.name, [], obj.type)
            raise Refused(n, "`%s` is not a variable" % d.get("name", ""))
        if k == "MemberExpr":
            if n.get("isArrow"):
                raise Refused(n, "`->`: pointers are not in the subset")
            _, obj, path, idx, t = self.cell(n["inner"][0])
            ft = dict(t[2])[n["name"]]
            return ("cell", obj, path + "." + n["name"], idx, ft)
        if k == "ArraySubscriptExpr":
            base = strip(n["inner"][0])
            if base["kind"] != "ImplicitCastExpr" or base.get("castKind") != "ArrayToPointerDecay":
                raise Refused(n, "subscript of a pointer")
            _, obj, path, idx, t = self.cell(base["inner"][0])
            i = self.expr(n["inner"][1])
            return ("cell", obj, path, idx + [(t[1], i.e)], t[2])
        if k == "UnaryOperator" and n["opcode"] == "*":
            raise Refused(n, "`*`: pointers are not in the subset")
        raise Refused(n, WHY.get(k, "not an object: " + k))

    def cell(self, n):
        l = self.lvalue(n)
        if l[0] == "local":
            raise Refused(n, "local `%s` is not a scalar" % l[1])
        return l

    def read(self, n, l):
        if l[0] == "local":
            return Val(("var", l[1]), l[2])
        _, obj, path, idx, t = l
        if t[0] != "int":
            raise Refused(n, "whole %s as a value" % ("array" if t[0] == "array" else "structure"))
        if obj.const:
            return Val(self.prog.const_element(obj, path, idx), t[1])
        return Val(("load", t[1], path, idx), t[1])

    # ---- expressions ----
    def expr(self, n):
        n = strip(n)
        k = n["kind"]
        if k == "IntegerLiteral":
            v = int(n["value"])
            return Val(("const", v), scalar(n), v)
        if k == "DeclRefExpr":
            d = n["referencedDecl"]
            if d["kind"] == "EnumConstantDecl":
                v = self.unit.enums[d["id"]]
                if v < 0:
                    raise Refused(n, "negative enumeration constant `%s`" % d["name"])
                return Val(("const", v), scalar(n), v)
            raise Refused(n, "`%s` as a value" % d.get("name", ""))
        if k in ("ImplicitCastExpr", "CStyleCastExpr"):
            return self.cast(n)
        if k == "BinaryOperator":
            return self.binary(n)
        if k == "UnaryOperator":
            return self.unary(n)
        if k == "ConditionalOperator":
            c, a, b = [self.expr(x) for x in n["inner"]]
            return Val(("cond", c.e, a.e, b.e), scalar(n), max(a.hi, b.hi))
        if k == "CompoundAssignOperator":
            raise Refused(n, "assignment inside an expression")
        if k in ("MemberExpr", "ArraySubscriptExpr"):
            raise Refused(n, "object used as a value without reading it")
        raise Refused(n, WHY.get(k, "expression " + k))

    def cast(self, n):
        kind, inner = n["castKind"], n["inner"][0]
        if kind == "LValueToRValue":
            return self.read(n, self.lvalue(inner))
        if kind not in ("IntegralCast", "NoOp"):
            if kind == "IntegralToBoolean":
                raise Refused(n, "_Bool")
            if "Pointer" in kind or kind in ("ArrayToPointerDecay", "NullToPointer", "BitCast"):
                raise Refused(n, "pointer conversion")
            raise Refused(n, "conversion " + kind)
        if n["kind"] == "CStyleCastExpr":
            if strip(inner)["kind"] == "CallExpr":
                raise Refused(n, WHY["CallExpr"])
            v, t = self.expr(inner), scalar(n)
            if t == "S":
                raise Refused(n, "cast to the signed type `%s`" % n["type"]["qualType"])
            return self.widened(v, t) if v.hi <= ir.top(t) else Val(("cast", t, v.e), t)
        v = self.expr(inner)
        return self.convert(n, v, scalar(n), desugared(n))

    def convert(self, n, v, t, spelled):
        """An implicit conversion: allowed where it cannot change the value."""
        limit = ir.top(t) if t != "S" else (2**63 if "long" in spelled else 2**31) - 1
        if v.hi > limit:
            if t == "S":
                raise Refused(n, "implicit conversion to the signed type `%s`" % spelled)
            raise Refused(n, "implicit narrowing to %s: write the cast" % t.lower())
        return self.widened(v, t)

    def widened(self, v, t):
        """`v` as a value of type t. A widened value forgets its origin: back needs a cast."""
        return Val(v.e, t, v.hi if "S" in (t, v.t) else None)

    def binary(self, n):
        o = n["opcode"]
        if o == "=":
            raise Refused(n, "assignment inside an expression")
        if o == ",":
            raise Refused(n, "comma operator")
        a, b = [self.expr(x) for x in n["inner"]]
        if o in ("&&", "||"):
            return Val(("andalso" if o == "&&" else "orelse", a.e, b.e), "S", 1)
        if o in ir.CMP:
            return Val(("cmp", ir.CMP[o], a.e, b.e), "S", 1)
        if o in ir.ARITH:
            return self.arith(n, o, scalar(n), a, b)
        raise Refused(n, "operator `%s`" % o)

    def arith(self, n, o, t, a, b):
        if t == "S":
            raise Refused(n, "signed arithmetic in `%s`: make an operand unsigned "
                          "(u or ul suffix, cast)" % o)
        return Val(("arith", ir.ARITH[o], t, a.e, b.e), t)

    def unary(self, n):
        o, inner = n["opcode"], n["inner"][0]
        if o in ("++", "--"):
            raise Refused(n, "`%s` inside an expression" % o)
        if o == "&":
            raise Refused(n, "`&`: addresses are not in the subset")
        if o == "*":
            raise Refused(n, "`*`: pointers are not in the subset")
        if o not in "!-~":
            raise Refused(n, "operator `%s`" % o)
        v = self.expr(inner)
        if o == "!":
            return Val(("not", v.e), "S", 1)
        t = scalar(n)
        if t == "S":
            raise Refused(n, "signed arithmetic in `%s`" % o)
        return Val(("neg" if o == "-" else "compl", t, v.e), t)

    # ---- calls ----
    def callee(self, n):
        f = strip(n["inner"][0])
        if f["kind"] == "ImplicitCastExpr" and f.get("castKind") == "FunctionToPointerDecay":
            f = strip(f["inner"][0])
            if f["kind"] == "DeclRefExpr" and f["referencedDecl"]["kind"] == "FunctionDecl":
                return f["referencedDecl"]["name"]
        raise Refused(n, "call through a pointer, or of a builtin")

    def call(self, dst, n):
        name = self.callee(n)
        if name == self.node["name"]:
            raise Refused(n, "recursion")
        self.prog.call(name, n)
        args = [self.expr(a).e for a in n["inner"][1:]]
        return ("call", dst, name, args)

    def called(self, n):
        """The CallExpr if `n` is a call, possibly converted; else None."""
        m = strip(n)
        while (m["kind"] in ("ImplicitCastExpr", "CStyleCastExpr")
               and m.get("castKind") in ("IntegralCast", "NoOp")):
            m = strip(m["inner"][0])
        return m if m["kind"] == "CallExpr" else None

    def value_of_call(self, n, call):
        """The call, its result in a temporary, and that result after the conversions in `n`."""
        t = scalar(call)
        if t == "S":
            raise Refused(call, "function with a signed result")
        tmp = self.temp(t)
        v = Val(("var", tmp), t)
        for c in reversed(self.conversions(n)):
            to = scalar(c)
            if to == "S":
                raise Refused(c, "cast to the signed type `%s`" % c["type"]["qualType"])
            if c["kind"] == "ImplicitCastExpr":
                v = self.convert(c, v, to, desugared(c))
            else:
                v = self.widened(v, to) if v.hi <= ir.top(to) else Val(("cast", to, v.e), to)
        return self.call(tmp, call), v

    def conversions(self, n):
        out, m = [], strip(n)
        while m["kind"] in ("ImplicitCastExpr", "CStyleCastExpr"):
            if m["castKind"] == "IntegralCast":
                out.append(m)
            m = strip(m["inner"][0])
        return out

    # ---- statements ----
    def assign(self, n, l, rhs):
        call = self.called(rhs)
        if call:
            if l[0] == "local" and not self.conversions(rhs):
                return self.call(l[1], call)
            # C leaves open whether the index is computed before or after the call.
            if l[0] == "cell" and any(ir.reads_memory(i) for _, i in l[3]):
                raise Refused(n, "call result stored at an index that reads memory: "
                              "put the index into a local")
            s, v = self.value_of_call(rhs, call)
            return ir.seq([s, self.store(n, l, v)])
        v = self.expr(rhs)
        return self.store(n, l, v)

    def store(self, n, l, v):
        if l[0] == "local":
            return ("set", l[1], v.e)
        _, obj, path, idx, t = l
        if t[0] != "int":
            raise Refused(n, "assignment of a whole %s"
                          % ("array" if t[0] == "array" else "structure"))
        if obj.const:
            raise Refused(n, "assignment to the constant `%s`" % obj.name)
        return ("store", path, idx, v.e)

    def update(self, n, l, o, t, rhs):
        """l = l o rhs, computed in type t."""
        lt = l[2] if l[0] == "local" else l[4][1] if l[4][0] == "int" else None
        if lt != t:
            raise Refused(n, "`%s=` computes in another type than its left side: write it out" % o)
        if l[0] == "cell" and any(ir.reads_memory(i) for _, i in l[3]):
            raise Refused(n, "`%s=` with an index that reads memory: put the index into a local"
                          % o)
        return self.store(n, l, self.arith(n, o, t, self.read(n, l), rhs))

    def simple_stmt(self, n):
        """A statement without control flow; also the first and third part of a `for`."""
        n = strip(n)
        k = n["kind"]
        if k == "BinaryOperator" and n["opcode"] == "=":
            return self.assign(n, self.lvalue(n["inner"][0]), n["inner"][1])
        if k == "CompoundAssignOperator":
            if self.called(n["inner"][1]):
                raise Refused(n, WHY["CallExpr"])
            t = BASE.get(desugared({"type": n["computeResultType"]}))
            if t is None:
                raise Refused(n, "signed arithmetic in `%s`" % n["opcode"])
            return self.update(n, self.lvalue(n["inner"][0]), n["opcode"][:-1], t,
                               self.expr(n["inner"][1]))
        if k == "UnaryOperator" and n["opcode"] in ("++", "--"):
            l = self.lvalue(n["inner"][0])
            t = scalar(n)
            if t not in ("U32", "U64"):
                raise Refused(n, "`%s` on a type narrower than u32: write it out" % n["opcode"])
            return self.update(n, l, n["opcode"][0], t, Val(("const", 1), t))
        if k == "CallExpr":
            return self.call(None, n)
        if k == "CStyleCastExpr" and n.get("castKind") == "ToVoid":
            inner = strip(n["inner"][0])
            if inner["kind"] == "CallExpr":
                return self.call(None, inner)
            if inner["kind"] == "ImplicitCastExpr":
                inner = strip(inner["inner"][0])
            if inner["kind"] == "DeclRefExpr" and inner["referencedDecl"]["id"] in self.ids:
                return ("skip",)
            raise Refused(n, "cast to void of something else than a local or a call")
        if k in WHY:
            raise Refused(n, WHY[k])
        if k in ("BinaryOperator",) and n["opcode"] == ",":
            raise Refused(n, "comma operator")
        if k.endswith("Stmt"):
            raise Refused(n, "statement " + k)
        self.expr(n)
        raise Refused(n, "expression without effect as a statement")

    def decl_stmt(self, n):
        out = []
        for d in n["inner"]:
            try:
                out.append(self.local_decl(d))
            except Refused as r:
                self.diags.caught(r)
                # Known from here on, so that its uses are not reported as well.
                self.ids.setdefault(d.get("id"), (d.get("name", ""), BASE.get(desugared(d), "U64")
                                                  if "type" in d else "U64"))
        return ir.seq(out)

    def local_decl(self, d):
        if d["kind"] == "StaticAssertDecl":
            return ("skip",)
        if d["kind"] != "VarDecl":
            raise Refused(d, "declaration of something else than a variable inside a function")
        if d.get("storageClass"):
            raise Refused(d, "%s local `%s`" % (d["storageClass"], d["name"]))
        name, t = self.declare(d, "local")
        self.locals[name] = t
        init = [x for x in d.get("inner", []) if not x["kind"].endswith("Attr")]
        if not init:
            return ("decl", name)
        s = self.assign(d, ("local", name, t), init[0])
        # The value is set at once: only the initialiser itself (`u32 x = x;`) could read the old.
        if s[0] in ("set", "call"):
            values = [s[2]] if s[0] == "set" else s[3]
            if not any(ir.mentions(v, name) for v in values):
                return s
        return ir.seq([("decl", name), s])

    def block(self, nodes):
        out = []
        for c in nodes:
            try:
                out.append(self.stmt(c))
            except Refused as r:
                self.diags.caught(r)
        return ir.seq(out)

    def scoped(self, nodes):
        self.scopes.append(set())
        try:
            return self.block(nodes)
        finally:
            self.scopes.pop()

    def cond(self, n):
        """A condition; a refusal is recorded so that the statements it guards are still checked."""
        try:
            if self.called(n):
                raise Refused(n, WHY["CallExpr"])
            return self.expr(n).e
        except Refused as r:
            self.diags.caught(r)
            return ("const", 0)

    def stmt(self, n):
        k = n["kind"]
        if k == "CompoundStmt":
            return self.scoped(n.get("inner", []))
        if k == "NullStmt":
            return ("skip",)
        if k == "DeclStmt":
            return self.decl_stmt(n)
        if k == "IfStmt":
            i = n["inner"]
            c = self.cond(i[0])
            a = self.scoped([i[1]])
            return ("if", c, a, self.scoped([i[2]]) if len(i) > 2 else ("skip",))
        if k == "WhileStmt":
            return self.loop(n["inner"][0], [], n["inner"][1])
        if k == "ForStmt":
            return self.for_stmt(n)
        if k == "SwitchStmt":
            return self.switch(n)
        if k == "ReturnStmt":
            return self.return_stmt(n)
        if k == "BreakStmt":
            if self.context[-1:] == ["switch"]:
                raise Refused(n, "break inside a case, other than as its last statement")
            return ("break",)
        if k == "ContinueStmt":
            return ("continue",)
        return self.simple_stmt(n)

    def loop(self, cond, step, body):
        c = self.cond(cond)
        self.context.append("loop")
        b = self.scoped([body])
        self.context.pop()
        return ("loop", c, self.block_simple(step), b)

    def block_simple(self, nodes):
        out = []
        for s in nodes:
            try:
                out.append(self.simple_stmt(s))
            except Refused as r:
                self.diags.caught(r)
        return ir.seq(out)

    def for_stmt(self, n):
        init, _, cond, step, body = n["inner"]
        if not cond:
            raise Refused(n, "for without a condition")
        self.scopes.append(set())
        try:
            first = []
            if init:
                first = [self.decl_stmt(init) if init["kind"] == "DeclStmt"
                         else self.simple_stmt(init)]
            return ir.seq(first + [self.loop(cond, [step] if step else [], body)])
        finally:
            self.scopes.pop()

    def return_stmt(self, n):
        inner = n.get("inner", [])
        if not inner:
            return ("return", None)
        call = self.called(inner[0])
        if call and self.result is None:
            raise Refused(n, "return of a value from a void function")
        if call and not self.conversions(inner[0]):
            _, _, name, args = self.call(None, call)
            return ("tail", name, args)
        if call:
            s, v = self.value_of_call(inner[0], call)
            return ir.seq([s, ("return", v.e)])
        return ("return", self.expr(inner[0]).e)

    # ---- switch: a chain of ifs over a value that can be evaluated again and again ----
    def switch(self, n):
        subject = self.expr(n["inner"][0])
        if ir.reads_memory(subject.e):
            raise Refused(n, "switch on a value that reads memory: put it into a local")
        body = n["inner"][1]
        if body["kind"] != "CompoundStmt":
            raise Refused(n, "switch without a block")
        groups = []
        for c in body.get("inner", []):
            if c["kind"] in ("CaseStmt", "DefaultStmt"):
                labels, first = self.labels(c)
                groups.append((c, labels, [first]))
            elif not groups:
                raise Refused(c, "statement before the first case")
            else:
                groups[-1][2].append(c)
        chain, default = [], ("skip",)
        for c, labels, stmts in groups:
            s = self.case_body(c, stmts)
            if None in labels:
                default = s
            else:
                chain.append((labels, s))
        if not chain:
            # Nothing would evaluate the subject, which may be undefined.
            raise Refused(n, "switch without a case")
        result = default
        for labels, s in reversed(chain):
            test = None
            for v in labels:
                eq = ("cmp", "Ceq", subject.e, ("const", v))
                test = eq if test is None else ("orelse", test, eq)
            result = ("if", ir.fold(test), s, result)
        return result

    def labels(self, c):
        """The values of labels that stand together (None: default), the statement behind them."""
        out = []
        while c["kind"] in ("CaseStmt", "DefaultStmt"):
            if c["kind"] == "DefaultStmt":
                out.append(None)
                c = c["inner"][0]
                continue
            if len(c["inner"]) != 2:
                raise Refused(c, "range of case labels")
            v = self.expr(c["inner"][0]).e
            if v[0] != "const":
                raise Refused(c, "case label that is not a constant")
            out.append(v[1])
            c = c["inner"][1]
        return out, c

    def case_body(self, c, stmts):
        if len(stmts) == 1 and stmts[0]["kind"] == "CompoundStmt":
            stmts = stmts[0].get("inner", [])
        elif any(x["kind"] == "DeclStmt" for x in stmts):
            # Its scope would be the whole switch, and a jump to a later case would pass it by.
            raise Refused(c, "declaration in a case without a block of its own")
        if stmts and stmts[-1]["kind"] == "BreakStmt":
            stmts = stmts[:-1]
        elif not self.terminates_all(stmts):
            self.diags.report(c, "case that does not end in break or return")
        self.context.append("switch")
        s = self.scoped(stmts)
        self.context.pop()
        return s

    # ---- does every path return? ----
    def terminates_all(self, stmts):
        return any(self.terminates(s) for s in stmts)

    def terminates(self, n):
        k = n["kind"]
        if k in ("ReturnStmt", "ContinueStmt"):
            return True
        if k == "CompoundStmt":
            return self.terminates_all(n.get("inner", []))
        if k == "IfStmt":
            return len(n["inner"]) > 2 and all(self.terminates(x) for x in n["inner"][1:3])
        if k == "SwitchStmt":
            return self.switch_terminates(n["inner"][1])
        if k == "LabelStmt":
            return self.terminates(n["inner"][0])
        if k == "CallExpr":
            try:
                return self.prog.is_noreturn(self.callee(n))
            except Refused:
                return False
        return False

    def switch_terminates(self, body):
        default, groups = False, []
        for c in body.get("inner", []):
            if c["kind"] in ("CaseStmt", "DefaultStmt"):
                while c["kind"] in ("CaseStmt", "DefaultStmt"):
                    default = default or c["kind"] == "DefaultStmt"
                    c = c["inner"][-1]
                groups.append([])
            if groups:
                groups[-1].append(c)
        return default and all(self.terminates_all(g) for g in groups)

    # ---- the function ----
    def run(self):
        n = self.node
        for p in n.get("inner", []):
            if p["kind"] == "ParmVarDecl":
                try:
                    self.params.append(self.declare(p, "parameter"))
                except Refused as r:
                    self.diags.caught(r)
        body = [c for c in n["inner"] if c["kind"] == "CompoundStmt"][0]
        s = self.block(body.get("inner", []))
        if self.result is not None and not self.terminates(body):
            self.diags.report(dict(n, where=(n["where"][0], end_line(n))),
                              "`%s`: not every path returns a value" % n["name"])
        return s
