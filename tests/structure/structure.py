#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Reads the includes of the tree and fails on one that points upwards, or on a circle.

    tests/structure/structure.py [FOLDER]

The layers are those that ARCHITECTURE.md lists, from the top down. A file may include its own layer and those below. A
file and its header (the same path without suffix) count as one, and no two include each other, on whatever way round.
The folders inside kernels/ know nothing of each other.
"""
import os
import re
import sys

INCLUDE = re.compile(r'^\s*[#.]\s*include\s+(?:"([^"]+)"|<(cardinal/[^>]+)>)', re.MULTILINE)
SUFFIXES = (".c", ".h", ".S", ".inc", ".def", ".cc", ".cpp")


def layers(folder):
    """The level of each top folder, 0 for the topmost, from the first indented block under the heading "Layers"."""
    with open(os.path.join(folder, "ARCHITECTURE.md"), encoding="utf-8") as file:
        section = re.split(r"^## ", file.read(), flags=re.MULTILINE)
    block = [part for part in section if part.startswith("Layers\n")]
    lines = [line for line in block[0].splitlines() if line.startswith("    ")] if block else []
    found = {}
    for level, line in enumerate(lines):
        for name in re.findall(r"(?:^ {4}|(?<=/ ) {1,2})([a-z]+)/", line):
            found[name] = level
    return found


def sources(folder, tops):
    for top in tops:
        for directory, _, files in os.walk(os.path.join(folder, top)):
            for name in files:
                if name.endswith(SUFFIXES):
                    yield os.path.relpath(os.path.join(directory, name), folder)


def includes(folder, path):
    """The files of the tree that a file includes, as paths from the top; others' headers are left out."""
    with open(os.path.join(folder, path), encoding="utf-8") as file:
        text = file.read()
    for quoted, public in INCLUDE.findall(text):
        for candidate in ([os.path.join("include", public)] if public
                          else [quoted, os.path.normpath(os.path.join(os.path.dirname(path), quoted))]):
            if os.path.isfile(os.path.join(folder, candidate)):
                yield candidate
                break


def subfolder(path):
    """The folder of kernels/ that a file lies in, None for its own files and for other layers'."""
    parts = path.split("/")
    return parts[1] if parts[0] == "kernels" and len(parts) > 2 else None


def misplaced(path, other, level):
    """What is wrong with one include, or None."""
    top, below = path.split("/")[0], other.split("/")[0]
    if below not in level:
        return f"{path} includes {other}, which lies in no layer"
    if level[below] < level[top]:
        return f"{path} includes {other}: {top}/ lies below {below}/"
    if top == "kernels" and subfolder(other) not in (None, subfolder(path)):
        return f"{path} includes {other}: kernels know nothing of other folders' kernels"
    return None


def circles(graph):
    """The strongly connected parts of a graph that have more than one node (Tarjan 1972)."""
    order, low, stack, found = {}, {}, [], []

    def visit(node):
        order[node] = low[node] = len(order)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in order:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], order[other])
        if low[node] == order[node]:
            part = stack[stack.index(node):]
            del stack[stack.index(node):]
            if len(part) > 1:
                found.append(sorted(part))

    for node in sorted(graph):
        if node not in order:
            visit(node)
    return found


def check(folder):
    """The number of includes looked at, and all complaints."""
    level = layers(folder)
    if len(level) < 2:
        return 0, ["ARCHITECTURE.md lists no layers"]
    count, complaints, graph = 0, [], {}
    for path in sorted(sources(folder, level)):
        unit = os.path.splitext(path)[0]
        graph.setdefault(unit, set())
        for other in includes(folder, path):
            count += 1
            wrong = misplaced(path, other, level)
            if wrong:
                complaints.append(wrong)
            if os.path.splitext(other)[0] != unit:
                graph[unit].add(os.path.splitext(other)[0])
    complaints += ["a circle: " + " ".join(part) for part in circles(graph)]
    if not count:
        complaints.append("no include was found")
    return count, complaints


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    count, complaints = check(folder)
    for complaint in complaints:
        print("FAILED " + complaint)
    print(f"{count} includes, {len(complaints)} of them wrong or round in circles")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
