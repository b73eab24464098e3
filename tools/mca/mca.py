#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Static throughput of the hand-written kernels' machine code; docs/mca.md explains what it is worth.

    tools/mca/mca.py [--results FILE.md] [--json FILE] COMPILER=FOLDER...

Each FOLDER is a build with the target mca_drive; COMPILER names it in the tables. Two tables are made: of each inner
loop as it runs in the long run, and of whole kernel calls on layers, with everything that happens outside the inner
loops. Without --json only what has a bound is modelled. Ends in "N passed, N failed", where a loop counts
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

import bounds
import loops
import model
import products
import tables
import trace

SKIPPED = 77  # the exit status that ctest takes for "skipped"

OBJECT = re.compile(r"^(\w+)\.[cS]\.o$")


def kernel_objects(folder, kernels):
    """(kernel, path) of each object file of hand-written kernels in a build folder: a kernel is in files of its
    name."""
    found = []
    for directory, _, files in os.walk(folder):
        for name in files:
            match = OBJECT.match(name)
            if match and match.group(1) in kernels and kernels[match.group(1)].isa != "generic":
                found.append((match.group(1), os.path.join(directory, name)))
    return sorted(found)


class Kernel:
    """What the registry says of a kernel: its ISA, its form (conv1x1, fc, conv, pool), the format of its numbers, the
    layout that it reads and the lanes of its groups."""

    def __init__(self, isa, form, number_format, layout, slot):
        self.isa = isa
        self.architecture = "arm" if isa.startswith("neon") else "x86"
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
    kernels = {name: Kernel(*kind) for name, *kind in map(str.split, listing.splitlines())}
    for name, kernel in kernels.items():
        if kernel.isa != "generic" and kernel.isa not in bounds.CPUS:
            raise model.Unmodelled(f"{name} needs {kernel.isa}, for which bounds.py names no CPU")
        if bounds.demands(kernel) and not any(bounds.of_loop(kernel, 1, cpu) for cpu in bounds.CPUS[kernel.isa]):
            raise model.Unmodelled(f"{name}: bounds.py demands nothing of {kernel.isa} in {kernel.format}")
    return kernels


def verdict(tools, kernel, cpu, instructions, kinds, cycles, bound):
    """A CPU's part of a row."""
    use = model.use(tools.mca, kernel.architecture, cpu, kinds, cycles)
    found = {"cpu": cpu, "cycles": round(cycles, 2), "use_pct": round(use, 1), "bound_pct": bound}
    limit = bounds.of_model(kernel, instructions, cpu)
    return dict(found, model_limit_pct=round(limit, 1)) if limit < 100 else found


def analyse_loops(tools, compiler, folder, kernels):
    """A row for each inner loop with products in a build. A bound is for loops with the most accumulators of their
    kernel and stride, a full tile's; the others serve what is left over at the edges, and have too few independent
    sums to fill the units by their nature."""
    jobs = []
    for name, path in kernel_objects(folder, kernels):
        kernel = kernels[name]
        _, functions = loops.disassemble(tools.objdump, path)
        found = [loop for function in functions
                 for loop in loops.innermost_loops(function, kernel.architecture, kernel.format) if loop.products()]
        most = {}
        for loop in found:
            most[loop.stride()] = max(len(loop.accumulators()), most.get(loop.stride(), 0))
        jobs += [(name, kernel, loop, len(loop.accumulators()) == most[loop.stride()]) for loop in found]
    for name in sorted(kernels.keys() - {name for name, *_ in jobs}):
        if bounds.demands(kernels[name]):
            raise model.Unmodelled(f"{name} has no inner loop of products in {folder}")

    def row(job):
        name, kernel, loop, full_tile = job
        wanted = {cpu: bounds.of_loop(kernel, loop.stride(), cpu) if full_tile else None
                  for cpu in bounds.CPUS[kernel.isa]}
        return {
            "kernel": name, "isa": kernel.isa, "compiler": compiler, "function": loop.function, "address": loop.start,
            "stride": loop.stride(),
            "instructions": len(loop.instructions), "products": len(loop.products()),
            "accumulators": len(loop.accumulators()), "full_tile": full_tile,
            "spills": [each.text() for each in loop.spills()], "calls": [each.text() for each in loop.calls()],
            "cpus": [analyse_loop(tools, kernel, loop, cpu, bound) for cpu, bound in wanted.items()
                     if bound or tools.everything],
        }

    return run_jobs(row, jobs)


def analyse_loop(tools, kernel, loop, cpu, bound):
    cycles, bottleneck = model.loop_cycles(tools.mca, kernel.architecture, cpu, loop.assembly())
    return dict(verdict(tools, kernel, cpu, loop.instructions, loop.kinds(), cycles, bound), bottleneck=bottleneck)


