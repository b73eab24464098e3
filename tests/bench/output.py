#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What cardinal_bench prints and writes: names, counters, context, tables, and refusals. Not how fast anything is.

usage: output.py PROGRAM [TEST...]
"""
import csv
import glob
import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile

PROGRAM = sys.argv[1]
MODEL = "resnext50_8x4d"  # with narrow layers
COUNTERS = ["gflops", "peak_pct", "canary_pct", "quiet_rounds", "rounds", "spread_pct", "peak_gflops"]
CONTEXT = ["commit", "cpu", "cache_sizes", "compiler", "compiler_flags", "governor", "affinity", "started",
           "cardinal_version", "best_isa", "caches_are", "cpu_id"]
# What runs fast everywhere: a narrow layer at 7x7 pixels, and the same layer again.
FILTER = "/layer4.[12].conv2/f32(/generic/t1)?$"
FLOPS = 2 * 256 * 32 * 9 * 49  # of that layer: 256 channels in 8 groups, 3x3 window
BYTES = 4 * (2 * 256 * 49 + 256 * 32 * 9 + 256)  # input and output, weights, bias
LAYERS = "layer/[^/]*/layer4.[12].conv2/f32/generic/t1$"


def command(*options):
    return [PROGRAM, f"--cardinal_models={MODEL}", "--cardinal_min_rounds=1", "--cardinal_seconds=0.01", *options]


def bench(*options, status=0, **streams):
    run = subprocess.run(command(*options), text=True, check=False,
                         **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams})
    assert run.returncode == status, f"{options}: exit status {run.returncode}: {run.stderr}"
    return run


def json_of(*options):
    return json.loads(bench("--benchmark_format=json", *options).stdout)


def approximately(value, expected, share=1e-6):
    return abs(value - expected) <= share * abs(expected)


def test_names():
    names = bench("--benchmark_list_tests").stdout.split()
    assert len(names) == len(set(names))
    for name in ["peak/copy/l1/t1", "peak/copy/memory/t1", f"naive/{MODEL}/layer1.0.conv2/f32",
                 f"layer/{MODEL}/conv1/f32/generic/t1", f"layer/{MODEL}/maxpool/f32/generic/t1",
                 f"layer/{MODEL}/fc/f32/generic/t1", f"layer/{MODEL}/layer2.0.downsample.0/f32/generic/t1",
                 f"net/{MODEL}/b1/f32/generic/t1", f"net/{MODEL}/b8/f32/generic/t1"]:
        assert name in names, name
    # 53 convolutions, 2 pools and the fully connected layer
    assert sum(re.fullmatch(f"layer/{MODEL}/[^/]+/f32/generic/t1", name) is not None for name in names) == 56
    fewer = bench("--benchmark_list_tests", "--benchmark_filter=-layer|naive").stdout.split()
    assert fewer == [name for name in names if "layer" not in name and "naive" not in name]


def test_json():
    with tempfile.TemporaryDirectory() as folder:
        results = os.path.join(folder, "results")
        shown = bench(f"--cardinal_results={results}",
                      f"--benchmark_filter={FILTER}|copy/l1/t1$|peak/[fc]a?n?a?r?m?a?y?/.*t1$")
        files = os.listdir(results)
        assert len(files) == 1 and re.fullmatch(r"bench-\d{8}-\d{6}\.json", files[0]), files
        with open(os.path.join(results, files[0]), encoding="utf-8") as file:
            written = json.load(file)
    assert f"Written to {results}/{files[0]}" in shown.stdout
    for key in CONTEXT:
        assert written["context"].get(key), key
    assert written["context"]["executable"] == os.path.basename(PROGRAM), written["context"]
    release = "-DNDEBUG" in written["context"]["compiler_flags"]
    assert written["context"]["library_build_type"] == ("release" if release else "debug"), written["context"]
    results = {result["name"]: result for result in written["benchmarks"]}
    copy = results.pop("peak/copy/l1/t1")
    assert copy["bytes_per_second"] > 0
    assert not {"gflops", "peak_pct", "canary_pct", "peak_gflops"} & set(copy), copy
    for result in results.values():
        for counter in COUNTERS:
            assert counter in result, (result["name"], counter)
        assert result["rounds"] >= 1 and result["label"] and result["iterations"] >= 1
        assert result["time_unit"] == ("ns" if result["name"].startswith("peak/") else "us"), result
        assert result["threads"] == 1
    layer = results[f"layer/{MODEL}/layer4.1.conv2/f32/generic/t1"]
    assert approximately(layer["gflops"] * 1e9 * layer["real_time"] * 1e-6, FLOPS), layer
    assert approximately(layer["peak_pct"], 100 * layer["gflops"] / layer["peak_gflops"]), layer
    assert layer["label"] == "gconv3x3_f32_w16_generic" and layer["x_naive"] > 0, layer
    told = {"kind": "layer", "format": "f32", "isa": "generic", "model": MODEL, "layer": "layer4.1.conv2",
            "shape": "256>256 3x3/1 g8 7x7", "kernel": "gconv3x3_f32_w16_generic", "flops": FLOPS, "bytes": BYTES,
            "grouped_3x3": True}
    assert told.items() <= layer.items() and isinstance(layer["x_naive_firm"], bool), layer
    assert (copy["kind"], copy["level"]) == ("copy", "l1") and "format" not in copy, copy
    alike = results[f"layer/{MODEL}/layer4.2.conv2/f32/generic/t1"]
    assert alike["measured_as"] == layer["name"] and "round_time" not in alike, alike
    assert alike["real_time"] == layer["real_time"]
    assert alike["label"] == "gconv3x3_f32_w16_generic, measured as layer4.1.conv2", alike
    assert any(name.startswith("peak/fma/") for name in results) and any("canary" in name for name in results)
    table = [line for line in shown.stdout.splitlines() if line.startswith("layer4.1.conv2 (2 alike)")]
    assert len(table) == 1 and "256>256 3x3/1 g8 7x7" in table[0] and "gconv3x3_f32_w16_generic" in table[0]
    # Layers that were measured as another one don't count again.
    own = [r for r in [copy, *results.values()] if "measured as" not in r["label"]]
    assert f"{sum(r['quiet_rounds'] for r in own):.0f} of {sum(r['rounds'] for r in own):.0f} rounds" in shown.stdout


def test_portable_code_is_held_against_the_widest_peak():
    results = json_of(f"--benchmark_filter={FILTER}|peak/fma/.*/t1$")["benchmarks"]
    peaks = [r["peak_gflops"] for r in results if r["name"].startswith("peak/")]
    for result in results:
        if not result["name"].startswith("peak/"):
            assert result["peak_gflops"] == peaks[-1], (result["name"], peaks)
    # Peaks of the whole run, not of the moment: every result of an instruction set has the same.
    layers = {r["peak_gflops"] for r in results if r["name"].startswith(("layer/", "naive/"))}
    assert len(layers) == 1, layers


def test_rounds():
    """Every figure follows from the rounds in the file."""
    for result in json_of(f"--benchmark_filter={FILTER}", "--cardinal_min_rounds=5")["benchmarks"]:
        if "measured as" in result["label"]:
            assert "round_time" not in result
            continue
        times, quiet = result["round_time"], result["round_quiet"]
        assert len(times) == len(quiet) == len(result["round_canary_pct"]) == result["rounds"], result
        assert sum(quiet) == result["quiet_rounds"], result
        for canary, is_quiet in zip(result["round_canary_pct"], quiet):
            assert not is_quiet or canary >= 94.9, result
        counted = sorted(time for time, is_quiet in zip(times, quiet) if is_quiet or not any(quiet))
        middle = (counted[(len(counted) - 1) // 2] + counted[len(counted) // 2]) / 2
        assert approximately(result["real_time"], middle, 1e-4), result
        assert result["iterations"] >= len(counted) and result["iterations"] % len(counted) == 0, result


def test_doubtful_figures_are_marked():
    """One round can't give five quiet ones."""
    shown = bench("--benchmark_dry_run", f"--benchmark_filter={FILTER}").stdout
    row = [line for line in shown.splitlines() if line.startswith("layer4.1.conv2 (2 alike)")][0]
    assert re.search(r"_generic +f32 +~[\d.]+ +~[\d.]+ +~[\d.]+ +~[\d.]+$", row), row
    assert "~ marks medians of fewer than 5 quiet rounds" in shown
    results = json_of("--benchmark_dry_run", f"--benchmark_filter={FILTER}")["benchmarks"]
    assert all(result["rounds"] == result["iterations"] == 1 for result in results), results


