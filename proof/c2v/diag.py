"""Diagnostics: every refusal carries file, line and reason; a run collects all of them."""


class Refused(Exception):
    """A construct outside the subset. `node` is the clang AST node where it stands."""

    def __init__(self, node, why):
        super().__init__(why)
        self.node = node
        self.why = why


class Diagnostics:
    def __init__(self):
        self._seen = {}

    def report(self, node, why):
        where = node.get("where") or ("?", 0)
        self._seen[(where[0], where[1], why)] = None

    def caught(self, refused):
        self.report(refused.node, refused.why)

    def lines(self):
        return ["%s:%d: %s" % key for key in sorted(self._seen)]

    def __len__(self):
        return len(self._seen)
