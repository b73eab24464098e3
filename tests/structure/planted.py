#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The checks of the tree's includes and of its files' use of each other must see an upward one and a circle, and
nothing in a tree that is right."""
import os
import sys
import tempfile

import calls
import structure

ARCHITECTURE = """# Architecture

## Layers

    tools/  tests/                programs
    ops/                          operators
    kernels/{generic,x86,arm}/    kernels
    include/cardinal/             public headers

## More

    shelf/                        not a layer
"""

RIGHT = {
    "include/cardinal/a.h": "#include <stddef.h>\n",
    "kernels/kernel.h": "#include <cardinal/a.h>\n#include \"kernels/kernels.def\"\n",
    "kernels/kernels.def": "",
    "kernels/x86/fast.c": "#include \"kernels/kernel.h\"\n#include \"kernels/x86/tile.h\"\n",
    "kernels/x86/tile.h": "",
    "ops/plan.h": "#include \"kernels/kernel.h\"\n",
    "ops/plan.c": "#include \"ops/plan.h\"\n#include <stdio.h>\n",
    "ops/run.c": "#include \"ops/plan.h\"\n",
    "tools/main.c": "#include \"ops/plan.h\"\n#include \"tools/main.h\"\n",
    "tools/main.h": "",
}

# What is planted in such a tree, and what must be said of it.
PLANTED = [
    ({}, []),
    ({"kernels/kernel.h": "#include \"ops/plan.h\"\n", "ops/plan.h": ""},
     ["kernels/kernel.h includes ops/plan.h: kernels/ lies below ops/"]),
    ({"include/cardinal/a.h": "  #  include \"kernels/kernels.def\"\n"},
     ["include/cardinal/a.h includes kernels/kernels.def: include/ lies below kernels/"]),
    ({"ops/run.h": "#include \"ops/plan.h\"\n", "ops/plan.c": "#include \"ops/plan.h\"\n#include \"ops/run.h\"\n"},
     ["a circle: ops/plan ops/run"]),
    ({"ops/a.h": "#include \"ops/b.h\"\n", "ops/b.h": "#include \"c.h\"\n", "ops/c.h": "#include \"ops/a.h\"\n"},
     ["a circle: ops/a ops/b ops/c"]),
    ({"kernels/x86/fast.c": "#include \"kernels/arm/neon.h\"\n", "kernels/arm/neon.h": ""},
     ["kernels/x86/fast.c includes kernels/arm/neon.h: kernels know nothing of other folders' kernels"]),
    ({"kernels/x86/tile.S": "#include \"ops/offsets.h\"\n", "ops/offsets.h": ""},
     ["kernels/x86/tile.S includes ops/offsets.h: kernels/ lies below ops/"]),
    ({"ops/plan.c": "#include \"shelf/box.h\"\n", "shelf/box.h": ""},
     ["ops/plan.c includes shelf/box.h, which lies in no layer"]),
    ({"ARCHITECTURE.md": "# Architecture\n"}, ["ARCHITECTURE.md lists no layers"]),
    ({name: "" for name in RIGHT}, ["no include was found"]),
]

# The same of files' symbols, as nm tells them.
LEVEL = {"net": 0, "ops": 1, "kernels": 2}
RIGHT_CALLS = {"net/net": "net_run T 0 4\nplan_make U\nfree U\n", "ops/plan": "plan_make T 0 4\npack U\n",
               "ops/pack": "pack T 0 4\nfast U\nfast_table U\n", "kernels/fast": "fast T 0 4\nfast_table D 0 4\n"}
PLANTED_CALLS = [
    ({}, []),
    ({"ops/pack": "pack T 0 4\nplan_make U\n"},
     ["a circle: ops/pack uses plan_make of ops/plan, ops/plan uses pack of ops/pack"]),
    ({"ops/pack": "pack T 0 4\ncut U\n", "ops/cut": "cut T 0 4\nlist R 0 4\nmore U\n",
      "ops/more": "more T 0 4\nplan_make w\n"},
     ["a circle: ops/cut uses more of ops/more, ops/more uses plan_make of ops/plan, ops/pack uses cut of ops/cut, "
      "ops/plan uses pack of ops/pack"]),
    ({"kernels/fast": "fast T 0 4\nnet_run U\nfast_table D 0 4\n"},
     ["kernels/fast uses net_run of net/net: kernels/ lies below net/",
      "a circle: kernels/fast uses net_run of net/net, net/net uses plan_make of ops/plan, ops/pack uses fast of "
      "kernels/fast, ops/plan uses pack of ops/pack"]),
    ({path: "" for path in RIGHT_CALLS}, ["no file uses another's functions"]),
]
OBJECTS = {"CMakeFiles/core.dir/ops/plan.c.o": "ops/plan", "net/CMakeFiles/net.dir/net.c.o": "net/net",
           "kernels/CMakeFiles/avx2.dir/x86/fast.S.o": "kernels/x86/fast", "ops/plan.c.o": None}


def wrong_calls():
    """What of the planted calls isn't found, or is found wrongly."""
    wrong = []
    for planted, expected in PLANTED_CALLS:
        _, found = calls.check({**RIGHT_CALLS, **planted}.items(), LEVEL)
        if found != expected:
            wrong.append(f"{planted}: found {found}, expected {expected}")
    return wrong + [f"{path} was made of {calls.unit(path)}" for path, source in OBJECTS.items()
                    if calls.unit(path) != source]


def main():
    wrong = 0
    for planted, expected in PLANTED:
        with tempfile.TemporaryDirectory() as folder:
            for path, text in {"ARCHITECTURE.md": ARCHITECTURE, **RIGHT, **planted}.items():
                os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
                with open(os.path.join(folder, path), "w", encoding="utf-8") as file:
                    file.write(text)
            _, found = structure.check(folder)
        if found != expected:
            wrong += 1
            print(f"FAILED {planted}: found {found}, expected {expected}")
    for each in wrong_calls():
        wrong += 1
        print("FAILED " + each)
    count = len(PLANTED) + len(PLANTED_CALLS) + len(OBJECTS)
    print(f"{count - wrong} of {count} as expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