def test_cpu_time_and_aggregates():
    results = json_of(f"--benchmark_filter={LAYERS}", "--benchmark_repetitions=4")["benchmarks"]
    runs = [r for r in results if r["run_type"] == "iteration"]
    assert [r["repetition_index"] for r in runs] == [0, 1, 2, 3] * 2
    for result in runs:
        # One thread computes all the time; a preempted one spends less. Clocks of threads tick coarsely in some guests.
        assert 0 < result["cpu_time"] <= 1.05 * result["real_time"] + 5, result
    aggregates = {r["name"]: r for r in results if r["run_type"] == "aggregate"}
    for layer in ("layer4.1.conv2", "layer4.2.conv2"):
        name = f"layer/{MODEL}/{layer}/f32/generic/t1"
        own = [r for r in runs if r["name"] == name]
        for time in ("real_time", "cpu_time"):
            values = sorted(r[time] for r in own)
            assert approximately(aggregates[name + "_mean"][time], sum(values) / 4), (time, values)
            assert approximately(aggregates[name + "_median"][time], (values[1] + values[2]) / 2), (time, values)
            mean = sum(values) / 4
            deviation = (sum((v - mean) ** 2 for v in values) / 3) ** 0.5
            assert approximately(aggregates[name + "_stddev"][time], deviation, 1e-4), (time, values)
            assert approximately(aggregates[name + "_cv"][time], deviation / mean, 1e-4), (time, values)
    assert "cpu_seconds" not in results[0]
    only = json_of(f"--benchmark_filter={LAYERS}", "--benchmark_repetitions=2",
                   "--benchmark_report_aggregates_only")["benchmarks"]
    assert {r["run_type"] for r in only} == {"aggregate"}


