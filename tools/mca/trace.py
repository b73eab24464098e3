# SPDX-License-Identifier: BSD-3-Clause
"""Which instructions a kernel executes on a layer, one after the other, on whatever CPU this is.

On x86-64 the program is single-stepped. Vector instructions that this CPU lacks are stepped over without being
executed: which instructions a kernel executes doesn't depend on the data, so that the trace of an AVX-512 kernel can be
had on a CPU without AVX-512. An aarch64 program runs under qemu-user, which logs each instruction.
"""
import ctypes
import os
import re
import signal
import subprocess
import tempfile

CALLER = "mca_drive_call"
LIMIT = 3_000_000  # instructions; a kernel call that takes more is the wrong one to trace

PTRACE_TRACEME, PTRACE_PEEKUSER, PTRACE_POKEUSER, PTRACE_CONT, PTRACE_SINGLESTEP = 0, 3, 6, 7, 9

# Offsets of registers in the kernel's struct user.
REGISTERS = {name: 8 * index for index, name in enumerate(
    ["r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi", "rdi"])}
RIP = 16 * 8


class Untraceable(Exception):
    """The program did something that the tracer doesn't know how to follow."""


class Code:
    """The instructions of an executable by address."""

    def __init__(self, functions):
        self.instructions = {}
        self.function_of = {}
        self.following = {}
        for function in functions:
            for each in function.instructions:
                self.instructions[each.address] = each
                self.function_of[each.address] = function.name
        addresses = sorted(self.instructions)
        self.following = dict(zip(addresses, addresses[1:]))
        self.addresses = addresses

    def bounds(self, prefix):
        inside = [address for address in self.addresses if self.function_of[address].startswith(prefix)]
        return min(inside), max(inside)


class Stepper:
    """Steps over vector instructions, but for their effects that matter: compilers keep integers in vector
    registers."""

    def __init__(self, peek, poke):
        self.peek = peek
        self.poke = poke
        self.integers = {}  # by the vector register's number
        with open("/proc/cpuinfo") as file:
            features = re.search(r"^flags\s*:(.*)$", file.read(), re.M).group(1).split()
        self.has_avx2 = {"avx2", "fma"} <= set(features)
        self.has_avx512 = {"avx512f", "avx512bw", "avx512dq", "avx512vl"} <= set(features)

    def skips(self, instruction):
        """Whether an instruction is one of AVX that this CPU lacks."""
        mnemonic = instruction.mnemonic
        # Instructions of AVX-512 begin with the byte 0x62, those on mask registers with a letter k.
        if instruction.code.startswith("62") or re.match(r"k(mov|and|or|not|xor|shift|add|unpck|xnor|test)", mnemonic):
            skipped = not self.has_avx512
        else:
            skipped = mnemonic.startswith("v") and not self.has_avx2
        if skipped and mnemonic.startswith(("vptest", "vtestp", "vcomis", "vucomis", "kortest", "ktest")):
            raise Untraceable(f"{mnemonic} at {instruction.address:#x} makes branches depend on vectors")
        return skipped

    def skip(self, instruction):
        """Does without executing it what a skipped instruction does to integers."""
        *_, last = operands = [each.strip() for each in instruction.operands.split(",")]
        vector = re.fullmatch(r"%[xyz]mm(\d+)", last)
        if vector:
            self.integers.pop(vector.group(1), None)
            if instruction.mnemonic in ("vmovq", "vmovd") and operands[0][1:] in REGISTERS:
                self.integers[vector.group(1)] = self.peek(REGISTERS[operands[0][1:]])
        elif re.fullmatch(r"%(r\w\w?d?|e\w\w)", last):
            source = re.fullmatch(r"%xmm(\d+)", operands[0])
            if instruction.mnemonic != "vmovq" or not source or source.group(1) not in self.integers:
                raise Untraceable(f"{instruction.text()} at {instruction.address:#x} makes a scalar depend on vectors")
            self.poke(REGISTERS[last[1:]], self.integers[source.group(1)])


