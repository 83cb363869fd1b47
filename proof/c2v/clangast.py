"""clang's JSON AST of one C file, with every node's position worked out.

clang prints a file name or a line number only when it differs from the one printed last, so
positions are decoded in one walk over the document, in order. Each AST node gets "where" = (file,
line): the place of macro use, not of macro definition.
"""
import json
import os
import subprocess

CLANG = os.environ.get("C2V_CLANG", "clang-14")
DEFAULT_FLAGS = ["--target=aarch64-linux-gnu", "-std=c11", "-ffreestanding"]


class ClangFailed(Exception):
    pass


def run(args):
    try:
        p = subprocess.run([CLANG] + args, capture_output=True, text=True)
    except FileNotFoundError:
        raise ClangFailed("%s not found: install Debian's clang-14, or set C2V_CLANG" % CLANG)
    if p.returncode != 0:
        raise ClangFailed(p.stderr.strip())
    return p.stdout


def load(path, flags):
    """The AST of `path`; raises ClangFailed with clang's messages if it does not compile."""
    text = run(flags + ["-Werror=implicit-function-declaration", "-fsyntax-only", "-Xclang",
                        "-ast-dump=json", path])
    ast = json.loads(text)
    _Positions().walk(ast)
    return ast


class _Positions:
    def __init__(self):
        self.file = "?"
        self.line = 0

    def _bare(self, loc):
        if "offset" not in loc:
            return None
        if "file" in loc:
            self.file = os.path.normpath(loc["file"])
        self.line = loc.get("line", self.line)
        loc["at"] = (self.file, self.line)
        return loc["at"]

    def _loc(self, loc):
        """Decodes a location; for a macro both places are printed, spelling first."""
        if "spellingLoc" in loc or "expansionLoc" in loc:
            self._bare(loc.get("spellingLoc", {}))
            return self._bare(loc.get("expansionLoc", {}))
        return self._bare(loc)

    def walk(self, node):
        # An explicit stack: the trees of long `else if` chains are deep.
        stack = [iter([node])]
        while stack:
            n = next(stack[-1], None)
            if n is None:
                stack.pop()
                continue
            if not isinstance(n, dict) or "kind" not in n:
                continue
            at = self._loc(n["loc"]) if "loc" in n else None
            rng = n.get("range", {})
            begin = self._loc(rng.get("begin", {}))
            self._loc(rng.get("end", {}))
            n["where"] = at or begin or (self.file, self.line)
            children = []
            for key, value in n.items():
                if key in ("inner", "array_filler"):
                    children.extend(value)
                    # Documentation comments are nodes too; only their positions matter here.
                    n[key] = [c for c in value if not c.get("kind", "").endswith("Comment")]
                elif isinstance(value, dict) and "kind" in value and key != "referencedDecl":
                    children.append(value)
            stack.append(iter(children))


def end_line(node):
    end = node.get("range", {}).get("end", {})
    end = end.get("expansionLoc", end)
    return end.get("at", node["where"])[1]


def spelling(node):
    """The source text of a node that a macro may have produced."""
    rng = node.get("range", {})
    begin, end = rng.get("begin", {}), rng.get("end", {})
    begin, end = begin.get("spellingLoc", begin), end.get("spellingLoc", end)
    if "at" not in begin or "at" not in end:
        return ""
    with open(begin["at"][0], "rb") as f:
        data = f.read()
    return data[begin["offset"]:end["offset"] + end["tokLen"]].decode("utf-8", "replace")
