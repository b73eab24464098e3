#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Plots Cardinal beside other libraries from the JSON that script/compare writes, as SVG or PNG: a network's
milliseconds in each format, one image, one thread.

    tools/plot_peers.py results/compare-....json [MORE.json...] peers.svg [--model resnext50_32x4d]

Needs matplotlib (Debian: python3-matplotlib). A bar is the median of a library's rounds, the line on it spans their
quartiles, and behind it stands how many times as long as Cardinal the library takes. Hollow bars rest on fewer than
five quiet rounds. Formats in which Cardinal wasn't measured are left out.
"""
import statistics
import sys

import figures

NAMES = {"cardinal": "Cardinal", "openvino": "OpenVINO", "onnxruntime": "ONNX Runtime", "ncnn": "ncnn",
         "torch": "PyTorch"}
FORMATS = ("f32", "bf16", "int8")
OURS, THEIRS = "#0072b2", "#b0b0b0"


def read(paths, model):
    """{format: [results]} of a network, fastest first; the context of the last file."""
    found, context = {}, {}
    for path in paths:
        context, results = figures.read(path, "script/compare")
        try:
            for result in results:
                if result["kind"] == "peer_network" and result["model"] == model and result["batch"] == 1 \
                        and result["threads"] == 1:
                    found.setdefault(result["format"], {})[result["peer"]] = result
        except (KeyError, TypeError) as error:
            sys.exit(f"{path}: not a results file of script/compare ({type(error).__name__}: {error})")
    return {name: sorted(found[name].values(), key=lambda result: result["real_time"]) for name in FORMATS
            if "cardinal" in found.get(name, {})}, context


def plot_format(axes, name, results):
    for row, result in enumerate(results):
        ours, firm = result["peer"] == "cardinal", result["quiet_rounds"] >= figures.FIRM_ROUNDS
        color = OURS if ours else THEIRS
        axes.barh(row, result["real_time"], height=0.62, color=color if firm else "none", edgecolor=color)
        times = [time for time, quiet in zip(result["round_time"], result["round_quiet"]) if quiet or not firm]
        end = result["real_time"]
        if len(times) > 1:
            low, _, high = statistics.quantiles(times, n=4)
            end = max(end, high)
            axes.plot([low, high], [row, row], color="#333333", linewidth=1.2)
        times_ours = "" if ours else f"  {result['x_ours']:.2f}×"
        axes.text(end, row, f"  {result['real_time']:.1f} ms{times_ours}", va="center", fontsize=9)
    axes.set_yticks(range(len(results)))
    axes.set_yticklabels([f"{NAMES.get(r['peer'], r['peer'])} {r['peer_version']}" for r in results], fontsize=9)
    for label, result in zip(axes.get_yticklabels(), results):
        label.set_fontweight("bold" if result["peer"] == "cardinal" else "normal")
    axes.set_ylim(len(results) - 0.5, -0.5)
    axes.set_title(name, loc="left", fontsize=10, fontweight="bold")
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.tick_params(length=0)
    axes.set_xticks([])


def plot(found, context, model, output, cpu):
    pyplot = figures.pyplot()
    counts = [len(results) for results in found.values()]
    figure, panels = pyplot.subplots(len(found), 1, figsize=(8, 0.6 + sum(0.33 * count + 0.45 for count in counts)),
                                     height_ratios=counts, squeeze=False)
    longest = max(result["real_time"] for results in found.values() for result in results)
    for axes, (name, results) in zip(panels[:, 0], found.items()):
        plot_format(axes, name, results)
        axes.set_xlim(0, 1.45 * longest)  # room for the figures
    figure.suptitle(f"{model}, one image, one thread: milliseconds, and times as long as Cardinal\n"
                    f"{cpu or context['cpu']}, {context['started'][:10]}", fontsize=10.5, x=0.02, ha="left")
    figure.tight_layout()
    figures.save(figure, output)


def main():
    parser = figures.parser(__doc__, "JSON written by script/compare; where several have the same, the last counts",
                            several=True)
    options = parser.parse_args()
    found, context = read(options.results, options.model)
    if not found:
        sys.exit(f"{options.results[-1]}: Cardinal's {options.model} with one image and one thread isn't in it")
    plot(found, context, options.model, options.output, options.cpu)


if __name__ == "__main__":
    main()
