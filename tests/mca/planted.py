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

import bounds  # noqa: E402
import loops  # noqa: E402
import mca  # noqa: E402
import model  # noqa: E402
import products  # noqa: E402
import trace  # noqa: E402

TOOLS = types.SimpleNamespace(objdump="llvm-objdump-19", mca="llvm-mca-19", everything=False)


def loop(architecture, body):
    count = {"x86": "decq %rcx\njnz 1b\n", "arm": "subs x0, x0, #1\nb.ne 1b\n"}
    return f"1:\n{body}{count[architecture]}"


def avx512_loop(chains, extra=""):
    fmas = "".join(f"vfmadd231ps %zmm30, %zmm31, %zmm{n % chains}\n" for n in range(24))
    return loop("x86", fmas + extra)


def avx2_loop(broadcasts):
    loads = "".join(f"vbroadcastss {4 * n}(%rsi), %ymm13\n" for n in range(broadcasts))
    fmas = "".join(f"vfmadd231ps %ymm14, %ymm15, %ymm{n % 12}\n" for n in range(36))
    return loop("x86", loads + fmas)


def neon_loop(chains):
    return loop("arm", "".join(f"fmla v{n % chains}.4s, v30.4s, v31.s[0]\n" for n in range(32)))


KERNELS = {"gconv3x3_f32_w16_avx512": mca.Kernel("avx512", "conv", "f32", "blocked16", 16),
           "gconv3x3_f32_w16_avx2": mca.Kernel("avx2", "conv", "f32", "blocked16", 16),
           "gconv3x3_f32_w1_avx512": mca.Kernel("avx512", "conv", "f32", "blocked16", 1),
           "conv1x1_f32_6x16_neon": mca.Kernel("neon", "conv1x1", "f32", "blocked16", 0),
           "fc_f32_3x32_neon": mca.Kernel("neon", "fc", "f32", "blocked16", 0)}

# Name, architecture, kernel, code, and a part of each complaint that must come.
CASES = [
    ("fast", "x86", "gconv3x3_f32_w16_avx512", avx512_loop(24), []),
    ("few chains", "x86", "gconv3x3_f32_w16_avx512", avx512_loop(3),
     ["% of the product units on skylake-avx512, below 90 %", "% of the product units on znver4, below 90 %"]),
    ("few chains without a bound", "x86", "gconv3x3_f32_w1_avx512", avx512_loop(3), []),
    ("spill", "x86", "gconv3x3_f32_w1_avx512", avx512_loop(24, "vmovups %zmm0, -64(%rsp)\n"),
     ["1 accesses to the stack in an inner loop, such as vmovups %zmm0, -0x40(%rsp)"]),
    ("call", "x86", "gconv3x3_f32_w1_avx512", avx512_loop(24, "call 2f\n2:\n"), ["a call in an inner loop"]),
    ("limit of the model", "x86", "gconv3x3_f32_w16_avx2", avx2_loop(27), []),
    ("fast", "arm", "conv1x1_f32_6x16_neon", neon_loop(24), []),
    ("few chains", "arm", "conv1x1_f32_6x16_neon", neon_loop(8),
     ["% of the product units on neoverse-v1, below 88 %"]),
    ("spill", "arm", "fc_f32_3x32_neon", neon_loop(24).replace("subs", "str q0, [sp, #16]\nsubs"),
     ["1 accesses to the stack in an inner loop, such as str q0, [sp, #0x10]"]),
]

