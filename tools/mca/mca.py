#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Static throughput of the inner loops of the hand-written kernels; docs/mca.md explains what it is worth.

    tools/mca/mca.py [--results FILE.md] [--json FILE] COMPILER=FOLDER...

Each FOLDER is a build with the target mca_drive; COMPILER names it in the tables. Two tables are made: of each inner
loop as it runs in the long run, and of whole kernel calls on layers, with everything that happens outside the inner
loops. Without --results and --json only what has a bound is modelled. Ends in "N passed, N failed", where a loop counts
once, for its bound and for keeping off the stack, and so does a call with a bound; the exit status is 1 if any failed.
"""
import argparse
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys

import loops
import model
import trace

# For each ISA the CPUs asked about; the bounds hold on those marked True.
CPUS = {
    "avx2": {"znver3": True},
    "avx512": {"skylake-avx512": True, "znver4": True},
    "neon": {"neoverse-n1": False, "neoverse-v1": True, "neoverse-v2": False},
}

SKIPPED = 77  # the exit status that ctest takes for "skipped"

KERNEL_FILE = re.compile(r"^(\w+_(avx2|avx512|neon))\.[cS]\.o$")


def kernel_objects(folder):
    """(kernel file, ISA, path) of each object file of hand-written kernels in a build folder."""
    found = []
    for directory, _, files in os.walk(folder):
        if os.path.basename(directory) == "generic":
            continue  # portable kernels, built with an ISA's flags
        for name in files:
            match = KERNEL_FILE.match(name)
            if match:
                found.append((match.group(1), match.group(2), os.path.join(directory, name)))
    return sorted(found)


class Kernel:
    """What the registry says of a kernel: its ISA, its form (conv1x1, fc, conv, pool), the format of its numbers, the
    layout that it reads and the lanes of its groups."""

    def __init__(self, isa, form, number_format, layout, slot):
        self.isa = isa
        self.form = form
        self.format = number_format
        self.planes = layout == "nchw"
        self.slot = int(slot)


def drive(folder):
    return os.path.join(folder, "tools", "mca", "mca_drive")


def start(program):
    """What this machine starts a program with: nothing, or an emulator in front if its ELF header says aarch64."""
    with open(program, "rb") as file:
        machine = file.read(20)[18]
    return ["qemu-aarch64", program] if machine == 183 else [program]


def registered(program):
    """The kernels of the registry by name, as mca_drive lists them."""
    listing = subprocess.run(start(program) + ["kernels"], check=True, stdout=subprocess.PIPE, text=True).stdout
    lines = [line.split() for line in listing.splitlines()]
    return {name: Kernel(*kind) for name, *kind in lines}


def loop_bound(kernel):
    """The share of the FMA units, in %, that the inner loop of a full tile must use; None where nothing is demanded, as
    of depthwise convolutions, whose loads are the limit, and of bf16 and int8. Which stride a loop is for can't be
    told, so widths 4 and 8 get the bound for stride 2; their calls are held to more."""
    if kernel and kernel.format != "f32":
        return None
    if kernel and kernel.form == "conv" and kernel.slot in (4, 8):
        return 65
    if kernel and kernel.form == "conv1x1":
        return 88  # its prefetches share the load ports, and a model whose loads all hit sees no use in them
    if kernel and kernel.form == "conv" and kernel.slot == 16 and not kernel.planes:
        return 90
    return None


def call_bound(kernel, case):
    """The same for a whole call; None where nothing is demanded: on small maps, where the edges make up much of the
    work, and for other kernels."""
    if case.startswith("1x1"):
        return 90 if kernel.form == "conv1x1" else None
    if case.startswith("5x5-"):
        return 35 if re.search(r"-w[48]-", case) else 60
    if not case.startswith("3x3-") or not case.endswith("-56x56") or kernel.form != "conv":
        return None
    if re.search(r"-w[48]-", case):
        return 64 if "-s2-" in case else 80
    return 90


def model_limit(instructions, architecture, cpu):
    """The share of the FMA units, in %, that a flaw of a CPU's model leaves to a piece of code; docs/mca.md shows that
    it is one. znver3's charges a broadcast from memory to a shuffle pipe: FMAs have pipes 0 and 1, broadcasts 1 and 2,
    so that the two together can't be faster than three pipes allow."""
    if cpu != "znver3":
        return 100.0
    fmas = sum(loops.is_vector_fma(each, architecture) for each in instructions)
    broadcasts = sum(each.mnemonic == "vbroadcastss" and "(" in each.operands for each in instructions)
    return 100 * (fmas / 2) / max(fmas / 2, broadcasts / 2, (fmas + broadcasts) / 3)


def verdict(cpu, cycles, share, limit):
    """A CPU's part of a row."""
    found = {"cpu": cpu, "cycles": round(cycles, 2), "fma_use_pct": round(share, 1)}
    return dict(found, model_limit_pct=round(limit, 1)) if limit < 100 else found


