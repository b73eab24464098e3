#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Static throughput of the inner loops of the hand-written kernels; docs/mca.md explains what it is worth.

    tools/mca/mca.py --results results COMPILER=FOLDER...

Each FOLDER is a build; COMPILER names it in the tables. The exit status is 1 if a bound is missed.
"""
import argparse
import json
import os
import re
import sys

import loops
import model

# For each ISA the CPUs asked about; the bounds hold on those marked True.
CPUS = {
    "avx2": {"znver3": True},
    "avx512": {"skylake-avx512": True, "znver4": True},
    "neon": {"neoverse-n1": False, "neoverse-v1": True, "neoverse-v2": False},
}

KERNEL_FILE = re.compile(r"^(\w+_(avx2|avx512|neon))\.c\.o$")


def kernel_objects(folder):
    """(kernel file, ISA, path) of each object file of hand-written kernels in a build folder."""
    found = []
    for directory, _, files in os.walk(folder):
        for name in files:
            match = KERNEL_FILE.match(name)
            if match:
                found.append((match.group(1), match.group(2), os.path.join(directory, name)))
    return sorted(found)


def bound(file, function):
    """The share of the FMA units, in %, that a kernel's full tiles must use."""
    name = file + " " + function
    if re.search(r"_w[48](_|\b)", name):
        return 65 if "s2" in name else 80
    return 90


def analyse(arguments, compiler, folder):
    """A row for each inner loop with FMAs in a build."""
    rows = []
    for file, isa, path in kernel_objects(folder):
        architecture, functions = loops.disassemble(arguments.objdump, path)
        file_rows = []
        for function in functions:
            for loop in loops.innermost_loops(function, architecture):
                if not loop.fmas():
                    continue
                file_rows.append({
                    "kernel": file, "isa": isa, "compiler": compiler, "function": function.name,
                    "address": loop.start, "source": os.path.relpath(loop.source(), arguments.root) if loop.source() else "",
                    "instructions": len(loop.instructions), "fmas": len(loop.fmas()),
                    "accumulators": len(loop.accumulators()),
                    "spills": [each.text() for each in loop.spills()],
                    "calls": [each.text() for each in loop.calls()],
                    "cpus": [analyse_on(arguments.mca, loop, cpu) for cpu in CPUS[isa]],
                })
        rows += file_rows
        print(f"{compiler}: {file}: {len(file_rows)} inner loops", flush=True)
    return rows


def analyse_on(mca, loop, cpu):
    assembly = loop.assembly()
    register = "v" if loop.isa == "arm" else ("z" if any("zmm" in each.operands for each in loop.fmas()) else "y")
    cycles = model.cycles(mca, loop.isa, cpu, assembly)
    return {
        "cpu": cpu, "cycles": round(cycles, 2),
        "fma_use_pct": round(100 * len(loop.fmas()) / cycles / model.fma_rate(mca, loop.isa, cpu, register), 1),
        "bottleneck": model.bottleneck(mca, loop.isa, cpu, assembly),
    }


def mark_full_tiles(rows):
    """Full tiles are the loops with at least half of the accumulators that any loop of the kernel has; the others serve
    what is left over at the edges, and have too few independent sums to fill the units by their nature."""
    most = {}
    for row in rows:
        key = (row["kernel"], row["compiler"])
        most[key] = max(most.get(key, 0), row["accumulators"])
    for row in rows:
        row["full_tile"] = 2 * row["accumulators"] >= most[row["kernel"], row["compiler"]]
        row["bound_pct"] = bound(row["kernel"], row["function"]) if row["full_tile"] else None


def complaints(rows):
    found = []
    for row in rows:
        where = f"{row['kernel']} ({row['compiler']}, {row['function']}, {row['source']})"
        if row["spills"]:
            found.append(f"{where}: {len(row['spills'])} accesses to the stack in an inner loop, such as "
                         + row["spills"][0].replace("\t", " "))
        if row["calls"]:
            found.append(f"{where}: a call in an inner loop: " + row["calls"][0].replace("\t", " "))
        for each in row["cpus"]:
            if row["full_tile"] and CPUS[row["isa"]][each["cpu"]] and each["fma_use_pct"] < row["bound_pct"]:
                found.append(f"{where}: {each['fma_use_pct']} % of the FMA units on {each['cpu']}, below "
                             f"{row['bound_pct']} %; bottleneck: {each['bottleneck']}")
    return found


def markdown(rows):
    text = ["# Static throughput of the inner loops", "",
            "What llvm-mca computes from the machine code: a model, no measurement. Made by `script/mca`; explained in",
            "[docs/mca.md](../docs/mca.md).", ""]
    for isa, cpus in CPUS.items():
        of_isa = [row for row in rows if row["isa"] == isa]
        if not of_isa:
            continue
        text += [f"## {isa}", "",
                 "| kernel | loop | compiler | FMAs | accumulators | instructions | stack | "
                 + " | ".join(f"{cpu}: cycles, FMA use, bottleneck" for cpu in cpus) + " |",
                 "|---|---|---|---:|---:|---:|---:|" + "---|" * len(cpus)]
        for row in of_isa:
            cells = [f"{each['cycles']:g}, {'**' if row['full_tile'] else ''}{each['fma_use_pct']:.0f} %"
                     f"{'**' if row['full_tile'] else ''}, {each['bottleneck']}" for each in row["cpus"]]
            text.append(f"| {row['kernel']} | {row['function']} {os.path.basename(row['source'])} | {row['compiler']} | "
                        f"{row['fmas']} | {row['accumulators']} | {row['instructions']} | {len(row['spills'])} | "
                        + " | ".join(cells) + " |")
        text.append("")
    return "\n".join(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("builds", nargs="+", metavar="COMPILER=FOLDER")
    parser.add_argument("--results", help="folder for mca.md and mca.json")
    parser.add_argument("--objdump", default="llvm-objdump-19")
    parser.add_argument("--mca", default="llvm-mca-19")
    arguments = parser.parse_args()
    arguments.root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

    rows = []
    for build in arguments.builds:
        compiler, _, folder = build.partition("=")
        rows += analyse(arguments, compiler, folder)
    if not rows:
        print("no inner loop of a hand-written kernel was found: nothing was checked", file=sys.stderr)
        return 1
    mark_full_tiles(rows)
    rows.sort(key=lambda row: (row["isa"], row["kernel"], row["compiler"], row["address"]))
    if arguments.results:
        os.makedirs(arguments.results, exist_ok=True)
        with open(arguments.results + "/mca.md", "w") as file:
            file.write(markdown(rows))
        with open(arguments.results + "/mca.json", "w") as file:
            json.dump(rows, file, indent=1)
            file.write("\n")
    found = complaints(rows)
    for complaint in found:
        print("FAILED " + complaint)
    print(f"{len(rows)} inner loops, {len(found)} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
