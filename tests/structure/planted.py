#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The check of the tree's includes must see an upward one and a circle, and nothing in a tree that is right."""
import os
import sys
import tempfile

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
    print(f"{len(PLANTED) - wrong} of {len(PLANTED)} as expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
