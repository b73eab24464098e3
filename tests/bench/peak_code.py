#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The machine code of the peaks' loops: the expected number of multiply-adds in independent chains, a counter and a
jump, and nothing else.

usage: peak_code.py OBJDUMP PROGRAM PROCESSOR
"""
import re
import subprocess
import sys

OBJDUMP, PROGRAM, PROCESSOR = sys.argv[1:]

# Function: the arithmetic in its loop, by mnemonic, and the registers it must use.
X86 = {"cardinal_peak_fma_sse2": ({"mulps": 6, "addps": 6}, "xmm"),
       "cardinal_peak_fma_avx2": ({"vfmadd213ps": 14}, "ymm"),
       "cardinal_peak_fma_avx512": ({"vfmadd213ps": 24}, "zmm"),
       "cardinal_peak_bf16_avx512": ({"vdpbf16ps": 24}, "zmm"),
       "cardinal_peak_int8_avx512": ({"vpdpbusd": 24}, "zmm"),
       "cardinal_peak_int8_avxvnni": ({"vpdpbusd": 14}, "ymm")}
ARM = {"cardinal_peak_fma_neon": ({"fmla": 24}, "v"),
       "cardinal_peak_int8_i8mm": ({"smmla": 24}, "v"),
       "cardinal_peak_int8_dotprod": ({"sdot": 24}, "v")}
COUNTING = {"dec", "decq", "jne", "subs", "b.ne"}


# The whole program: binutils and LLVM have different options for one function of it.
LISTING = re.sub(r"\{vex\}\s+", "", subprocess.run([OBJDUMP, "-d", "--no-show-raw-insn", PROGRAM],
                                                  stdout=subprocess.PIPE, text=True, check=True).stdout)


def instructions(function):
    """(address, mnemonic, operands) of each instruction."""
    text = re.search(rf"^[0-9a-f]+ <{function}>:\n(.*?)(?:\n\n|\Z)", LISTING, re.MULTILINE | re.DOTALL)
    assert text, f"{function} is not in {PROGRAM}"
    found = re.findall(r"^ *([0-9a-f]+):\s+(\S+)[ \t]*(.*)$", text.group(1), re.MULTILINE)
    return [(int(address, 16), mnemonic, operands.split("#")[0].strip()) for address, mnemonic, operands in found]


def loop_of(code):
    """The instructions of the only loop: from the target of the backward jump to the jump."""
    jumps = [(address, int(operands.split()[0], 16)) for address, mnemonic, operands in code
             if mnemonic in ("jne", "b.ne")]
    backward = [(start, end) for end, start in jumps if start < end]
    assert len(backward) == 1, f"{len(backward)} backward jumps"
    start, end = backward[0]
    return [instruction for instruction in code if start <= instruction[0] <= end]


def check(function, expected, registers):
    found, sums = {}, []
    for _, mnemonic, operands in loop_of(instructions(function)):
        if mnemonic in COUNTING:
            continue
        assert "(" not in operands and "[" not in operands.replace(".s[", ""), f"memory operand: {mnemonic} {operands}"
        names = [name.strip() for name in operands.split(",")]
        assert all(name.lstrip("%").startswith(registers) for name in names), f"{mnemonic} {operands}"
        found[mnemonic] = found.get(mnemonic, 0) + 1
        # AT&T syntax names the sum last, Arm's first.
        sums.append(names[0] if registers == "v" else names[-1])
    assert found == expected, f"{function}: {found}, expected {expected}"
    assert len(set(sums)) == len(sums) >= 12, f"{function}: {len(set(sums))} chains"
    print(function, found)


for name, (counts, kind) in (ARM if PROCESSOR in ("aarch64", "arm64") else X86).items():
    check(name, counts, kind)
