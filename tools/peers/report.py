# SPDX-License-Identifier: BSD-3-Clause
"""What a comparison prints, and the JSON that it writes, with the members that cardinal_bench's results have."""

import math

import rounds
from measure import KINDS, OURS

TIME_UNIT = {"network": ("ms", 1e3), "layers": ("us", 1e6), "alone": ("us", 1e6)}


def align(rows, sides):
    """A table as lines: columns two spaces apart, "l" or "r" for each."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(sides))]
    return ["  ".join(cell.rjust(width) if side == "r" else cell.ljust(width)
                      for cell, width, side in zip(row, widths, sides)).rstrip() for row in rows]


def mark(summary):
    return "" if summary.firm else "~"


def ratio_cells(summary):
    if math.isnan(summary.ratio):
        return ["", ""]
    return [f"{mark(summary)}{summary.ratio:.2f}", f"{summary.least:.2f} to {summary.most:.2f}"]


def network_table(results):
    """All peers of all whole networks; "x ours" is how many times as long they take."""
    rows = [["network", "format", "batch", "threads", "library", "ms", "x ours", "min to max", "agrees", "rounds"]]
    for result in results:
        case = result.case
        first = [case.model, case.precision, str(case.batch), str(case.threads)]
        for peer, summary in sorted(result.summaries("").items(), key=lambda item: item[1].seconds):
            agreement = result.agreement[peer]
            rows.append([*first, f"{peer} {result.about[peer]['version']}",
                         f"{mark(summary)}{1e3 * summary.seconds:.2f}",
                         *(ratio_cells(summary) if peer != OURS else ["", ""]),
                         f"{agreement:.1e}" if case.precision == "f32" else f"{agreement:.5f}",
                         f"{summary.quiet}/{summary.rounds}"])
            first = [""] * 4
    return align(rows, "llrrlrrrrr") if len(rows) > 1 else []


def layer_table(results, shapes):
    """Grouped layers, those of one shape together. `shapes` gives for a model the layers of each
    (width, description)."""
    rows = [["network", "format", "width", "grouped 3x3", "library", "ms", "x ours", "min to max", "rounds"]]
    for result in results:
        first = [result.case.model, result.case.precision]
        for (width, text), layers in shapes(result.case.model).items():
            second = [str(width), text]
            summaries = shape_summaries(result, layers)
            for peer, summary in sorted(summaries.items(), key=lambda item: item[1].seconds):
                rows.append([*first, *second, f"{peer} {result.about[peer]['version']}",
                             f"{mark(summary)}{1e3 * summary.seconds:.3f}",
                             *(ratio_cells(summary) if peer != OURS else ["", ""]),
                             f"{summary.quiet}/{summary.rounds}"])
                first, second = ["", ""], ["", ""]
    return align(rows, "llrllrrrr") if len(rows) > 1 else []


def shape_summaries(result, layers):
    """By peer, the mean time of layers of one shape; ratios are of these means, round by round."""
    means = {}
    for peer, turns in result.turns.items():
        columns = [turns[layer] for layer in layers if layer in turns]
        if columns:
            means[peer] = [rounds.Turn(sum(turn.seconds for turn in row) / len(row), min(turn.canary for turn in row))
                           for row in zip(*columns)]
    return {peer: rounds.summarise(turns, means.get(OURS), result.peak) for peer, turns in means.items()}


def skipped_lines(results):
    """Who wasn't measured, why and where, each reason once."""
    places = {}
    for result in results:
        for peer, why in result.skipped.items():
            case = result.case
            places.setdefault((peer, why), []).append(f"{case.model}{KINDS[case.kind].title} in {case.precision}")
    return [f"{peer} is left out: {why}" + ("" if why == "not installed" else f" ({'; '.join(dict.fromkeys(where))})")
            for (peer, why), where in places.items()]


def describe(result, key, peer):
    """A result as an object of Google Benchmark's JSON, with its raw rounds."""
    case, summary = result.case, result.summaries(key)[peer]
    unit, scale = TIME_UNIT[case.kind]
    turns = result.turns[peer][key]
    name = "/".join([f"peer_{case.kind}", peer, case.model, *([key] if key else []), f"b{case.batch}", case.precision,
                     f"t{case.threads}"])
    found = {"name": name, "run_name": name, "run_type": "iteration", "repetitions": 1, "repetition_index": 0,
             "threads": case.threads, "iterations": summary.rounds, "real_time": summary.seconds * scale,
             "time_unit": unit, "rounds": summary.rounds, "quiet_rounds": summary.quiet, "peak_gflops": result.peak,
             "kind": f"peer_{case.kind}", "peer": peer,
             "peer_version": result.about[peer]["version"], "peer_settings": result.about[peer]["settings"],
             "model": case.model, **({"layer": key} if key else {}), "batch": case.batch, "format": case.precision}
    if not key and not math.isnan(result.agreement[peer]):
        found["max_difference" if case.precision == "f32" else "cosine"] = result.agreement[peer]
    if peer != OURS and not math.isnan(summary.ratio):
        found.update(x_ours=summary.ratio, x_ours_min=summary.least, x_ours_max=summary.most)
    found["round_time"] = [float(f"{turn.seconds * scale:.6g}") for turn in turns]
    found["round_canary_pct"] = [round(100 * turn.canary / result.peak, 1) for turn in turns]
    found["round_quiet"] = [int(rounds.is_quiet(turn, result.peak)) for turn in turns]
    return found


def document(context, results):
    """The whole file."""
    skipped = [{"peer": peer, "why": why, "case": str(result.case)} for result in results
               for peer, why in result.skipped.items()]
    return {"context": {**context, "skipped": skipped},
            "benchmarks": [describe(result, key, peer) for result in results
                           for peer, turns in result.turns.items() for key in turns]}