def trace_x86(program, kernel, case, code):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long
    process = subprocess.Popen([program, kernel, case], preexec_fn=lambda: libc.ptrace(PTRACE_TRACEME, 0, None, None))
    pid = process.pid
    executed = []
    stepper = Stepper(lambda offset: libc.ptrace(PTRACE_PEEKUSER, pid, offset, None),
                      lambda offset, value: libc.ptrace(PTRACE_POKEUSER, pid, offset, value))
    try:
        expect_stop(pid, signal.SIGTRAP)
        libc.ptrace(PTRACE_CONT, pid, None, None)
        expect_stop(pid, signal.SIGSTOP)
        inside = False
        while True:
            libc.ptrace(PTRACE_SINGLESTEP, pid, None, None)
            expect_stop(pid, signal.SIGTRAP)
            address = libc.ptrace(PTRACE_PEEKUSER, pid, RIP, None)
            skipped = False
            while inside and address in code.instructions and stepper.skips(code.instructions[address]):
                stepper.skip(code.instructions[address])
                executed.append(code.instructions[address])
                address = code.following[address]
                skipped = True
            if skipped:
                libc.ptrace(PTRACE_POKEUSER, pid, RIP, address)
            function = code.function_of.get(address)
            if not inside:
                # The steps before are the end of raise() and of the caller's own beginning.
                inside = function == "cardinal_" + kernel
                if inside and stepper.skips(code.instructions[address]):
                    raise Untraceable(f"{kernel} begins with a vector instruction")
            if inside:
                if function and function.startswith(CALLER):
                    return executed
                if function is None:
                    raise Untraceable(f"{kernel} left the program at {address:#x}")
                instruction = code.instructions[address]
                # A repeated string instruction stops after each round, and is one instruction all the same.
                if instruction.mnemonic != "rep" or instruction is not executed[-1]:
                    executed.append(instruction)
                if len(executed) > LIMIT:
                    raise Untraceable(f"{kernel} on {case}: more than {LIMIT} instructions")
    finally:
        process.kill()
        process.wait()


def expect_stop(pid, wanted):
    _, status = os.waitpid(pid, 0)
    if not os.WIFSTOPPED(status) or os.WSTOPSIG(status) != wanted:
        raise Untraceable(f"the traced program stopped or ended with status {status:#x} instead of signal {wanted}")


def trace_arm(program, kernel, case, code):
    first, last = code.bounds("cardinal_")
    first = min(first, code.bounds(CALLER)[0])
    last = max(last, code.bounds(CALLER)[1])
    with tempfile.TemporaryDirectory() as folder:
        log = folder + "/log"
        subprocess.run(["qemu-aarch64", "-singlestep", "-d", "exec,nochain", "-D", log, program, kernel, case],
                       check=True, env=dict(os.environ, MCA_DRIVE_RUN="1"))
        executed, inside = [], False
        with open(log) as lines:
            for line in lines:
                found = re.match(r"Trace \d+: 0x[0-9a-f]+ \[[0-9a-f]+/([0-9a-f]+)/", line)
                if not found:
                    continue
                address = int(found.group(1), 16)
                function = code.function_of.get(address)
                inside = inside or function == "cardinal_" + kernel
                if not inside:
                    continue
                if function and function.startswith(CALLER):
                    return executed
                if function is None:
                    raise Untraceable(f"{kernel} left the program at {address:#x}")
                executed.append(code.instructions[address])
    raise Untraceable(f"{kernel} on {case} was never seen to return")


CALL = {
    # llvm-mca gives a call a latency of 100 cycles, which it says itself is no model of one. Where the callee's
    # instructions follow, a call is a jump, on x86-64 after a push.
    "call": ("\tpushq\t%rax\n\tjmp\t", "\tpushq\t%rax\n\tjmpq\t"),
    "callq": ("\tpushq\t%rax\n\tjmp\t", "\tpushq\t%rax\n\tjmpq\t"),
    "bl": ("\tb\t", None),
    "blr": (None, "\tbr\t"),
}


def assembly(executed, target):
    """A trace as one straight piece of code; branches keep a target, any will do."""
    lines = [".Ltop:"]
    for each in executed:
        operands = target.sub(".Ltop", each.operands) if each.target is not None else each.operands
        if each.mnemonic in CALL:
            direct, indirect = CALL[each.mnemonic]
            lines.append((direct if each.target is not None else indirect) + operands)
        else:
            lines.append(f"\t{each.mnemonic}\t{operands}")
    return "\n".join(lines) + "\n"