def analyse_loops(tools, compiler, folder, kernels):
    """A row for each inner loop with FMAs in a build. Its bound is for loops with the most accumulators of their
    kernel; the others serve what is left over at the edges, and have too few independent sums to fill the units by
    their nature."""
    jobs = []
    for file, isa, path in kernel_objects(folder):
        architecture, functions = loops.disassemble(tools.objdump, path)
        found = [loop for function in functions for loop in loops.innermost_loops(function, architecture)
                 if loop.fmas()]
        most = max((len(loop.accumulators()) for loop in found), default=0)
        bound = loop_bound(kernels.get(file))
        jobs += [(file, isa, path, loop, bound if len(loop.accumulators()) == most else None) for loop in found]

    def row(job):
        file, isa, path, loop, bound = job
        return {
            "kernel": file, "isa": isa, "compiler": compiler, "function": loop.function, "address": loop.start,
            "source": loops.source(tools.symbolizer, path, loop.fmas()[-1].address, tools.root),
            "instructions": len(loop.instructions), "fmas": len(loop.fmas()),
            "accumulators": len(loop.accumulators()),
            "spills": [each.text() for each in loop.spills()], "calls": [each.text() for each in loop.calls()],
            "cpus": [analyse_loop(tools.mca, loop, cpu) for cpu in CPUS[isa]] if bound or tools.everything else [],
            "bound_pct": bound,
        }

    return run_jobs(row, jobs)


def analyse_loop(mca, loop, cpu):
    assembly = loop.assembly()
    cycles, bottleneck = model.loop_cycles(mca, loop.isa, cpu, assembly)
    rate = model.fma_rate(mca, loop.isa, cpu, register(loop.fmas(), loop.isa))
    limit = model_limit(loop.instructions, loop.isa, cpu)
    return dict(verdict(cpu, cycles, 100 * len(loop.fmas()) / cycles / rate, limit), bottleneck=bottleneck)


def register(fmas, architecture):
    """The letter of the vector registers that FMAs use."""
    if architecture == "arm":
        return "v"
    return "z" if any("zmm" in each.operands for each in fmas) else "y"


def analyse_calls(tools, compiler, folder, kernels):
    """A row for each hand-written convolution kernel on each layer that it serves."""
    program = drive(folder)
    architecture, functions = loops.disassemble(tools.objdump, program)
    code = trace.Code(functions)
    listing = subprocess.run(start(program) + ["list"], check=True, stdout=subprocess.PIPE, text=True).stdout

    def row(line):
        kernel, case = line.split()
        follow = trace.trace_x86 if architecture == "x86" else trace.trace_arm
        executed = follow(program, kernel, case, code)
        fmas = [each for each in executed if loops.is_vector_fma(each, architecture)]
        if not fmas:
            raise trace.Untraceable(f"{kernel} executed no vector FMA on {case}")
        assembly = trace.assembly(executed, loops.TARGET)
        isa = kernels[kernel].isa
        cpus = []
        for cpu in CPUS[isa]:
            cycles = model.call_cycles(tools.mca, architecture, cpu, assembly)
            rate = model.fma_rate(tools.mca, architecture, cpu, register(fmas, architecture))
            cpus.append(verdict(cpu, cycles, 100 * len(fmas) / cycles / rate, model_limit(executed, architecture, cpu)))
        return {"kernel": kernel, "isa": isa, "compiler": compiler, "case": case, "instructions": len(executed),
                "fmas": len(fmas), "cpus": cpus, "bound_pct": call_bound(kernels[kernel], case)}

    lines = [line for line in listing.splitlines()
             if tools.everything or call_bound(kernels[line.split()[0]], line.split()[1])]
    return run_jobs(row, lines)


def run_jobs(function, jobs):
    """function of each job, as many at a time as there are CPUs: the work is done by other programs."""
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return list(pool.map(function, jobs))


def missed(row):
    """What a row says of those CPUs on which it misses its bound, which is one of the model's limit if that is
    lower."""
    return [each for each in row["cpus"]
            if CPUS[row["isa"]][each["cpu"]] and row["bound_pct"]
            and each["fma_use_pct"] < row["bound_pct"] * each.get("model_limit_pct", 100) / 100]


def loop_complaints(row):
    where = f"{row['kernel']} ({row['compiler']}, {row['function']}, {row['source']})"
    found = []
    if row["spills"]:
        found.append(f"{where}: {len(row['spills'])} accesses to the stack in an inner loop, such as "
                     + row["spills"][0].replace("\t", " "))
    if row["calls"]:
        found.append(f"{where}: a call in an inner loop: " + row["calls"][0].replace("\t", " "))
    return found + [f"{where}: {shortfall(row, each)}; bottleneck: {each['bottleneck']}" for each in missed(row)]


def call_complaints(row):
    return [f"{row['kernel']} ({row['compiler']}) on {row['case']}: {shortfall(row, each)}" for each in missed(row)]


