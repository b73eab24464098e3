# SPDX-License-Identifier: BSD-3-Clause
"""Finds the innermost loops in the machine code of an object file.

A loop is a backward branch and everything from its target to itself; it is innermost if no other lies inside.
"""
import re
import subprocess

import products

# What llvm-objdump prints: "      40: c5 fc 28 0e <TAB> vmovaps (%rsi), %ymm1  # comment", and headings "0000 <name>:".
INSTRUCTION = re.compile(r"^\s*([0-9a-f]+):\s+([0-9a-f ]+?)\s*\t(\{vex\}\s+)?(\S+)\s*(.*?)\s*$")
FUNCTION = re.compile(r"^[0-9a-f]+ <([^>]+)>:$")
TARGET = re.compile(r"(?:0x)?([0-9a-f]+) <([^>+]+)(?:\+0x[0-9a-f]+)?>$")


class Instruction:
    """One line of llvm-objdump. prefix: what it writes before a mnemonic that two encodings share."""

    def __init__(self, address, code, mnemonic, operands, prefix=""):
        self.address = address
        self.code = code
        self.mnemonic = mnemonic
        self.prefix = prefix
        self.operands = operands
        target = TARGET.search(operands) if "<" in operands else None
        self.target = int(target.group(1), 16) if target else None
        self.target_function = target.group(2) if target else None

    def text(self):
        return f"{self.prefix}{self.mnemonic}\t{self.operands}"


class Function:
    def __init__(self, name):
        self.name = name
        self.instructions = []


class Loop:
    """An innermost loop: its instructions, the last of which is the backward branch."""

    def __init__(self, function, isa, instructions, number_format):
        self.function = function.name
        self.isa = isa
        self.format = number_format
        self.instructions = instructions
        self.start = instructions[0].address
        self.frame_pointer = frame_pointer(function, isa)

    def stride(self):
        """Of the convolution that the loop is for, as the names of tiles tell it; 1 where they don't."""
        return 2 if "_s2_" in self.function else 1

    def products(self):
        return [each for each in self.instructions if products.product_of(each, self.isa, self.format)]

    def kinds(self):
        return products.kinds(self.instructions, self.isa, self.format)

    def accumulators(self):
        """The registers that the loop's products add to."""
        return products.sums(self.instructions, self.isa, self.format)

    def spills(self):
        """Instructions that read or write the stack frame."""
        if self.isa == "arm":
            frame = re.compile(r"\[(sp%s)[,\]]" % ("|x29" if self.frame_pointer else ""))
        else:
            frame = re.compile(r"\((%%rsp%s)[,)]" % ("|%rbp" if self.frame_pointer else ""))
        return [each for each in self.instructions if frame.search(each.operands)]

    def calls(self):
        return [each for each in self.instructions if each.mnemonic in ("call", "callq", "bl", "blr")]

    def assembly(self):
        """The loop's body as llvm-mca reads it: addresses become one label, for all that matters is that a branch is
        there."""
        lines = [".Ltop:"]
        for each in self.instructions:
            operands = each.operands
            if each.target is not None:
                operands = TARGET.sub(".Ltop", operands)
            lines.append(f"\t{each.prefix}{each.mnemonic}\t{operands}")
        return "\n".join(lines) + "\n"


def is_branch(instruction, isa):
    if instruction.target is None:
        return False
    if isa == "arm":
        return instruction.mnemonic in ("b", "cbz", "cbnz", "tbz", "tbnz") or instruction.mnemonic.startswith("b.")
    return instruction.mnemonic.startswith("j")


def frame_pointer(function, isa):
    """Whether the function keeps its frame's address in %rbp or x29, which then is the stack, too."""
    for each in function.instructions:
        if isa == "x86" and each.mnemonic.startswith("mov") and each.operands == "%rsp, %rbp":
            return True
        if isa == "arm" and (each.mnemonic in ("mov", "add")) and each.operands.startswith("x29, sp"):
            return True
    return False


def disassemble(objdump, path):
    """All functions of an object file."""
    listing = subprocess.run([objdump, "-d", path], check=True,
                             stdout=subprocess.PIPE, text=True).stdout
    isa = "arm" if "aarch64" in listing.split("\n\n")[0] else "x86"
    comment = " # " if isa == "x86" else " // "
    functions = []
    for line in listing.splitlines():
        heading = FUNCTION.match(line)
        if heading:
            functions.append(Function(heading.group(1)))
            continue
        found = INSTRUCTION.match(line.split(comment)[0].rstrip())
        if found and functions:
            address, code, prefix, mnemonic, operands = found.groups()
            functions[-1].instructions.append(Instruction(int(address, 16), code, mnemonic, operands,
                                                           "{vex} " if prefix else ""))
    return isa, functions


def innermost_loops(function, isa, number_format):
    """The innermost loops of a function, in the order of their addresses."""
    ranges = set()
    for each in function.instructions:
        if is_branch(each, isa) and each.target_function == function.name and each.target <= each.address:
            ranges.add((each.target, each.address))
    # Two branches back to one head are one loop, which ends at the later one.
    ends = {}
    for start, end in ranges:
        ends[start] = max(end, ends.get(start, end))
    loops = []
    for start, end in sorted(ends.items()):
        if any(other != start and start <= other and ends[other] <= end for other in ends):
            continue
        loops.append(Loop(function, isa, [each for each in function.instructions if start <= each.address <= end],
                          number_format))
    return loops
