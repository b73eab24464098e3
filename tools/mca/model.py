# SPDX-License-Identifier: BSD-3-Clause
"""Asks llvm-mca what a loop costs on a given CPU."""
import functools
import re
import subprocess

TRIPLE = {"x86": "x86_64-linux-gnu", "arm": "aarch64-linux-gnu"}


class Unmodelled(Exception):
    """llvm-mca refused the code."""


# Shuffles of what they load, as llvm-objdump prints them: "vpermilps $85, 64(%rsi), %zmm3" and
# "vpermps 64(%rsi), %zmm31, %zmm3".
FOLDED_SHUFFLE = re.compile(r"^\t(vpermilps\t\$\w+, |vpermps\t)(\S*\(\S*\))(, %\w+)?, (%\w+)$", re.M)


def unfolded(cpu, assembly):
    """On skylake-avx512, shuffles with their loads taken out: a CPU splits them for its scheduler, where llvm-mca has
    the shuffle's port wait for the load as well."""
    if cpu != "skylake-avx512":
        return assembly
    return FOLDED_SHUFFLE.sub(r"\tvmovups\t\2, \4\n\t\1\4\3, \4", assembly)


def run(mca, isa, cpu, assembly, iterations, extra=()):
    result = subprocess.run([mca, f"-mtriple={TRIPLE[isa]}", f"-mcpu={cpu}", f"-iterations={iterations}",
                             "-all-views=0", "-summary-view", *extra, "-"],
                            input=unfolded(cpu, assembly), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
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
    few, many = 60, 180
    first = run(mca, isa, cpu, assembly, few)
    later = run(mca, isa, cpu, assembly, many, ["-bottleneck-analysis"])
    return (total_cycles(later) - total_cycles(first)) / (many - few), bottleneck(later)


@functools.lru_cache(maxsize=None)
def fma_rate(mca, isa, cpu, register):
    """FMAs a cycle at best, with registers of that letter (y, z, v): found by the model itself, on independent ones."""
    if isa == "arm":
        body = "".join(f"fmla v{n}.4s, v0.4s, v1.4s\n" for n in range(2, 30))
        count = 28
    else:
        # AVX2 has 16 registers, AVX-512 32; a chain to each that isn't a factor.
        count = 28 if register == "z" else 14
        body = "".join(f"vfmadd231ps %{register}mm0, %{register}mm1, %{register}mm{n}\n" for n in range(2, 2 + count))
    return count / loop_cycles(mca, isa, cpu, body)[0]


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