# Each way of multiplying, with an instruction that takes its units.
PRODUCTS = [
    ("avx2", "bf16", products.X86_FMA, "vmulps {v}1, {v}1, {v}0\n"),
    ("avx512", "bf16", products.X86_FMA, "vmulps {v}1, {v}1, {v}0\n"),
    ("avx512+avx512_bf16", "bf16", products.VDPBF16PS, "vmulps {v}1, {v}1, {v}0\n"),
    ("avx2", "int8", products.VPMADDUBSW, "vpmullw {v}1, {v}1, {v}0\n"),
    ("avx2+avx_vnni", "int8", products.VPDPBUSD, "vpmullw {v}1, {v}1, {v}0\n"),
    ("avx512", "int8", products.VPMADDUBSW, "vpmullw {v}1, {v}1, {v}0\n"),
    ("avx512+avx512_vnni", "int8", products.VPDPBUSD, "vmulps {v}1, {v}1, {v}0\n"),
    ("neon", "bf16", products.ARM_FMA, "fmul v0.4s, v1.4s, v1.4s\n"),
    ("neon+bf16", "bf16", products.BFMLAL, "fmul v0.4s, v1.4s, v1.4s\n"),
    ("neon", "int8", products.SADALP, "smull v0.8h, v1.8b, v1.8b\n"),
    ("neon+dotprod", "int8", products.SDOT, "mul v0.4s, v1.4s, v1.4s\n"),
    ("neon+dotprod+i8mm", "int8", products.SMMLA, "mul v0.4s, v1.4s, v1.4s\n"),
]


def product_cases(isa, number_format, product, instruction):
    """A kernel of 1×1 convolutions as fast as it can be, one whose products wait for each other, and one with two
    instructions more for each product; with what must be said of them."""
    letter = "v" if isa.startswith("neon") else "z" if isa.startswith("avx512") else "y"
    architecture = "arm" if letter == "v" else "x86"
    kernel = mca.Kernel(isa, "conv1x1", number_format, "blocked16", 0)
    name = f"conv1x1_{number_format}_{isa.replace('+', '_')}"
    KERNELS[name] = kernel
    more = instruction.format(v=f"%{letter}mm")
    wait = ("and v0.16b, v0.16b, v{n}.16b\n" if letter == "v" else
            f"vandps %{letter}mm{{n}}, %{letter}mm0, %{letter}mm0\n")
    wanted = {cpu: bounds.of_loop(kernel, 1, cpu) for cpu in bounds.CPUS[isa]}
    said = [f"% of the product units on {cpu}, below {bound} %" for cpu, bound in wanted.items() if bound]
    for what, extra, expected in (("fast", "", []), ("waits", wait, said), ("two instructions more", 2 * more, said)):
        body = "".join(products.code(product, letter, [n]) + extra.format(n=n) for n in products.SUMS[letter])
        yield what, architecture, name, loop(architecture, body), expected


# These loops keep one pace from the beginning on, so that a tenth of what kernels need tells it.
model.WARM_UP = 300

FEATURES = {"x86": ["-mattr=+avx512f,+avx512bw,+avx512vnni,+avx512bf16,+avxvnni"], "arm": model.ATTRIBUTES["arm"]}


def complaints(folder, architecture, kernel, code):
    path = os.path.join(folder, kernel + ".c.o")
    subprocess.run(["llvm-mc-19", f"-triple={model.TRIPLE[architecture]}", *FEATURES[architecture],
                    "-filetype=obj", "-o", path, "-"],
                   input=f".globl kernel\nkernel:\n{code}ret\n", text=True, check=True)
    rows = mca.analyse_loops(TOOLS, "planted", folder, {kernel: KERNELS[kernel]})
    if len(rows) != 1:
        return [f"{len(rows)} inner loops instead of one"]
    return mca.loop_complaints(rows[0])


def call_becomes_jump():
    """llvm-mca gives a call 100 cycles; traces must not."""
    call = loops.Instruction(0, "", "callq", "0x10 <kernel>")
    return [] if "call" not in trace.assembly([call], loops.TARGET) else ["a traced call stays a call"]


def main():
    missing = [name for name in ("llvm-mc-19", "llvm-objdump-19", "llvm-mca-19")
               if shutil.which(name) is None]
    if missing:
        print(f"skipped: {', '.join(missing)} missing (Debian's llvm-19)")
        return mca.SKIPPED
    wrong = call_becomes_jump()
    cases = CASES + [case for each in PRODUCTS for case in product_cases(*each)]
    for name, architecture, kernel, code, expected in cases:
        with tempfile.TemporaryDirectory() as folder:
            found = complaints(folder, architecture, kernel, code)
        if len(found) != len(expected) or not all(part in text for part, text in zip(expected, found)):
            wrong.append(f"{name}, {kernel}: found {found}, expected {expected}")
    for each in wrong:
        print("FAILED " + each)
    print(f"{len(cases) + 1 - len(wrong)} of {len(cases) + 1} as expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
