#!/usr/bin/env python3
"""Records what each dependency costs to compile in docs/dependencies.md, or compares the record with Cargo.lock.

Without an argument: fails if a crate is compiled that the tables do not list, or if they list one that is not.
--record: makes clean release builds, one crate at a time, and writes their times. Run it on an idle machine.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/dependencies.md"
TABLES = {"default": [], "optional": ["--all-features"]}


def run(*command):
    done = subprocess.run(command, cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE)
    return done.stdout


def compiled(edges, features):
    """The names of the crates that are compiled for a program that uses the crate."""
    tree = run("cargo", "tree", "--locked", "-e", edges, "--prefix", "none", "-f", "{p}", *features)
    names = {line.split()[0] for line in tree.splitlines() if line.strip()}
    return names - {"vestibule"}


def crates(table):
    everything = compiled("normal,build", TABLES[table])
    return everything if table == "default" else everything - compiled("normal,build", [])


def section(page, table):
    begin, end = f"<!-- {table} -->\n", f"<!-- end of {table} -->"
    start = page.index(begin) + len(begin)
    return start, page.index(end, start)


def listed(page, table):
    start, end = section(page, table)
    return set(re.findall(r"^\| `([^`]+)` \|", page[start:end], re.MULTILINE))


def seconds(features):
    """The time of each crate, with its build script and all its versions."""
    with tempfile.TemporaryDirectory(dir=ROOT / "target") as folder:
        run(
            "cargo", "build", "--release", "--locked", "--lib", "-j1", "--quiet", "--timings",
            "--target-dir", folder, *features,
        )
        report = (Path(folder) / "cargo-timings/cargo-timing.html").read_text()
    units = json.loads(re.search(r"UNIT_DATA = (\[.*?\]);\n", report, re.DOTALL).group(1))
    times = defaultdict(float)
    for unit in units:
        times[unit["name"]] += unit["duration"]
    return times


def record(page):
    for table, features in TABLES.items():
        times, at_run_time = seconds(features), compiled("normal", features)
        rows = ["| crate | part of | seconds |", "|---|---|---|"]
        for name in sorted(crates(table), key=lambda name: (-round(times[name], 1), name)):
            part = "the program" if name in at_run_time else "the build script"
            rows.append(f"| `{name}` | {part} | {times[name]:.1f} |")
        total = sum(times[name] for name in crates(table))
        rows.append(f"| all {len(crates(table))} | | {total:.1f} |")
        start, end = section(page, table)
        page = page[:start] + "\n".join(rows) + "\n" + page[end:]
    PAGE.write_text(page)


def check(page):
    failed = False
    for table in TABLES:
        missing, gone = crates(table) - listed(page, table), listed(page, table) - crates(table)
        for name in sorted(missing):
            print(f"docs/dependencies.md does not list `{name}` ({table})")
        for name in sorted(gone):
            print(f"docs/dependencies.md lists `{name}`, which is not compiled ({table})")
        failed |= bool(missing or gone)
    sys.exit(failed)


(record if sys.argv[1:] == ["--record"] else check)(PAGE.read_text())