def test_threads():
    names = bench("--benchmark_list_tests", "--benchmark_filter=layer4.1.conv2/.*/t[0-9]+$").stdout.split()
    for name in names[-1:]:
        result = json_of(f"--benchmark_filter={name}", "--benchmark_dry_run")["benchmarks"][0]
        assert result["threads"] == int(name.rsplit("/t", 1)[1]), result


def test_units():
    layer = f"--benchmark_filter={LAYERS}"
    for unit, second in [("ns", 1e9), ("us", 1e6), ("ms", 1e3), ("s", 1)]:
        for result in json_of(layer, f"--benchmark_time_unit={unit}", "--benchmark_dry_run")["benchmarks"]:
            assert result["time_unit"] == unit
            assert approximately(result["gflops"] * 1e9 * result["real_time"] / second, FLOPS), result


def test_formats():
    options = [f"--benchmark_filter={FILTER}|copy/l1/t1$", "--benchmark_dry_run"]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "results.csv")
        text = bench("--benchmark_format=csv", f"--benchmark_out={path}", "--benchmark_out_format=csv", *options).stdout
        with open(path, encoding="utf-8") as file:
            written = file.read()
    for content in (text, written):
        rows = {row["name"]: row for row in csv.DictReader(io.StringIO(content[content.index("name,"):]))}
        assert float(rows[f"layer/{MODEL}/layer4.1.conv2/f32/generic/t1"]["gflops"]) > 0, content
        assert float(rows["peak/copy/l1/t1"]["bytes_per_second"]) > 0, content
    assert "layer4.1.conv2" in bench("--benchmark_format=console", *options).stdout
    note = bench("--benchmark_enable_random_interleaving=true", *options).stderr
    assert "changes nothing" in note


