# SPDX-License-Identifier: BSD-3-Clause
"""The tables of results/mca.md: what a reader asks of the model. Everything else is in the file for programs."""
import bounds


def share(each):
    """A CPU's use of its product units, the limit of its model where that is below 100 %, and the bound."""
    limit, bound = each.get("model_limit_pct"), each["bound_pct"]
    return f"{each['use_pct']:.0f} %" + (f" of {limit:.0f}" if limit else "") + (f" (≥ {bound})" if bound else "")


def table(headings, rows):
    """A Markdown table; columns of numbers are marked by a heading that begins with #."""
    lines = ["| " + " | ".join(heading.lstrip("#") for heading in headings) + " |",
             "|" + "|".join("---:" if heading.startswith("#") else "---" for heading in headings) + "|"]
    return lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows] + [""]


def merged(rows):
    """Rows of cells whose third is the compiler: those that are equal otherwise become one, with all its compilers."""
    found = {}
    for kernel, what, compiler, *rest in rows:
        found.setdefault((kernel, what, *rest), []).append(compiler)
    return [[kernel, what, ", ".join(dict.fromkeys(compilers)), *rest]
            for (kernel, what, *rest), compilers in found.items()]


def bounded(row):
    return any(each["bound_pct"] for each in row["cpus"])


def cells(row, cpus, write):
    """What there is to write of each CPU."""
    found = {each["cpu"]: each for each in row["cpus"] if each["bound_pct"]}
    return [write(found[cpu]) if cpu in found else "" for cpu in cpus]


def slowest(rows):
    """Of the loops of a kernel, stride and compiler, the one that uses its units least."""
    found = {}
    for row in sorted(rows, key=lambda row: min(each["use_pct"] for each in row["cpus"] if each["bound_pct"])):
        found.setdefault((row["kernel"], row["stride"], row["compiler"]), row)
    return [found[key] for key in sorted(found)]


def markdown(loop_rows, call_rows, origin):
    """origin: of which commit the tables are, and by what they were made."""
    text = ["# Static throughput of the kernels", "",
            f"What a model makes of the machine code of {origin}: no measurement. Made by",
            "`script/mca --results`, explained in [docs/mca.md](../docs/mca.md). Shares are of the products that the",
            "CPU's units could make; in brackets the bound. Here is what has one, `script/mca --json` has everything.",
            ""]
    for isa in bounds.CPUS:
        loops = slowest(row for row in loop_rows if row["isa"] == isa and bounded(row))
        calls = [row for row in call_rows if row["isa"] == isa and bounded(row)]
        cpus = [cpu for cpu in bounds.CPUS[isa] if any(each["cpu"] == cpu for row in loops for each in row["cpus"])]
        if loops:
            text += [f"## Inner loops of full tiles, {isa}", "",
                     "In the long run, and what limits it; of a kernel's full tiles the slowest.", ""]
            text += table(["kernel", "stride", "compiler"] + cpus,
                          merged([row["kernel"], row["stride"], row["compiler"]]
                                 + cells(row, cpus, lambda each: f"{share(each)}; {each['bottleneck']}")
                                 for row in loops))
        if calls:
            text += [f"## Whole calls, {isa}", "",
                     "From entry to return: edges, epilogue and preparation included.", ""]
            text += table(["kernel", "layer", "compiler"] + [f"#{cpu}" for cpu in cpus],
                          merged([row["kernel"], row["case"], row["compiler"]] + cells(row, cpus, share)
                                 for row in calls))
    return "\n".join(text)
