# SPDX-License-Identifier: BSD-2-Clause
"""From build/bench/*.json: tables in markdown, and one HTML file with plots."""
import html
import json
import os

import machines

# The columns: (machine, kind)
COLUMNS = [("nvhe", "normal"), ("vhe", "normal"), ("kcore", "normal"), ("kcore", "protected"),
           ("pkvm", "normal"), ("pkvm", "pkvm")]
COLOURS = ["#666666", "#aaaaaa", "#7fb2e5", "#1f5fa8", "#f0b98a", "#d2691e"]
WHAT = {
    "hypercall": "HVC, answered by KVM or by KCore",
    "io-kernel": "read of the virtual distributor, answered by the kernel",
    "io-user": "read of a device, answered by the VMM",
    "ipi": "SGI to another vCPU until it is acknowledged; both CPUs together",
    "timer": "the guest's timer: from its deadline to the first instructions of the guest's handler",
    "interrupt": "a timer of the host fires while the guest runs: until the guest goes on",
    "fault-4k": "first touch of a page of 4 KiB: allocated, mapped or donated",
    "fault-2m": "first touch of all pages of 2 MiB, by one huge page where the hypervisor maps such",
    "vm-create": "a VM with one vCPU and a GIC until its first exit to the VMM; the VMM's CPU time",
    "vm-destroy": "its end, likewise",
}
# Of a protected VM against stock nVHE
TARGETS = {t: 0.5 if t == "hypercall" else 1.15 for t in machines.TESTS}
TARGET_NORMAL = 1.05
HEAD = """Instructions for one operation, least of the batches, one kernel image and initramfs for all; in
brackets the ratio to stock nVHE on the same CPU type."""


def name(machine, kind):
    return machines.MACHINES[machine][2][kind]


def load():
    """{cpu: {(machine, kind): {test: instructions}}}, {cpu: {(machine, kind): profile}}"""
    least, profile = {}, {}
    for cpu in machines.CPUS:
        least[cpu], profile[cpu] = {}, {}
        for machine in machines.MACHINES:
            path = os.path.join(machines.OUT, f"{cpu}-{machine}.json")
            if not os.path.exists(path):
                continue
            with open(path, encoding="utf-8") as f:
                data = json.load(f)
            for kind, tests in data["least"].items():
                least[cpu][(machine, kind)] = tests
            for kind, tests in data.get("profile", {}).items():
                profile[cpu][(machine, kind)] = tests
    return least, profile


def targets(tests):
    """[(what, goal, found, met)] of one CPU type."""
    rows = []
    base, up = tests.get(("nvhe", "normal"), {}), tests.get(("pkvm", "pkvm"), {})
    mine, normal = tests.get(("kcore", "protected"), {}), tests.get(("kcore", "normal"), {})
    for t in machines.TESTS:
        if t in base and t in mine:
            goal = f"<= {TARGETS[t]:.2f} x nVHE"
            rows.append((f"protected VM, {t}", goal, mine[t] / base[t], TARGETS[t]))
    for t in machines.TESTS:
        if t in up and t in mine:
            rows.append((f"protected VM, {t}", "< 1 x upstream's protected VM", mine[t] / up[t], 0.99999))
    for t in machines.TESTS:
        if t in base and t in normal:
            goal = f"<= {TARGET_NORMAL:.2f} x nVHE"
            rows.append((f"normal VM, {t}", goal, normal[t] / base[t], TARGET_NORMAL))
    if "fault-2m" in mine:
        rows.append(("protected VM, 2 MiB by one donation", "<= 1/20 of 512 single ones",
                     mine["fault-2m"] / (512 * mine["fault-4k"]), 0.05))
    return [(what, goal, found, found <= limit) for what, goal, found, limit in rows]


def table(tests):
    """Rows of text for one CPU type, the first the head."""
    columns = [c for c in COLUMNS if c in tests]
    rows = [[""] + [name(*c) for c in columns]]
    base = tests.get(("nvhe", "normal"), {})
    for t in machines.TESTS:
        row = [t]
        for c in columns:
            v = tests[c].get(t)
            cell = "-" if v is None else f"{v:,.0f}"
            if v is not None and t in base and c != ("nvhe", "normal"):
                cell += f" ({v / base[t]:.2f})"
            row.append(cell)
        rows.append(row)
    return rows


def markdown(rows):
    lines = ["| " + " | ".join(rows[0]) + " |", "|---" * len(rows[0]) + "|"]
    return lines + ["| " + " | ".join(r) + " |" for r in rows[1:]]


def html_table(rows):
    out = ["<table><tr>" + "".join(f"<th>{html.escape(c)}</th>" for c in rows[0]) + "</tr>"]
    for r in rows[1:]:
        title = html.escape(WHAT.get(r[0], ""))
        out.append(f'<tr title="{title}">' + "".join(f"<td>{html.escape(c)}</td>" for c in r) + "</tr>")
    return out + ["</table>"]