def default_signals():
    """Shells start jobs in the background with SIGINT ignored, which the program respects."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def test_signals_leave_nothing():
    """A run that a signal ends leaves no file, and a file that was there stays as it was."""
    for number in (signal.SIGINT, signal.SIGTERM):
        with tempfile.TemporaryDirectory() as folder:
            results, kept = os.path.join(folder, "results"), os.path.join(folder, "kept.json")
            with open(kept, "w", encoding="utf-8") as file:
                file.write("before")
            for target in (f"--cardinal_results={results}", f"--benchmark_out={kept}"):
                with subprocess.Popen(command(target, "--benchmark_filter=/generic/t1", "--cardinal_seconds=5",
                                              "--cardinal_min_rounds=1000"), stdout=subprocess.PIPE,
                                      preexec_fn=default_signals) as run:
                    assert run.stdout.read(1)  # it is about to measure
                    run.send_signal(number)
                    run.stdout.read()
                assert run.returncode == -number, run.returncode
            assert os.listdir(results) == [] and sorted(os.listdir(folder)) == ["kept.json", "results"]
            with open(kept, encoding="utf-8") as file:
                assert file.read() == "before"


def test_targets():
    """What can't be written is noticed, at once where that is possible."""
    options = [f"--benchmark_filter={LAYERS}", "--benchmark_dry_run"]
    with tempfile.TemporaryDirectory() as folder:
        for target, reason in [(folder, "Is a directory"), (os.path.join(folder, "none", "x.json"), "No such file"),
                               ("/dev/full", "No space left")]:
            run = bench(f"--benchmark_out={target}", *options, status=1)
            assert target in run.stderr and reason in run.stderr and "Written to" not in run.stdout, (target, run)
            assert target == "/dev/full" or "[" not in run.stdout, run.stdout
        assert os.listdir(folder) == []
        out = os.path.join(folder, "x.json")
        bench(f"--benchmark_out={out}", *options)
        assert os.listdir(folder) == ["x.json"]
    with open("/dev/full", "w", encoding="utf-8") as full:
        for other in (["--help"], ["--benchmark_list_tests"], options, ["--benchmark_format=json", *options]):
            run = bench(*other, status=1, stdout=full)
            assert "standard output" in run.stderr, (other, run.stderr)


def test_closed_descriptors():
    """Messages of a program without stderr don't get into its files."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "x.json")
        words = command(f"--benchmark_out={out}", f"--benchmark_filter={LAYERS}", "--benchmark_dry_run",
                        "--benchmark_format=csv")
        for closed, status in [("2>&-", 0), ("<&- 2>&-", 0), (">&-", 1), ("<&- >&- 2>&-", 1)]:
            run = subprocess.run(["sh", "-c", f'exec "$@" {closed}', "sh", *words], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, check=False)
            assert run.returncode == status, (closed, run.returncode)
            for path in glob.glob(os.path.join(folder, "*")):
                assert path == out, path
                with open(path, encoding="utf-8") as file:
                    json.load(file)
                os.remove(path)


def test_cold():
    shown = bench("--cardinal_cold", "--benchmark_format=json",
                  "--benchmark_filter=layer/.*/layer4.1.conv2/f32/generic/t1$")
    assert json.loads(shown.stdout)["context"]["caches_are"] == "cold"


def test_refusals():
    for option, reason in [("--nonsense", "unknown option '--nonsense'"),
                           ("--benchmark_filter=nothing_matches_this", "no benchmark matches"),
                           ("--benchmark_filter=(", "is not an extended regular expression"),
                           ("--cardinal_min_rounds=0", "is not a number from 1"),
                           ("--cardinal_seconds=soon", "is not a number of seconds"),
                           ("--benchmark_format=xml", "is not console, json or csv"),
                           ("--benchmark_time_unit=min", "is not ns, us, ms or s"),
                           ("--benchmark_repetitions=0", "is not a number from 1"),
                           ("--cardinal_models=alexnet", "alexnet")]:
        run = bench(option, status=1)
        assert reason in run.stderr, (option, run.stderr)
    assert "--cardinal_min_rounds" in bench("--help").stdout


for name, test in list(globals().items()):
    if name.startswith("test_") and (len(sys.argv) == 2 or name in sys.argv[2:]):
        print(name, flush=True)
        test()
