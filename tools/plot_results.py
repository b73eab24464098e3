#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Plots a network's layers from the JSON that script/bench writes: % of the FMA peak of each kernel, as SVG or PNG.

    tools/plot_results.py results/bench-....json layers.svg [--model resnext50_32x4d]

Needs matplotlib (Debian: python3-matplotlib). Every mark is a median of the file's own run: hand-written kernels
against the peak of their ISA, naive and portable ones against that of the widest ISA measured. Hollow marks rest on
fewer than five quiet rounds. Layers of one shape, which script/bench measures once, are one row.
"""
import sys

import figures

STYLES = {  # colours of Okabe and Ito, told apart by the colour-blind, too
    "naive": dict(label="naive loops", color="#999999", marker="|"),
    "plain": dict(label="portable C, compiled for the widest ISA", color="#e69f00", marker="D"),
    "avx2": dict(label="hand-written, AVX2", color="#56b4e9", marker="s"),
    "avx512": dict(label="hand-written, AVX-512", color="#0072b2", marker="o"),
    "neon": dict(label="hand-written, NEON", color="#009e73", marker="o"),
}


def series_of(name, model, widest):
    """The series and the layer that a benchmark's name stands for, or None where this plot doesn't show it. Older
    files' names lack the number format."""
    parts = [part for part in name.split("/") if part != "f32"]
    if len(parts) < 3 or parts[1] != model:
        return None
    if parts[0] == "naive" and len(parts) == 3:
        return "naive", parts[2]
    if parts[0] == "plain" and parts[3:] == [widest]:
        return "plain", parts[2]
    if parts[0] == "layer" and len(parts) == 5 and parts[3] in STYLES and parts[4] == "t1":
        return parts[3], parts[2]
    return None


def layers_of(benchmarks, model, widest):
    """{layer: {series: benchmark}} of all layers with products, in the network's order, and how many each row is
    for."""
    rows, alike = {}, {}
    for benchmark in benchmarks:
        found = series_of(benchmark["name"], model, widest)
        label = benchmark.get("label", "")
        if not found or "peak_pct" not in benchmark:
            continue
        series, layer = found
        if "measured as " in label:
            alike.setdefault(label.rsplit("measured as ", 1)[1], set()).add(layer)
        else:
            rows.setdefault(layer, {})[series] = benchmark
    products = {layer: row for layer, row in rows.items() if "naive" in row}  # pools have none
    return products, {layer: 1 + len(alike.get(layer, ())) for layer in products}


def plot(context, rows, alike, model, output):
    pyplot = figures.pyplot()
    height = 1.6 + 0.26 * len(rows)
    figure, axes = pyplot.subplots(figsize=(9, height))
    for series, style in STYLES.items():
        marks = [(row[series], i) for i, row in enumerate(rows.values()) if series in row]
        for hollow in (False, True):
            points = [(mark["peak_pct"], i) for mark, i in marks
                      if (mark["quiet_rounds"] < figures.FIRM_ROUNDS) == hollow]
            look = dict(style, markerfacecolor="none" if hollow else style["color"])
            if hollow and len(points) < len(marks):
                look["label"] = "_"  # of the legend, the full ones have it
            if points:
                axes.plot(*zip(*points), linestyle="none", markersize=7, markeredgewidth=1.5, **look)
    axes.set_yticks(range(len(rows)))
    axes.set_yticklabels([layer + (f"  ×{alike[layer]}" if alike[layer] > 1 else "") for layer in rows])
    for text, layer in zip(axes.get_yticklabels(), rows):
        if layer.endswith("conv2"):
            text.set_fontweight("bold")
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(left=0, right=max(102, *(b["peak_pct"] + 2 for row in rows.values() for b in row.values())))
    axes.axvline(100, color="#444444", linewidth=0.8)
    axes.grid(axis="both", color="#e4e4e4", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=0)
    axes.set_xlabel("% of the FMA peak measured in the same run, one thread (bold: 3×3; grouped ones in ResNeXt)")
    axes.set_title(f"{model}, batch 1: {context['cpu']}, {context['compiler']}", loc="left", fontsize=11, pad=28)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncol=4, frameon=False, fontsize=8.5, handletextpad=0.1,
                columnspacing=1.2, borderaxespad=0)
    figure.tight_layout()
    figures.save(figure, output)


def main():
    parser = figures.parser(__doc__, "JSON written by script/bench")
    options = parser.parse_args()
    context, benchmarks = figures.read(options.results, "script/bench")
    if options.cpu:
        context["cpu"] = options.cpu
    rows, alike = layers_of(benchmarks, options.model, context.get("best_isa"))
    if not rows:
        models = sorted({b["name"].split("/")[1] for b in benchmarks if b["name"].startswith("naive/")})
        sys.exit(f"{options.results}: no layers of {options.model}; it has those of: "
                 f"{', '.join(models) or 'no network'}")
    plot(context, rows, alike, options.model, options.output)


if __name__ == "__main__":
    main()
