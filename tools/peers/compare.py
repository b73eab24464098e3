# SPDX-License-Identifier: BSD-3-Clause
"""Cardinal beside other libraries on this machine; script/compare installs them and starts this (docs/peers.md)."""

import datetime
import json
import os
import pathlib
import platform
import re
import subprocess
import sys

import folding
import measure
import models
import networks
import options
import report

def cores():
    """One CPU on each core that this process may use."""
    found = {}
    for cpu in sorted(os.sched_getaffinity(0)):
        path = pathlib.Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        try:
            core = path.read_text("ascii").strip()
        except OSError:
            core = str(cpu)
        found.setdefault(core, cpu)
    return list(found.values())


def grouped_shapes(model):
    """{(width, "128>128 3x3/1 g32 56x56"): [layers of that shape]}"""
    found = {}
    for name, width, stride, channels, groups, size in folding.grouped_layers(networks.parse(model)):
        found.setdefault((width, f"{channels}>{channels} 3x3/{stride} g{groups} {size}x{size}"), []).append(name)
    return found


def layer_words(model):
    """A grouped layer of each shape, as onednn_worker.c takes them."""
    firsts = [names[0] for names in grouped_shapes(model).values()]
    return [f"{name}:{channels}:{groups}:{size}:{stride}"
            for name, _, stride, channels, groups, size in folding.grouped_layers(networks.parse(model))
            if name in firsts]


def cases_of(arguments, core_count):
    counts = dict.fromkeys(min(core_count, core_count if count == "all" else count) for count in arguments.threads)
    for model in arguments.models:
        for precision in arguments.formats:
            if arguments.only != "layers":
                for batch in arguments.batches:
                    for count in counts:
                        yield measure.Case(model, precision, batch, count)
            if arguments.only != "networks" and folding.grouped_layers(networks.parse(model)):
                yield measure.Case(model, precision, 1, 1, "layers")
                yield measure.Case(model, precision, 1, 1, "alone")


def cpu_name():
    try:
        return re.search(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text("utf-8"), re.M)[1]
    except (OSError, TypeError):
        return platform.machine()


def cpu_id():
    """Vendor, family, model and stepping as cardinal_bench tells them, by which a report knows machines whose CPUs have
    the same name apart; "" on other CPUs than x86."""
    try:
        text = pathlib.Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return ""
    found = [re.search(rf"^{key}\s*: (.*)$", text, re.M) for key in ("vendor_id", "cpu family", "model", "stepping")]
    return "{} {}/{}/{}".format(*(match[1] for match in found)) if all(found) else ""


def context_of(arguments, core_list):
    here = pathlib.Path(__file__).resolve().parent
    commit = subprocess.run(["git", "-C", here, "describe", "--always", "--dirty", "--abbrev=12"], text=True,
                            capture_output=True, check=False).stdout.strip()
    return {"executable": "script/compare", "cpu": cpu_name(), "cpu_id": cpu_id(), "cores": len(core_list),
            "commit": commit or "unknown",
            "started": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "turn_seconds": arguments.turn, "pause_seconds": arguments.pause}


def output_path(arguments):
    if arguments.output:
        return arguments.output
    stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%d-%H%M%S")
    folder = pathlib.Path(__file__).resolve().parents[2] / "results"
    folder.mkdir(exist_ok=True)
    return folder / f"compare-{stamp}.json"


def write(path, content):
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        partial.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
        partial.replace(path)
    except OSError as error:
        sys.exit(f"script/compare: {path}: {error.strerror}")
    finally:
        partial.unlink(missing_ok=True)


def print_tables(results):
    def of(kind):
        return [result for result in results if result.case.kind == kind]

    for title, lines in (("Whole networks, medians", report.network_table(of("network"))),
                         ("Grouped layers inside the networks, by the libraries' own profilers, medians of batch 1, "
                          "one thread", report.layer_table(of("layers"), grouped_shapes)),
                         ("Grouped layers alone, each again and again on the same tensors, medians of batch 1, one "
                          "thread", report.layer_table(of("alone"), grouped_shapes)),
                         ("", report.skipped_lines(results))):
        if lines:
            print(f"\n{title}\n" if title else "")
            print("\n".join(lines))
    print("\nx ours: how many times as long as Cardinal, median of the rounds' ratios, and the least and the most of "
          "them.\nA figure with ~ rests on fewer than 5 quiet rounds.")


def main():
    arguments = options.parse()
    core_list = cores()
    bench = measure.Bench(folder=arguments.folder, build=arguments.build, cpus=core_list, onednn=arguments.onednn,
                          pythons=dict(pair.split("=", 1) for pair in arguments.peer_python),
                          rounds=arguments.rounds, seconds=arguments.seconds, turn=arguments.turn,
                          pause=arguments.pause)
    path, context, results = output_path(arguments), context_of(arguments, core_list), []
    cases = list(cases_of(arguments, len(core_list)))
    for number, case in enumerate(cases, 1):
        measure.progress(f"[{number}/{len(cases)}] {case}")
        models.write_images(bench.folder, case.batch)
        models.write_model(bench.folder, case.model)
        if case.precision == "int8":
            models.write_int8(bench.folder, case.model, bench.build / "tools" / "cardinal")
        bench.layers = {layer for layers in grouped_shapes(case.model).values() for layer in layers}
        peers = [measure.OURS, *(peer for peer in arguments.peers if peer in measure.KINDS[case.kind].peers)]
        try:
            results.append(measure.measure(bench, case, peers, layer_words(case.model)))
        except measure.Failed as error:
            sys.exit(f"script/compare: {case}: {error}")
        write(path, report.document(context, results))
    print_tables(results)
    print(f"\nWritten to {path}")


if __name__ == "__main__":
    main()