def plot(tests):
    """Bars: ratio to nVHE, cut at 3."""
    columns = [c for c in COLUMNS if c in tests and c != ("nvhe", "normal")]
    base, most, left, width, bar = tests.get(("nvhe", "normal"), {}), 3.0, 110, 620, 11
    out, y = [], 30
    for t in machines.TESTS:
        if t not in base:
            continue
        middle = y + bar * len(columns) / 2 + 4
        out.append(f'<text x="{left - 8}" y="{middle:.0f}" text-anchor="end">{t}</text>')
        for c in columns:
            if t not in tests[c]:
                continue
            r = tests[c][t] / base[t]
            text = f"{name(*c)}, {t}: {tests[c][t]:,.0f}, {r:.2f} x nVHE"
            long = min(r, most) / most * width
            out.append(f'<rect x="{left}" y="{y}" width="{long:.1f}" height="{bar - 1}" '
                       f'fill="{COLOURS[COLUMNS.index(c)]}"><title>{html.escape(text)}</title></rect>')
            out.append(f'<text x="{left + long + 4:.1f}" y="{y + bar - 2}" class="n">{r:.2f}'
                       f'{" &#8594;" if r > most else ""}</text>')
            y += bar
        y += 8
    one = left + width / most
    out.append(f'<line x1="{one:.1f}" x2="{one:.1f}" y1="24" y2="{y}" class="one"/>')
    x = left
    for c in columns:
        out.append(f'<rect x="{x}" y="6" width="10" height="10" fill="{COLOURS[COLUMNS.index(c)]}"/>')
        out.append(f'<text x="{x + 14}" y="15">{html.escape(name(*c))}</text>')
        x += 20 + 7 * len(name(*c)) + 14
    size = f'width="{left + width + 70}" height="{y + 6}"'
    return [f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">'] + out + ["</svg>"]


STYLE = """body{font:15px/1.45 sans-serif;max-width:62em;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;margin:1em 0}td,th{border:1px solid #ccc;padding:.2em .6em;text-align:right}
td:first-child,th:first-child{text-align:left}svg{font:12px sans-serif}svg .n{font-size:9px;fill:#555}
svg .one{stroke:#444;stroke-dasharray:3 3}
.no{color:#b00}"""


def write():
    least, profile = load()
    md = ["# Bench", "", HEAD, ""]
    page = ["<!doctype html><html lang=en><meta charset=utf-8><title>Redoubt: bench</title>",
            f"<style>{STYLE}</style>", "<h1>What protection costs</h1>", f"<p>{html.escape(HEAD)}</p><ul>"]
    page += [f"<li><b>{t}</b>: {html.escape(WHAT[t])}</li>" for t in machines.TESTS] + ["</ul>"]
    missed = []
    for cpu, tests in least.items():
        if not tests:
            continue
        rows = table(tests)
        goals = targets(tests)
        missed += [f"{cpu}: {g[0]}: {g[2]:.2f}, goal {g[1]}" for g in goals if not g[3]]
        text = [["goal", "", "found", ""]]
        text += [[what, goal, f"{ratio:.3f}", "met" if ok else "missed"] for what, goal, ratio, ok in goals]
        md += [f"## {cpu}", ""] + markdown(rows) + ["", "### Goals", ""] + markdown(text) + [""]
        page += [f"<h2>{cpu}</h2>"] + html_table(rows) + ["<p>Ratio to stock nVHE (dashed line: 1):</p>"]
        page += plot(tests)
        page += ["<details><summary>Goals</summary>"] + html_table(text) + ["</details>"]
        if profile[cpu]:
            write_profile(cpu, profile[cpu])
            rows = level_rows(profile[cpu])
            md += ["### Instructions by exception level", ""] + markdown(rows) + [""]
            page += ["<h3>By exception level (EL0 / EL1 / EL2)</h3>"] + html_table(rows)
    for path, lines in (("results.md", md), ("report.html", page)):
        with open(os.path.join(machines.OUT, path), "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")
    with open(os.path.join(machines.OUT, "results.json"), "w", encoding="utf-8") as f:
        json.dump({cpu: {f"{m}/{k}": v for (m, k), v in tests.items()} for cpu, tests in least.items()}, f,
                  indent=1)
    print("\n".join(md[4:]))
    print("\n".join(["[bench] goals missed:"] + missed if missed else ["[bench] every goal is met"]))
    print("[bench] build/bench/report.html, results.md, results.json")
    return 0


def level_rows(profile):
    columns = [c for c in COLUMNS if c in profile]
    rows = [["EL0 / EL1 / EL2"] + [name(*c) for c in columns]]
    for t in machines.TESTS:
        rows.append([t] + [" / ".join(f"{v:,.0f}" for v in profile[c][t]["levels"][:3]) for c in columns])
    return rows


def write_profile(cpu, profile):
    """The functions, as text: build/bench/profile-CPU.txt."""
    path = os.path.join(machines.OUT, f"profile-{cpu}.txt")
    with open(path, "w", encoding="utf-8") as f:
        for t in machines.TESTS:
            for c, tests in profile.items():
                f.write(f"{t}, {name(*c)}: instructions an operation, level, function\n")
                for level, function, count in tests[t]["functions"]:
                    f.write(f"{count:12.1f}  EL{level}  {function}\n")
                f.write("\n")
