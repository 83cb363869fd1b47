#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The table of docs/threats.md against the tests: which attack tests and weakened builds stand for each
row.

    threats.py --check    names that do not exist, and rows that nothing stands for, are errors
    threats.py            fill the columns "attack tests" and "weakened builds" ('make docs')
"""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", ".."))
DOC = os.path.join(ROOT, "docs", "threats.md")
ROW = re.compile(r"^\| (\d+) \| ([^|]*) \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$", re.M)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def sources():
    """{row: [tests]} of the attack's tables, {test: [patches]} of the patches' heads, and all tests."""
    rows, patches, tests = {}, {}, []
    for name in sorted(os.listdir(HERE)):
        if name.endswith(".c"):
            for test, numbers in re.findall(r'\{\s*"(\w+)",\s*"([\d,]+)",', read(os.path.join(HERE, name))):
                tests.append(test)
                for n in numbers.split(","):
                    rows.setdefault(int(n), []).append(test)
    broken = os.path.join(ROOT, "tests", "broken")
    for name in sorted(f for f in os.listdir(broken) if f.endswith(".patch")):
        test = re.search(r"^test: (\w+)$", read(os.path.join(broken, name)), re.M).group(1)
        patches.setdefault(test, []).append(name[:-6])
    return rows, patches, tests


def cells(row, rows, patches):
    tests = rows.get(row, [])
    builds = sorted({p for t in tests for p in patches.get(t, [])})
    return ", ".join(f"`{t}`" for t in tests), ", ".join(f"`{p}`" for p in builds)


def main():
    text = read(DOC)
    rows, patches, tests = sources()
    if sys.argv[1:] != ["--check"]:
        new = ROW.sub(lambda m: "| {} | {} | {} | {} | {} |".format(
            m[1], m[2], *(c or "-" for c in cells(int(m[1]), rows, patches)), m[5]), text)
        with open(DOC, "w", encoding="utf-8") as f:
            f.write(new)
        return 0
    bad, seen = [], set()
    every_build = {p for group in patches.values() for p in group}
    for m in ROW.finditer(text):
        row, said = int(m[1]), m[5].strip()
        seen.add(row)
        for name in re.findall(r"`(\w+)`", m[3]):
            if name not in rows.get(row, []):
                bad.append(f"row {row}: no attack test '{name}' names this row")
        for name in re.findall(r"`([\w-]+)`", m[4]):
            if name not in every_build:
                bad.append(f"row {row}: no weakened build '{name}'")
        if not rows.get(row) and said in ("", "-"):
            bad.append(f"row {row}: no attack test, and no word why")
        if (m[3].strip(), m[4].strip()) != tuple(c or "-" for c in cells(row, rows, patches)):
            print(f"note: row {row} is older than the tests ('make docs' mends it)")
    bad += [f"attack tests for row {n}, which the table does not have" for n in sorted(set(rows) - seen)]
    well = f"{len(seen)} rows, {len(tests)} attack tests, {len(every_build)} weakened builds"
    print("\n".join(bad) if bad else well)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
