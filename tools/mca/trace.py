# SPDX-License-Identifier: BSD-3-Clause
"""Which instructions a kernel executes on a layer, one after the other, on whatever CPU this is.

On x86-64 the program runs from one branch to the next, with a breakpoint on it, and steps over that. Vector
instructions that this CPU lacks are stepped over without being executed: which instructions a kernel executes doesn't
depend on the data, so that the trace of an AVX-512 kernel can be had on a CPU without AVX-512. An aarch64 program runs
under qemu-user, which logs each instruction.
"""
import ctypes
import os
import re
import signal
import subprocess
import tempfile

CALLER = "mca_drive_call"
LIMIT = 3_000_000  # instructions; a kernel call that takes more is the wrong one to trace

PTRACE_TRACEME, PTRACE_PEEKTEXT, PTRACE_PEEKUSER, PTRACE_POKETEXT, PTRACE_POKEUSER = 0, 1, 3, 4, 6
PTRACE_CONT, PTRACE_SINGLESTEP = 7, 9
BREAKPOINT = 0xCC

# Leaves the straight line.
BRANCH = re.compile(r"(?:(?:notrack|bnd|repz?|repne)\s+)*(?:j|call|ret|loop|syscall)")

# Features by instruction beyond AVX2 and AVX-512's usual ones; with EVEX encoding, which begins with the byte 0x62, and
# without.
BEYOND = {"vpdpbusd": ("avx512_vnni", "avx_vnni"), "vdpbf16ps": ("avx512_bf16", None),
          "vcvtneps2bf16": ("avx512_bf16", None)}

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

    def entry(self, name):
        """The address of a function."""
        return next(address for address in self.addresses if self.function_of[address] == name)

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
            self.features = set(re.search(r"^flags\s*:(.*)$", file.read(), re.M).group(1).split())
        self.has_avx2 = {"avx2", "fma"} <= self.features
        self.has_avx512 = {"avx512f", "avx512bw", "avx512dq", "avx512vl"} <= self.features

    def skips(self, instruction):
        """Whether an instruction is one of AVX that this CPU lacks."""
        mnemonic = instruction.mnemonic
        evex = instruction.code.startswith("62")
        # Instructions of AVX-512 begin with the byte 0x62, those on mask registers with a letter k.
        if mnemonic in BEYOND:
            skipped = BEYOND[mnemonic][0 if evex else 1] not in self.features
        elif evex or re.match(r"k(mov|and|or|not|xor|shift|add|unpck|xnor|test)", mnemonic):
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


class Process:
    """A program that stops itself before it calls the kernel, under ptrace."""

    def __init__(self, program, *arguments):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
        self.libc.ptrace.restype = ctypes.c_long
        self.process = subprocess.Popen([program, *arguments],
                                        preexec_fn=lambda: self.libc.ptrace(PTRACE_TRACEME, 0, None, None))

    def begin(self):
        self.expect_stop(signal.SIGTRAP)
        self.ask(PTRACE_CONT)
        self.expect_stop(signal.SIGSTOP)

    def ask(self, request, address=None, data=None):
        return self.libc.ptrace(request, self.process.pid, address, data)

    def expect_stop(self, wanted):
        _, status = os.waitpid(self.process.pid, 0)
        if not os.WIFSTOPPED(status) or os.WSTOPSIG(status) != wanted:
            raise Untraceable(
                f"the traced program stopped or ended with status {status:#x} instead of signal {wanted}")

    def get(self, offset):
        return self.ask(PTRACE_PEEKUSER, offset)

    def set(self, offset, value):
        self.ask(PTRACE_POKEUSER, offset, value)

    def run_to(self, address):
        word = self.ask(PTRACE_PEEKTEXT, address)
        self.ask(PTRACE_POKETEXT, address, word & ~0xFF | BREAKPOINT)
        self.ask(PTRACE_CONT)
        self.expect_stop(signal.SIGTRAP)
        self.ask(PTRACE_POKETEXT, address, word)
        stopped = self.get(RIP) - 1
        if stopped != address:
            raise Untraceable(f"the traced program stopped at {stopped:#x} on its way to {address:#x}")
        self.set(RIP, address)

    def step(self):
        """Executes one instruction, and gives the address of the next one."""
        self.ask(PTRACE_SINGLESTEP)
        self.expect_stop(signal.SIGTRAP)
        return self.get(RIP)

    def end(self):
        self.process.kill()
        self.process.wait()


def trace_x86(program, kernel, case, code):
    process = Process(program, kernel, case)
    stepper = Stepper(process.get, process.set)
    executed = []
    try:
        process.begin()
        address = code.entry("cardinal_" + kernel)
        process.run_to(address)
        while not code.function_of.get(address, "").startswith(CALLER):
            if address not in code.instructions:
                raise Untraceable(f"{kernel} left the program at {address:#x}")
            if len(executed) > LIMIT:
                raise Untraceable(f"{kernel} on {case}: more than {LIMIT} instructions")
            instruction = code.instructions[address]
            executed.append(instruction)
            if stepper.skips(instruction):
                stepper.skip(instruction)
                address = code.following[address]
                process.set(RIP, address)
                continue
            # Up to a branch, or to what is skipped, the way is straight.
            begin = address
            while not BRANCH.match(instruction.text()):
                address = code.following[address]
                instruction = code.instructions[address]
                if stepper.skips(instruction):
                    break
                executed.append(instruction)
            if address != begin:
                process.run_to(address)
            if not stepper.skips(instruction):
                address = process.step()
        return executed
    finally:
        process.end()


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
            lines.append(f"\t{each.prefix}{each.mnemonic}\t{operands}")
    return "\n".join(lines) + "\n"
