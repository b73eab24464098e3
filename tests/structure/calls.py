#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Reads which file of the libraries uses whose functions and data, and fails on a circle, or on a use upwards.

    tests/structure/calls.py NM LIST BUILD

LIST has the paths of object files, one a line, under the build folder BUILD. Includes don't tell: a file may be handed
another's header by a third, and two headers below both may declare what is defined in each. The layers are those of
structure.py, and a file counts as one with the assembly of the same path.
"""
import os
import re
import subprocess
import sys

import structure

# ops/plan.c for ops/CMakeFiles/TARGET.dir/plan.c.o, as for CMakeFiles/TARGET.dir/ops/plan.c.o.
OBJECT = re.compile(r"(?:(.*)/)?CMakeFiles/[^/]+\.dir/(.*)\.\w+\.o$")


def unit(path):
    """The source, without suffix, that an object file, relative to its build folder, was made of."""
    parts = OBJECT.fullmatch(path)
    return os.path.join(parts.group(1) or "", parts.group(2)) if parts else None


def check(listings, level):
    """The number of uses between files, and all complaints; listings: what `nm -P -g` says of each file."""
    made, used = {}, []
    for path, listing in listings:
        for line in listing.splitlines():
            symbol, kind = line.split()[:2]
            if kind in "Uw":
                used.append((path, symbol))
            else:
                made[symbol] = path
    graph, complaints = {}, []
    for path, symbol in used:
        other = made.get(symbol, path)
        if other == path:
            continue
        graph.setdefault(path, {}).setdefault(other, symbol)
        top, above = path.split("/")[0], other.split("/")[0]
        if level[above] < level[top]:
            complaints.append(f"{path} uses {symbol} of {other}: {top}/ lies below {above}/")
    for circle in structure.circles(graph):
        arrows = [f"{path} uses {symbol} of {other}" for path in circle
                  for other, symbol in sorted(graph[path].items()) if other in circle]
        complaints.append("a circle: " + ", ".join(arrows))
    count = sum(len(others) for others in graph.values())
    if not count:
        complaints.append("no file uses another's functions")
    return count, complaints


def main():
    nm, objects, build = sys.argv[1:]
    with open(objects, encoding="utf-8") as file:
        paths = file.read().split("\n")
    everything = subprocess.run([nm, "-P", "-g", *filter(None, paths)], check=True, stdout=subprocess.PIPE, text=True)
    listings = []  # each file's begins with "PATH:"
    for path, listing in re.findall(r"^(.*):\n((?:.*[^:\n]\n)*)", everything.stdout, re.MULTILINE):
        listings.append((unit(os.path.relpath(path, build)), listing))
    top = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    count, complaints = check(listings, structure.layers(top))
    for complaint in complaints:
        print("FAILED " + complaint)
    print(f"{len(listings)} files, {count} uses of one by another, {len(complaints)} complaints")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
