# SPDX-License-Identifier: BSD-3-Clause
"""What is demanded of kernels, and on the models of which CPUs; docs/mca.md has the reasons."""
import re

import products

# For each ISA, with the features beyond it, the CPUs asked about.
CPUS = {
    "avx2": ["znver3"],
    "avx2+avx_vnni": ["alderlake"],
    "avx512": ["skylake-avx512", "znver4"],
    "avx512+avx512_bf16": ["cooperlake", "znver4"],
    "avx512+avx512_vnni": ["cooperlake", "znver4"],
    "neon": ["neoverse-n1", "neoverse-v1", "neoverse-v2"],
    "neon+bf16": ["neoverse-v1", "neoverse-v2"],
    "neon+dotprod": ["neoverse-n1", "neoverse-v1", "neoverse-v2"],
    "neon+dotprod+i8mm": ["neoverse-v1", "neoverse-v2"],
}

# Those that nothing is demanded of in f32.
SHOWN = ("neoverse-n1", "neoverse-v2")

# Of bf16 and int8, by ISA, format and CPU: of 1×1, and of 3×3 with 4, 8 and 16 lanes a group the bounds of stride 1
# and of stride 2. Each is what the kernel reached, less a point or two.
LOOPS = {
    ("avx2", "bf16", "znver3"): {"1x1": 69, 4: (83, 64), 8: (85, 66), 16: (85, 66)},
    ("avx2", "int8", "znver3"): {"1x1": 98, 4: (95, 88), 8: (95, 88), 16: (95, 88)},
    ("avx2+avx_vnni", "int8", "alderlake"): {"1x1": 98, 4: (80, 63), 8: (98, 98), 16: (98, 98)},
    ("avx512", "bf16", "skylake-avx512"): {"1x1": 49, 4: (49, 38), 8: (57, 44), 16: (63, 50)},
    ("avx512", "bf16", "znver4"): {"1x1": 65, 4: (69, 64), 8: (58, 53), 16: (75, 71)},
    ("avx512", "int8", "skylake-avx512"): {"1x1": 78, 4: (69, 60), 8: (60, 54), 16: (80, 74)},
    ("avx512", "int8", "znver4"): {"1x1": 98, 4: (90, 83), 8: (89, 83), 16: (98, 98)},
    ("avx512+avx512_bf16", "bf16", "cooperlake"): {"1x1": 98, 4: (84, 72), 8: (84, 72), 16: (98, 98)},
    ("avx512+avx512_bf16", "bf16", "znver4"): {"1x1": 90, 4: (98, 98), 8: (98, 98), 16: (94, 92)},
    ("avx512+avx512_vnni", "int8", "cooperlake"): {"1x1": 92, 4: (37, 34), 8: (84, 72), 16: (98, 83)},
    ("avx512+avx512_vnni", "int8", "znver4"): {"1x1": 65, 4: (55, 55), 8: (98, 98), 16: (71, 62)},
    ("neon", "bf16", "neoverse-n1"): {"1x1": 65, 4: (72, 59), 8: (78, 69), 16: (72, 71)},
    ("neon", "bf16", "neoverse-v1"): {"1x1": 65, 4: (42, 42), 8: (61, 61), 16: (72, 71)},
    ("neon+bf16", "bf16", "neoverse-v1"): {"1x1": 98, 4: (86, 86), 8: (98, 98), 16: (98, 98)},
    ("neon", "int8", "neoverse-n1"): {"1x1": 93, 4: (96, 96), 8: (95, 95), 16: (93, 93)},
    ("neon", "int8", "neoverse-v1"): {"1x1": 57, 4: (61, 61), 8: (60, 60), 16: (58, 57)},
    ("neon+dotprod", "int8", "neoverse-v1"): {"1x1": 98, 4: (98, 97), 8: (98, 98), 16: (98, 98)},
    ("neon+dotprod+i8mm", "int8", "neoverse-v1"): {"1x1": 67},
}


def width_of(kernel):
    """The lanes a group of a 3×3 convolution that bounds are for, else None."""
    return kernel.slot if kernel.form == "conv" and kernel.slot in (4, 8, 16) and not kernel.planes else None


def of_loop(kernel, stride, cpu):
    """The share of the product units, in %, that the inner loop of a full tile must use on a CPU; None where nothing is
    demanded, as of depthwise convolutions, whose loads are the limit."""
    if not demands(kernel):
        return None
    width = width_of(kernel)
    if kernel.format != "f32":
        reached = LOOPS.get((kernel.isa, kernel.format, cpu))
        return reached and (reached[width][stride - 1] if width else reached["1x1"])
    if cpu in SHOWN:
        return None
    if width in (4, 8):
        return 80 if stride == 1 else 64
    # The prefetches of 1×1 share the load ports, and a model whose loads all hit sees no use in them.
    return 90 if width else 88


def demands(kernel):
    """Whether anything is demanded of a kernel's inner loop: of whatever 1×1 and 3×3 has these widths, but portable
    code. That LOOPS says how much is for mca.py to see to."""
    return kernel.isa != "generic" and (kernel.form == "conv1x1" or width_of(kernel) is not None)


def of_call(kernel, case, cpu):
    """The same for a whole call, of f32; None where nothing is demanded: on small maps, where the edges make up much of
    the work, and for other kernels."""
    if cpu in SHOWN or kernel.format != "f32":
        return None
    if case.startswith("1x1"):
        return 90 if kernel.form == "conv1x1" else None
    if case.startswith("5x5-"):
        return 35 if re.search(r"-w[48]-", case) else 60
    if not case.startswith("3x3-") or not case.endswith("-56x56") or kernel.form != "conv":
        return None
    if re.search(r"-w[48]-", case):
        return 63 if "-s2-" in case else 80
    return 90


def of_model(kernel, instructions, cpu):
    """The share of the product units, in %, that a flaw of a CPU's model leaves to a piece of code of f32; docs/mca.md
    shows that it is one. znver3's charges a broadcast from memory to a shuffle pipe: FMAs have pipes 0 and 1,
    broadcasts 1 and 2, so that the two together can't be faster than three pipes allow."""
    if cpu != "znver3" or kernel.format != "f32":
        return 100.0
    fmas = sum(bool(products.X86_FMA.counted.match(each.mnemonic)) for each in instructions)
    broadcasts = sum(each.mnemonic == "vbroadcastss" and "(" in each.operands for each in instructions)
    return 100 * (fmas / 2) / max(fmas / 2, broadcasts / 2, (fmas + broadcasts) / 3) if fmas else 100.0
