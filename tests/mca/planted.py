#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The checker of the static model, tools/mca, must see what is wrong with a loop, and nothing in one that is right.

    tests/mca/planted.py

Assembles small loops under the names of kernels and looks at what is said of them. Exits with 77 (skipped) without
llvm-19.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import types

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools", "mca"))

import loops  # noqa: E402
import mca  # noqa: E402
import trace  # noqa: E402

TOOLS = types.SimpleNamespace(objdump="llvm-objdump-19", symbolizer="llvm-symbolizer-19", mca="llvm-mca-19", root=ROOT,
                              everything=False)


def avx512_loop(chains, extra=""):
    products = "".join(f"vfmadd231ps %zmm30, %zmm31, %zmm{n % chains}\n" for n in range(24))
    return f"1:\n{products}{extra}decq %rcx\njnz 1b\n"


def avx2_loop(broadcasts):
    loads = "".join(f"vbroadcastss {4 * n}(%rsi), %ymm13\n" for n in range(broadcasts))
    products = "".join(f"vfmadd231ps %ymm14, %ymm15, %ymm{n % 12}\n" for n in range(36))
    return f"1:\n{loads}{products}decq %rcx\njnz 1b\n"


def neon_loop(chains):
    products = "".join(f"fmla v{n % chains}.4s, v30.4s, v31.s[0]\n" for n in range(32))
    return f"1:\n{products}subs x0, x0, #1\nb.ne 1b\n"


KERNELS = {"gconv3x3_f32_w16_avx512": mca.Kernel("avx512", "conv", "f32", "blocked16", 16),
           "gconv3x3_f32_w16_avx2": mca.Kernel("avx2", "conv", "f32", "blocked16", 16),
           "gconv3x3_f32_w1_avx512": mca.Kernel("avx512", "conv", "f32", "blocked16", 1),
           "conv1x1_f32_6x16_neon": mca.Kernel("neon", "conv1x1", "f32", "blocked16", 0),
           "fc_f32_3x32_neon": mca.Kernel("neon", "fc", "f32", "blocked16", 0)}

# Name, triple, kernel, code, and a part of each complaint that must come.
CASES = [
    ("fast", "x86_64", "gconv3x3_f32_w16_avx512", avx512_loop(24), []),
    ("few chains", "x86_64", "gconv3x3_f32_w16_avx512", avx512_loop(3),
     ["% of the FMA units on skylake-avx512, below 90 %", "% of the FMA units on znver4, below 90 %"]),
    ("few chains without a bound", "x86_64", "gconv3x3_f32_w1_avx512", avx512_loop(3), []),
    ("spill", "x86_64", "gconv3x3_f32_w1_avx512", avx512_loop(24, "vmovups %zmm0, -64(%rsp)\n"),
     ["1 accesses to the stack in an inner loop, such as vmovups %zmm0, -0x40(%rsp)"]),
    ("call", "x86_64", "gconv3x3_f32_w1_avx512", avx512_loop(24, "call 2f\n2:\n"), ["a call in an inner loop"]),
    ("limit of the model", "x86_64", "gconv3x3_f32_w16_avx2", avx2_loop(27), []),
    ("fast", "aarch64", "conv1x1_f32_6x16_neon", neon_loop(24), []),
    ("few chains", "aarch64", "conv1x1_f32_6x16_neon", neon_loop(8), ["% of the FMA units on neoverse-v1, below 88 %"]),
    ("spill", "aarch64", "fc_f32_3x32_neon", neon_loop(24).replace("subs", "str q0, [sp, #16]\nsubs"),
     ["1 accesses to the stack in an inner loop, such as str q0, [sp, #0x10]"]),
]


def complaints(folder, triple, kernel, code):
    path = os.path.join(folder, kernel + ".c.o")
    features = "-mattr=+avx512f" if triple == "x86_64" else "-mattr=+neon"
    subprocess.run(["llvm-mc-19", f"-triple={triple}-linux-gnu", features,
                    "-filetype=obj", "-o", path, "-"],
                   input=f".globl kernel\nkernel:\n{code}ret\n", text=True, check=True)
    rows = mca.analyse_loops(TOOLS, "planted", folder, KERNELS)
    if len(rows) != 1:
        return [f"{len(rows)} inner loops instead of one"]
    return mca.loop_complaints(rows[0])


def call_becomes_jump():
    """llvm-mca gives a call 100 cycles; traces must not."""
    call = loops.Instruction(0, "", "callq", "0x10 <kernel>")
    return [] if "call" not in trace.assembly([call], loops.TARGET) else ["a traced call stays a call"]


def main():
    missing = [name for name in ("llvm-mc-19", "llvm-objdump-19", "llvm-symbolizer-19", "llvm-mca-19")
               if shutil.which(name) is None]
    if missing:
        print(f"skipped: {', '.join(missing)} missing (Debian's llvm-19)")
        return mca.SKIPPED
    wrong = call_becomes_jump()
    for name, triple, kernel, code, expected in CASES:
        with tempfile.TemporaryDirectory() as folder:
            found = complaints(folder, triple, kernel, code)
        if len(found) != len(expected) or not all(part in text for part, text in zip(expected, found)):
            wrong.append(f"{name}, {kernel}: found {found}, expected {expected}")
    for each in wrong:
        print("FAILED " + each)
    print(f"{len(CASES) + 1 - len(wrong)} of {len(CASES) + 1} as expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
