#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Prints what cardinality costs on this CPU, beside what it brings: milliseconds and % of the peak of networks with the
same number of operations, from the JSON that `script/bench --cardinality` writes, and their top-1 errors on ImageNet by
Xie et al. 2017 (arXiv:1611.05431, table 3).

usage: cardinality.py models | cardinality.py RESULTS.json [--markdown], which prints the README's table
"""

import argparse
import json
import sys

# (cardinality, width): top-1 error in %, single crop, of 50 and 101 layers.
ERRORS = {50: {(1, 64): 23.9, (2, 40): 23.0, (4, 24): 22.6, (8, 14): 22.3, (32, 4): 22.2},
          101: {(1, 64): 22.0, (2, 40): 21.7, (4, 24): 21.4, (8, 14): 21.3, (32, 4): 21.2}}
FORMATS = ("f32", "bf16", "int8")


def model_of(depth, cardinality, width):
    return f"resnet{depth}" if cardinality == 1 else f"resnext{depth}_{cardinality}x{width}d"


def models():
    return [model_of(depth, *setting) for depth, settings in ERRORS.items() for setting in settings]


def read(path):
    """{(model, format): result} of whole networks, one image, one thread, of the best instruction set; the context."""
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        context, benchmarks = content["context"], content["benchmarks"]
        found = {}
        for result in benchmarks:
            if result.get("kind") == "net" and result["batch"] == 1 and result["threads"] == 1 \
                    and result["isa"] == context["best_isa"] and "peak_pct" in result \
                    and result.get("run_type") == "iteration":
                found[result["model"], result["format"]] = result
        return context, found
    except OSError as error:
        sys.exit(f"cardinality.py: {path}: {error.strerror}")
    except (ValueError, KeyError, TypeError) as error:
        sys.exit(f"cardinality.py: {path}: not a results file of script/bench ({type(error).__name__}: {error})")


def milliseconds(result):
    return result["real_time"] * {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3}[result["time_unit"]]


def mark(result):
    """Of a median of fewer than five quiet rounds."""
    return "~" if result["quiet_rounds"] < 5 else ""


def formats_of(found):
    return [name for name in FORMATS if any(key[1] == name for key in found)]


def networks_of(found, formats):
    """(layers, cardinality, width, error, the results in these formats or None) of each network that was measured."""
    for depth, settings in ERRORS.items():
        for (cardinality, width), error in settings.items():
            results = [found.get((model_of(depth, cardinality, width), name)) for name in formats]
            if any(results):
                yield depth, cardinality, width, error, results


def rows_of(found):
    """Headings and a row for each network that was measured."""
    formats = formats_of(found)
    rows = [["layers", "cardinality x width", "GFLOP"]
            + [heading for name in formats for heading in (f"ms {name}", "% peak", "x 1x64d")] + ["top-1 error %"]]
    for depth, cardinality, width, error, results in networks_of(found, formats):
        row = [str(depth), f"{cardinality} x {width}d", f"{1e-9 * next(filter(None, results))['flops']:.2f}"]
        for name, result in zip(formats, results):
            plain = found.get((model_of(depth, 1, 64), name))
            row += ["", "", ""] if not result else [
                f"{mark(result)}{milliseconds(result):.1f}", f"{mark(result)}{result['peak_pct']:.1f}",
                f"{milliseconds(result) / milliseconds(plain):.3f}" if plain else ""]
        rows.append([*row, f"{error:.1f}"])
    return rows


def text(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def markdown(found):
    """The README's table: milliseconds and % of the peak in one cell for each format."""
    formats = formats_of(found)
    lines = [["layers", "cardinality × width", *formats, "error"], ["---:", "---", *["---:"] * len(formats), "---:"]]
    for depth, cardinality, width, error, results in networks_of(found, formats):
        cells = [f"{mark(result)}{milliseconds(result):.1f}, {result['peak_pct']:.1f}" if result else "–"
                 for result in results]
        name = f"{cardinality} × {width}d{' (ResNet)' if cardinality == 1 else ''}"
        lines.append([str(depth), name, *cells, f"{error:.1f}"])
    rule = "|" + "|".join(lines[1]) + "|"
    return "\n".join(rule if line is lines[1] else "| " + " | ".join(line) + " |" for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     usage=argparse.SUPPRESS)
    parser.add_argument("results", help="what script/bench --cardinality wrote; or \"models\", to list the networks")
    parser.add_argument("--markdown", action="store_true", help="print the README's table")
    options = parser.parse_args()
    if options.results == "models":
        print(",".join(models()))
        return
    context, found = read(options.results)
    if not any(networks_of(found, FORMATS)):
        sys.exit(f"cardinality.py: {options.results}: holds none of the networks {', '.join(models())} with one "
                 "image, one thread and the best instruction set")
    if options.markdown:
        print(markdown(found))
        return
    print(text(rows_of(found)))
    print(f"\n{context['cpu']}, {context['best_isa']}, one thread, one image; {context['compiler']}, "
          f"{context['started'][:10]}. About as\nmany operations and parameters each; errors on ImageNet, one crop of "
          "224x224, by Xie et al. 2017\n(arXiv:1611.05431). ~ marks medians of fewer than 5 quiet rounds.")


if __name__ == "__main__":
    main()
