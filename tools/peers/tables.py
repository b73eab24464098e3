#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Prints the tables of docs/peers.md from files that script/compare wrote: networks with one image and one thread, the
fastest library by images and threads, grouped layers.

usage: tables.py RESULTS.json...
"""

import argparse
import json
import re
import sys

import rounds

NAMES = {"resnext50_32x4d": "ResNeXt-50 32x4d", "resnext101_32x8d": "ResNeXt-101 32x8d",
         "resnext101_64x4d": "ResNeXt-101 64x4d", "resnet50": "ResNet-50"}
LIBRARIES = {"openvino": "OpenVINO", "onnxruntime": "ONNX Runtime", "ncnn": "ncnn", "torch": "PyTorch"}
# The columns of the grouped layers: how they were timed, by whom, in which formats.
LAYERS = [("peer_layers", "openvino", "in the network, OpenVINO", ("f32", "bf16", "int8")),
          ("peer_layers", "onnxruntime", "ONNX Runtime", ("f32", "int8")),
          ("peer_alone", "onednn", "alone, oneDNN", ("f32", "bf16", "int8"))]


class Results:
    """Benchmarks of several files, by what they are of."""

    def __init__(self, paths):
        self.rows, self.skipped = {}, {}
        for path in paths:
            try:
                with open(path, encoding="utf-8") as file:
                    content = json.load(file)
                for row in content["benchmarks"]:
                    self.rows[row["kind"], row["peer"], row["model"], row.get("layer"), row["format"], row["batch"],
                              row["threads"]] = row
                for one in content["context"]["skipped"]:
                    self.skipped[one["peer"], one["case"]] = one["why"]
            except OSError as error:
                sys.exit(f"tables.py: {path}: {error.strerror}")
            except (ValueError, KeyError, TypeError) as error:
                sys.exit(f"tables.py: {path}: not a results file of script/compare ({type(error).__name__}: {error})")

    def network(self, peer, model, precision, batch=1, threads=1):
        return self.rows.get(("peer_network", peer, model, None, precision, batch, threads))

    def cases(self):
        """(network, format) of whole networks, in the order of the files."""
        return list(dict.fromkeys((key[2], key[4]) for key in self.rows if key[0] == "peer_network"))


def table(headings, sides, rows):
    rule = "|".join("---:" if side == "r" else "---" for side in sides)
    return ["| " + " | ".join(headings) + " |", f"|{rule}|", *("| " + " | ".join(row) + " |" for row in rows)]


def doubt(row):
    return "" if row["quiet_rounds"] >= rounds.FIRM_ROUNDS else "~"


def ratio(row):
    return f"{doubt(row)}{row['x_ours']:.2f}"


def title(model, precision):
    return f"{NAMES.get(model, model)}, {precision}"


def fastest(results, *case):
    """The ratio of the fastest other library; "" if none was measured."""
    others = [row for peer in LIBRARIES if (row := results.network(peer, *case)) and "x_ours" in row]
    return ratio(min(others, key=lambda row: row["x_ours"])) if others else ""


def cell(results, peer, model, precision):
    row = results.network(peer, model, precision)
    if row:
        return ratio(row)
    why = results.skipped.get((peer, f"{model}, {precision}, batch 1, 1 thread"), "")
    return "wrong" if why.startswith("its logits") else "none" if "have no" in why else "–"


def network_table(results):
    rows = []
    for model, precision in results.cases():
        ours = results.network("cardinal", model, precision)
        if ours:
            rows.append([title(model, precision), f"{doubt(ours)}{ours['real_time']:.1f}",
                         fastest(results, model, precision), *(cell(results, peer, model, precision)
                                                               for peer in LIBRARIES)])
    return table(["network, format", "Cardinal, ms", "fastest other", *LIBRARIES.values()], "lrrrrrr", rows)


def scaling_table(results):
    cases = [(batch, threads) for batch in (1, 8) for threads in (1, 2)]
    headings = [f"{batch} image{'s' * (batch > 1)}, {threads} thread{'s' * (threads > 1)}" for batch, threads in cases]
    rows = [[title(model, precision), *(fastest(results, model, precision, batch, threads) for batch, threads in cases)]
            for model, precision in results.cases()]
    return [line.replace("|  |", "| |").replace("|  |", "| |")
            for line in table(["network, format", *headings], "lrrrr", rows)]


def turns(row):
    """A row's rounds as `rounds` has them, with a peak of 1."""
    return [rounds.Turn(seconds, quiet) for seconds, quiet in zip(row["round_time"], row["round_quiet"])]


def mean(rows):
    """Layers of one shape as one: each round's mean, as quiet as its least quiet layer."""
    return [rounds.Turn(sum(turn.seconds for turn in parts) / len(parts), min(turn.canary for turn in parts))
            for parts in zip(*map(turns, rows))]


def layer_cell(results, kind, peer, model, layers, precision):
    found = {who: [row for layer in layers if (row := results.rows.get((kind, who, model, layer, precision, 1, 1)))]
             for who in (peer, "cardinal")}
    if not all(found.values()):
        return ""
    summary = rounds.summarise(mean(found[peer]), mean(found["cardinal"]), 1.0)
    digits = 1 if summary.ratio >= 10 else 2
    return f"{'' if summary.firm else '~'}{summary.ratio:.{digits}f}"


def shape_of(model, layer):
    """"8, stride 2, 56×56" of layer2.0.conv2: each stage doubles the width and halves the image in its first block."""
    stage, block = (int(number) for number in re.match(r"layer(\d+)\.(\d+)\.", layer).groups())
    width = int(re.search(r"x(\d+)d$", model)[1]) << (stage - 1)
    halves = stage > 1 and block == 0
    size = 56 >> (stage - 1 - halves)
    return f"{width}, {'stride 2, ' if halves else ''}{size}×{size}"


def layer_table(results, model="resnext50_32x4d"):
    shapes = {}
    for layer in dict.fromkeys(key[3] for key in results.rows if key[2] == model and key[3]):
        shapes.setdefault(shape_of(model, layer), []).append(layer)
    headings, columns = ["width, image"], []
    for kind, peer, name, formats in LAYERS:
        headings += [f"{name}: {formats[0]}", *formats[1:]]
        columns += [(kind, peer, precision) for precision in formats]
    rows = [[shape, *(layer_cell(results, kind, peer, model, layers, precision) for kind, peer, precision in columns)]
            for shape, layers in shapes.items()]
    return table(headings, "l" + "r" * len(columns), rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     usage=argparse.SUPPRESS)
    parser.add_argument("results", nargs="+", help="what script/compare wrote; of one case, the last file counts")
    results = Results(parser.parse_args().results)
    tables = [network_table(results), scaling_table(results), layer_table(results)]
    print("\n\n".join("\n".join(lines) for lines in tables))


if __name__ == "__main__":
    main()
