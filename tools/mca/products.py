# SPDX-License-Identifier: BSD-3-Clause
"""What multiplies and adds, by architecture and number format: the instructions that kernels use for it, and the code
of an ideal loop of nothing else, whose rate is what kernels are measured against."""
import re


class Product:
    """counted: the mnemonics that are one product each. ideal: a product as assembly, where {n} is the number of the
    register that it adds to, {v} what x86's vectors are called and {vex} a prefix of those that AVX-512 lacks. adds:
    the mnemonics of what adds to sums, if that isn't the counted instruction."""

    def __init__(self, counted, ideal, adds=None):
        self.counted = re.compile(f"(?:{counted})$")
        self.ideal = ideal
        self.adds = re.compile(f"(?:{adds or counted})$")


X86_FMA = Product("vfn?m(?:add|sub)(?:132|213|231)ps", "vfmadd231ps {v}0, {v}1, {v}{n}\n")
VDPBF16PS = Product("vdpbf16ps", "vdpbf16ps {v}0, {v}1, {v}{n}\n")
VPDPBUSD = Product("vpdpbusd", "{vex}vpdpbusd {v}0, {v}1, {v}{n}\n")
VPMADDUBSW = Product("vpmaddubsw", "vpmaddubsw {v}0, {v}1, {v}15\nvpmaddwd {v}15, {v}1, {v}15\n"
                     "vpaddd {v}15, {v}{n}, {v}{n}\n", adds="vpaddd")
ARM_FMA = Product("fml[as]", "fmla v{n}.4s, v0.4s, v1.s[1]\n")
BFMLAL = Product("bfmlal[tb]", "bfmlalt v{n}.4s, v0.8h, v1.h[1]\n")
SDOT = Product("sdot", "sdot v{n}.4s, v0.16b, v1.4b[1]\n")
SMMLA = Product("smmla", "smmla v{n}.4s, v0.16b, v1.16b\n")
SADALP = Product("sadalp", "smull v30.8h, v0.8b, v1.8b\nsmlal2 v30.8h, v0.16b, v1.16b\nsadalp v{n}.4s, v30.8h\n")

# In bf16, FMAs are one for each of a cell's two channels, and so are bfmlalt and bfmlalb.
PRODUCTS = {
    ("x86", "f32"): [X86_FMA],
    ("x86", "bf16"): [VDPBF16PS, X86_FMA],
    ("x86", "int8"): [VPDPBUSD, VPMADDUBSW],
    ("arm", "f32"): [ARM_FMA],
    ("arm", "bf16"): [BFMLAL, ARM_FMA],
    ("arm", "int8"): [SDOT, SMMLA, SADALP],
}

# The registers of an ideal loop's sums, by the letter of vectors.
SUMS = {"y": range(2, 15), "z": range(16, 32), "v": range(2, 30)}


def product_of(instruction, architecture, number_format):
    """The Product that an instruction counts as in code of a format, or None. Arm's have scalar forms, too."""
    for product in PRODUCTS[architecture, number_format]:
        if product.counted.match(instruction.mnemonic):
            return product if architecture == "x86" or ".4s" in instruction.operands else None
    return None


def kinds(instructions, architecture, number_format):
    """How often each Product, with the letter of its vector registers, stands in a piece of code."""
    found = {}
    for each in instructions:
        product = product_of(each, architecture, number_format)
        if product:
            kind = product, register(each, architecture)
            found[kind] = found.get(kind, 0) + 1
    return found


def register(instruction, architecture):
    """The letter of the vector registers of an instruction."""
    if architecture == "arm":
        return "v"
    return "z" if "%zmm" in instruction.operands else "y"


def code(product, letter, registers):
    """Products that add to those registers, as assembly."""
    vex = "{vex} " if letter == "y" else ""
    return "".join(product.ideal.format(n=n, v=f"%{letter}mm", vex=vex) for n in registers)


def ideal_loop(product, letter):
    """Independent products, as assembly, and how many they are."""
    return code(product, letter, SUMS[letter]), len(SUMS[letter])


def sums(instructions, architecture, number_format):
    """The registers that a piece of code's products add to."""
    adds = [product.adds for product, _ in kinds(instructions, architecture, number_format)]
    found = set()
    for each in instructions:
        operands = operand_list(each)
        # What adds without multiplying adds registers; vpaddd of memory is for other things.
        if any(pattern.match(each.mnemonic) for pattern in adds) and not (
                each.mnemonic == "vpaddd" and "(" in each.operands):
            found.add(operands[0 if architecture == "arm" else -1].split(".")[0].split(" ")[0])
    return found


def operand_list(instruction):
    """Operands, split at the commas outside brackets."""
    parts, depth, current = [], 0, ""
    for character in instruction.operands:
        depth += character in "([{"
        depth -= character in ")]}"
        if character == "," and depth == 0:
            parts.append(current.strip())
            current = ""
        else:
            current += character
    return parts + [current.strip()]
