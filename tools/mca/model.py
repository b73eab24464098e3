# SPDX-License-Identifier: BSD-3-Clause
"""Asks llvm-mca what a loop costs on a given CPU."""
import functools
import re
import subprocess

import products

TRIPLE = {"x86": "x86_64-linux-gnu", "arm": "aarch64-linux-gnu"}

# Beyond what a CPU's name stands for: neoverse-n1 lacks what newer cores with the same units have.
ATTRIBUTES = {"x86": [], "arm": ["-mattr=+dotprod,+bf16,+i8mm"]}


# Instructions after which a loop has found its pace, some times what a CPU can have in flight, and iterations of it.
WARM_UP = 3000
FEWEST = 6


class Unmodelled(Exception):
    """llvm-mca refused the code."""


# Shuffles of what they load, as llvm-objdump prints them: "vpermilps $85, 64(%rsi), %zmm3" and
# "vpermps 64(%rsi), %zmm31, %zmm3".
FOLDED_SHUFFLE = re.compile(r"^\t(vpermilps\t\$\w+, |vperm(?:ps|d)\t)(\S*\(\S*\))(, %\w+)?, (%\w+)$", re.M)
DOT_PRODUCT = re.compile(r"^(\t?)(?:vdpbf16ps|vpdpbusd)\b", re.M)


def as_scheduled(cpu, assembly):
    """What a CPU makes of code where its model is known to be wrong; docs/mca.md has the evidence. Skylake and its
    successor split a shuffle's load from it, where llvm-mca has the shuffle's port wait for the load as well. Zen 4
    starts dot products as often as FMAs."""
    if cpu in ("skylake-avx512", "cooperlake"):
        return FOLDED_SHUFFLE.sub(r"\tvmovups\t\2, \4\n\t\1\4\3, \4", assembly)
    if cpu == "znver4":
        return DOT_PRODUCT.sub(r"\1vfmadd231ps", assembly)
    return assembly


def run(mca, isa, cpu, assembly, iterations, extra=()):
    result = subprocess.run([mca, f"-mtriple={TRIPLE[isa]}", f"-mcpu={cpu}", *ATTRIBUTES[isa],
                             f"-iterations={iterations}", "-all-views=0", "-summary-view", *extra, "-"],
                            input=as_scheduled(cpu, assembly), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)
    if result.returncode != 0:
        raise Unmodelled(f"llvm-mca for {cpu}: {result.stderr.strip().splitlines()[:3]}")
    return result.stdout


def total_cycles(report):
    return int(re.search(r"Total Cycles:\s+(\d+)", report).group(1))


def call_cycles(mca, isa, cpu, assembly):
    """Cycles of a piece of code that runs once."""
    return total_cycles(run(mca, isa, cpu, assembly, 1))


def loop_cycles(mca, isa, cpu, assembly):
    """Cycles of an iteration in the long run, the first ones, which fill the pipeline, taken out; and the
    bottleneck."""
    few = max(FEWEST, WARM_UP // assembly.count("\n"))
    many = 3 * few
    first = run(mca, isa, cpu, assembly, few)
    later = run(mca, isa, cpu, assembly, many, ["-bottleneck-analysis"])
    return (total_cycles(later) - total_cycles(first)) / (many - few), bottleneck(later)


@functools.lru_cache(maxsize=None)
def product_rate(mca, isa, cpu, product, letter):
    """Products a cycle at best, in registers of that letter (y, z, v): found by the model itself, on independent
    ones."""
    body, count = products.ideal_loop(product, letter)
    return count / loop_cycles(mca, isa, cpu, body)[0]


def use(mca, isa, cpu, kinds, cycles):
    """The share, in %, of what a CPU's units could do that products make in so many cycles."""
    least = sum(count / product_rate(mca, isa, cpu, *kind) for kind, count in kinds.items())
    return 100 * least / cycles


def bottleneck(report):
    """The busiest thing in words: resources under pressure, or the dependencies."""
    # "Cycles with backend pressure increase [ 97.03% ]", "Throughput Bottlenecks:", "Resource Pressure [ 95% ]",
    # "- SKXPort0 [ 94% ]", "Data Dependencies: [ 3% ]", "- Register Dependencies [ 3% ]", ...
    shares = []
    for name, share in re.findall(r"^\s*-?\s*([A-Za-z][\w. ]*?)\s*:?\s*\[\s*([\d.]+)%\s*\]", report, re.M):
        shares.append((name, float(share)))
    named = dict(shares)
    if not named or "No resource or data dependency bottlenecks discovered" in report:
        return "none"
    pressure = named.get("Resource Pressure", 0.0)
    dependencies = named.get("Data Dependencies", 0.0)
    if max(pressure, dependencies) < 5:
        return "none"
    if dependencies > pressure:
        return f"data dependencies ({dependencies:.0f} %)"
    ports = [(share, name) for name, share in shares
             if name not in ("Resource Pressure", "Data Dependencies", "Register Dependencies", "Memory Dependencies")
             and not name.startswith("Cycles with")]
    busiest = ", ".join(name for share, name in sorted(ports, reverse=True)[:2] if share >= 5)
    return f"{busiest or 'resources'} ({pressure:.0f} %)"
