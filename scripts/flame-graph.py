#!/usr/bin/env python3
"""Draws callgrind's output as a flame graph: flame-graph.py CALLGRIND_FILE ROOT CALLS > picture.svg

ROOT is the suffix of the name of the root function; the counts are divided by CALLS. Callgrind records
arcs and no stacks, so the cost of a function is split among its callers by the arcs.
"""

import html
import re
import sys
from collections import defaultdict

WIDTH, ROW, LEAST, DEEPEST = 1200, 17, 0.004, 40


def read(path):
    """The cost of each function by itself, and by each of its callees."""
    own, arcs, names = defaultdict(int), defaultdict(int), {}
    function = callee = None
    in_call = False
    for line in open(path):
        named = re.match(r"(c?fn)=\((\d+)\)(?: (.*))?", line)
        if named:
            kind, number, name = named.groups()
            if name:
                names[number] = re.sub(r"'\d+$", "", name.strip())
            if kind == "fn":
                function = names[number]
            else:
                callee = names[number]
        elif line.startswith("calls="):
            in_call = True
        elif re.match(r"[+\-*\d]", line):
            cost = int(line.split()[1])
            if not in_call:
                own[function] += cost
            elif callee != function:
                arcs[function, callee] += cost
            in_call = False
    return own, arcs


def frames(own, arcs, root):
    """Rows of (depth, left, width, name), widths in parts of the root."""
    callees = defaultdict(list)
    for (caller, callee), cost in arcs.items():
        callees[caller].append((cost, callee))
    whole = {name: own[name] + sum(cost for cost, _ in callees[name]) for name in set(own) | set(callees)}

    def walk(name, left, width, path):
        yield len(path), left, width, name
        if len(path) >= DEEPEST:
            return
        for cost, callee in sorted(callees[name], reverse=True):
            part = width * cost / max(whole[name], 1)
            if part >= LEAST and callee not in path:
                yield from walk(callee, left, part, path + [callee])
                left += part

    yield from walk(root, 0.0, 1.0, [root])


def short(name):
    """A short name, without type parameters and module paths."""
    while "<" in name:
        shorter = re.sub(r"<([^<>]*)>", lambda m: m.group(1).split(" as ")[0].split("::")[-1] if " as " in m.group(1) else "", name)
        if shorter == name:
            break
        name = shorter
    parts = [part for part in name.split("::") if part]
    return "::".join(parts[-3:] if parts[-1].startswith("{") else parts[-2:])


def main():
    path, wanted, calls = sys.argv[1:]
    own, arcs = read(path)
    root = next(name for name in own if name.endswith(wanted))
    rows = list(frames(own, arcs, root))
    total = own[root] + sum(cost for (caller, _), cost in arcs.items() if caller == root)
    height = ROW * (max(depth for depth, *_ in rows) + 1)
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
          'font-family="monospace" font-size="11">')
    for depth, left, width, name in rows:
        x, y, w = left * WIDTH, height - ROW * depth, width * WIDTH
        hue = 205 if "vestibule" in name else 28
        label = html.escape(short(name))
        full = html.escape(f"{name}: {width * total / int(calls):.0f} instructions per call")
        fits = label[: max(int(w / 6.8) - 1, 0)]
        print(f'<g><title>{full}</title><rect x="{x:.1f}" y="{y}" width="{max(w - 0.5, 0.5):.1f}" '
              f'height="{ROW - 1}" fill="hsl({hue} 70% {72 + depth % 3 * 4}%)"/>'
              f'<text x="{x + 3:.1f}" y="{y + 12}">{fits}</text></g>')
    print("</svg>")


main()