def shortfall(row, each):
    limit = each.get("model_limit_pct")
    return (f"{each['fma_use_pct']} % of the FMA units on {each['cpu']}, below {row['bound_pct']} %"
            + (f" of the model's limit of {limit} %" if limit else ""))


def share(each):
    """A CPU's FMA use, and the limit of its model where that is below 100 %."""
    limit = each.get("model_limit_pct")
    return f"{each['fma_use_pct']:.0f} %" + (f" of {limit:.0f}" if limit else "")


def table(headings, rows):
    """A Markdown table; columns of numbers are marked by a heading that begins with #."""
    lines = ["| " + " | ".join(heading.lstrip("#") for heading in headings) + " |",
             "|" + "|".join("---:" if heading.startswith("#") else "---" for heading in headings) + "|"]
    return lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows] + [""]


def markdown(loop_rows, call_rows):
    text = ["# Static throughput of the kernels", "",
            "What llvm-mca computes from the machine code: a model, no measurement. Made by "
            "`script/mca --results`, explained in",
            "[docs/mca.md](../docs/mca.md). FMA use is the share of what the CPU's FMA units could do.", ""]
    for isa, cpus in CPUS.items():
        calls = [row for row in call_rows if row["isa"] == isa]
        if calls:
            text += [f"## Whole calls, {isa}", "",
                     "A call of the kernel on a layer, from entry to return: edges, epilogue and preparation "
                     "included.", ""]
            text += table(["kernel", "layer", "compiler", "#FMAs", "#instructions"] + [f"#{cpu}" for cpu in cpus]
                          + ["#bound"],
                          [[row["kernel"], row["case"], row["compiler"], row["fmas"], row["instructions"]]
                           + [share(each) for each in row["cpus"]]
                           + [f"{row['bound_pct']} %" if row["bound_pct"] else ""] for row in calls])
    for isa, cpus in CPUS.items():
        inner = [row for row in loop_rows if row["isa"] == isa]
        if inner:
            text += [f"## Inner loops, {isa}", "",
                     "One iteration in the long run: cycles, FMA use, and what limits it.", ""]
            text += table(["kernel", "source", "compiler", "#FMAs", "#accumulators", "#instructions", "#stack accesses"]
                          + list(cpus) + ["#bound"],
                          [[row["kernel"], os.path.basename(row["source"]), row["compiler"], row["fmas"],
                            row["accumulators"], row["instructions"], len(row["spills"])]
                           + [f"{each['cycles']:g}, {share(each)}, {each['bottleneck']}"
                              for each in row["cpus"]]
                           + [f"{row['bound_pct']} %" if row["bound_pct"] else ""] for row in inner])
    return "\n".join(text)


def write(path, text):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("builds", nargs="+", metavar="COMPILER=FOLDER")
    parser.add_argument("--results", metavar="FILE.md", help="write the tables, in Markdown")
    parser.add_argument("--json", metavar="FILE", help="write all that is known of each loop and call")
    parser.add_argument("--objdump", default="llvm-objdump-19")
    parser.add_argument("--symbolizer", default="llvm-symbolizer-19")
    parser.add_argument("--mca", default="llvm-mca-19")
    tools = parser.parse_args()
    for program in (tools.objdump, tools.symbolizer, tools.mca):
        if shutil.which(program) is None:
            print(f"skipped: {program} is missing (Debian's llvm-19)")
            return SKIPPED
    tools.everything = tools.results or tools.json
    tools.root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

    loop_rows, call_rows = [], []
    try:
        for build in tools.builds:
            compiler, _, folder = build.partition("=")
            kernels = registered(drive(folder))
            print(f"{folder}: modelling inner loops", flush=True)
            loop_rows += analyse_loops(tools, compiler, folder, kernels)
            print(f"{folder}: modelling kernel calls", flush=True)
            call_rows += analyse_calls(tools, compiler, folder, kernels)
    except (model.Unmodelled, trace.Untraceable) as failure:
        print(f"FAILED {failure}")
        return 1
    if not loop_rows or not call_rows:
        print("no inner loop of a hand-written kernel was found: nothing was checked", file=sys.stderr)
        return 1
    loop_rows.sort(key=lambda row: (row["isa"], row["kernel"], row["compiler"], row["address"]))
    call_rows.sort(key=lambda row: (row["isa"], row["kernel"], row["case"], row["compiler"]))
    if tools.results:
        write(tools.results, markdown(loop_rows, call_rows))
    if tools.json:
        write(tools.json, json.dumps({"loops": loop_rows, "calls": call_rows}, indent=1) + "\n")
    found = [loop_complaints(row) for row in loop_rows]
    found += [call_complaints(row) for row in call_rows if row["bound_pct"]]
    for complaint in sum(found, []):
        print("FAILED " + complaint)
    failed = sum(bool(each) for each in found)
    print(f"{len(loop_rows)} inner loops, {len(call_rows)} kernel calls")
    print(f"{len(found) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
