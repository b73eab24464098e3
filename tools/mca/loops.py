# SPDX-License-Identifier: BSD-3-Clause
"""Finds the innermost loops in the machine code of an object file.

A loop is a backward branch and everything from its target to itself; it is innermost if no other lies inside.
"""
import os
import re
import subprocess

# What llvm-objdump prints: "      40: c5 fc 28 0e <TAB> vmovaps (%rsi), %ymm1  # comment", and headings "0000 <name>:".
INSTRUCTION = re.compile(r"^\s*([0-9a-f]+):\s+([0-9a-f ]+?)\s*\t(\S+)\s*(.*?)\s*$")
FUNCTION = re.compile(r"^[0-9a-f]+ <([^>]+)>:$")
TARGET = re.compile(r"(?:0x)?([0-9a-f]+) <([^>+]+)(?:\+0x[0-9a-f]+)?>$")

FMA = {
    "x86": re.compile(r"^vf(n?m(?:add|sub))(132|213|231)ps$"),
    "arm": re.compile(r"^fml[as]$"),
}


class Instruction:
    def __init__(self, address, code, mnemonic, operands):
        self.address = address
        self.code = code
        self.mnemonic = mnemonic
        self.operands = operands
        target = TARGET.search(operands)
        self.target = int(target.group(1), 16) if target else None
        self.target_function = target.group(2) if target else None

    def text(self):
        return f"{self.mnemonic}\t{self.operands}"


class Function:
    def __init__(self, name):
        self.name = name
        self.instructions = []


class Loop:
    """An innermost loop: its instructions, the last of which is the backward branch."""

    def __init__(self, function, isa, instructions):
        self.function = function.name
        self.isa = isa
        self.instructions = instructions
        self.start = instructions[0].address
        self.frame_pointer = frame_pointer(function, isa)

    def fmas(self):
        return [each for each in self.instructions if is_vector_fma(each, self.isa)]

    def accumulators(self):
        """The registers that the loop's FMAs add to."""
        position = 0 if self.isa == "arm" else -1
        return {operand_list(each)[position].split(".")[0].split(" ")[0] for each in self.fmas()}

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
            lines.append(f"\t{each.mnemonic}\t{operands}")
        return "\n".join(lines) + "\n"


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


def is_vector_fma(instruction, isa):
    if not FMA[isa].match(instruction.mnemonic):
        return False
    return isa == "x86" or ".4s" in instruction.operands


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
            functions[-1].instructions.append(Instruction(int(found.group(1), 16), found.group(2), found.group(3),
                                                           found.group(4)))
    return isa, functions


def innermost_loops(function, isa):
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
        loops.append(Loop(function, isa, [each for each in function.instructions if start <= each.address <= end]))
    return loops


def source(symbolizer, path, address, root):
    """FILE:LINE of an address: of the project's line that it comes from, if it was inlined from a compiler's header."""
    frames = subprocess.run([symbolizer, "--obj=" + path, "--output-style=GNU", "--functions=none", hex(address)],
                            check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    for frame in frames:
        if frame.startswith(root + "/"):
            return ":".join(os.path.relpath(frame, root).split(":")[:2])
    return ""