def analyse_calls(tools, compiler, folder, kernels):
    """A row for each hand-written convolution kernel on each layer that it serves."""
    program = drive(folder)
    architecture, functions = loops.disassemble(tools.objdump, program)
    code = trace.Code(functions)
    listing = subprocess.run(start(program) + ["list"], check=True, stdout=subprocess.PIPE, text=True).stdout

    def row(line):
        name, case = line.split()
        kernel = kernels[name]
        follow = trace.trace_x86 if architecture == "x86" else trace.trace_arm
        executed = follow(program, name, case, code)
        kinds = products.kinds(executed, architecture, kernel.format)
        if not kinds:
            raise trace.Untraceable(f"{name} executed no vector product on {case}")
        assembly = trace.assembly(executed, loops.TARGET)
        cpus = []
        for cpu in bounds.CPUS[kernel.isa]:
            bound = bounds.of_call(kernel, case, cpu)
            if bound or tools.everything:
                cycles = model.call_cycles(tools.mca, architecture, cpu, assembly)
                cpus.append(verdict(tools, kernel, cpu, executed, kinds, cycles, bound))
        return {"kernel": name, "isa": kernel.isa, "compiler": compiler, "case": case, "instructions": len(executed),
                "products": sum(kinds.values()), "cpus": cpus}

    def has_bound(line):
        name, case = line.split()
        return any(bounds.of_call(kernels[name], case, cpu) for cpu in bounds.CPUS[kernels[name].isa])

    return run_jobs(row, [line for line in listing.splitlines() if tools.everything or has_bound(line)])


def run_jobs(function, jobs):
    """function of each job, as many at a time as there are CPUs: the work is done by other programs."""
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return list(pool.map(function, jobs))


def missed(row):
    """What a row says of those CPUs on which it misses its bound, which is one of the model's limit if that is
    lower."""
    return [each for each in row["cpus"] if each["bound_pct"]
            and each["use_pct"] < each["bound_pct"] * each.get("model_limit_pct", 100) / 100]


def loop_complaints(row):
    where = f"{row['kernel']} ({row['compiler']}, {row['function']})"
    found = []
    if row["spills"]:
        found.append(f"{where}: {len(row['spills'])} accesses to the stack in an inner loop, such as "
                     + row["spills"][0].replace("\t", " "))
    if row["calls"]:
        found.append(f"{where}: a call in an inner loop: " + row["calls"][0].replace("\t", " "))
    return found + [f"{where}: {shortfall(each)}; bottleneck: {each['bottleneck']}" for each in missed(row)]


def call_complaints(row):
    return [f"{row['kernel']} ({row['compiler']}) on {row['case']}: {shortfall(each)}" for each in missed(row)]


def shortfall(each):
    limit = each.get("model_limit_pct")
    return (f"{each['use_pct']} % of the product units on {each['cpu']}, below {each['bound_pct']} %"
            + (f" of the model's limit of {limit} %" if limit else ""))


def origin(tools, compilers):
    """Of which commit the tables are, and by what they were made."""
    def first_line(*command):
        run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        return run.stdout.strip().splitlines()[0]

    commit = first_line("git", "-C", os.path.dirname(os.path.abspath(__file__)), "describe", "--always", "--dirty",
                        "--abbrev=12", "--exclude=*")
    version = first_line(tools.mca, "--version").split()[-1]
    return f"commit {commit}, by {' and '.join(compilers)}, in llvm-mca {version}"


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
    parser.add_argument("--mca", default="llvm-mca-19")
    tools = parser.parse_args()
    for program in (tools.objdump, tools.mca):
        if shutil.which(program) is None:
            print(f"skipped: {program} is missing (Debian's llvm-19)")
            return SKIPPED
    tools.everything = tools.json

    compilers = sorted({build.partition("=")[0] for build in tools.builds})
    made_of = origin(tools, compilers) if tools.results else None  # now, before anybody commits more
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
        write(tools.results, tables.markdown(loop_rows, call_rows, made_of))
    if tools.json:
        write(tools.json, json.dumps({"loops": loop_rows, "calls": call_rows}, indent=1) + "\n")
    found = [loop_complaints(row) for row in loop_rows]
    found += [call_complaints(row) for row in call_rows if tables.bounded(row)]
    for complaint in sum(found, []):
        print("FAILED " + complaint)
    failed = sum(bool(each) for each in found)
    print(f"{len(loop_rows)} inner loops, {len(call_rows)} kernel calls")
    print(f"{len(found) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
