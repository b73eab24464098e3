#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What cardinal_bench prints and writes: names, counters, context, tables, and refusals. Not how fast anything is.

usage: output.py PROGRAM
"""
import json
import os
import re
import subprocess
import sys
import tempfile

PROGRAM = sys.argv[1]
MODEL = "resnext50_32x4d"
COUNTERS = ["gflops", "peak_pct", "canary_pct", "quiet_rounds", "rounds", "spread_pct", "peak_gflops"]
CONTEXT = ["commit", "cpu", "cache_sizes", "compiler", "compiler_flags", "governor", "affinity", "started",
           "cardinal_version", "best_isa", "caches_are"]


def bench(*options, status=0):
    run = subprocess.run([PROGRAM, f"--cardinal_models={MODEL}", "--cardinal_min_rounds=1", "--cardinal_seconds=0.01",
                          *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    assert run.returncode == status, f"{options}: exit status {run.returncode}: {run.stderr}"
    return run


def test_names():
    names = bench("--benchmark_list_tests").stdout.split()
    assert len(names) == len(set(names))
    for name in ["peak/copy/l1/t1", "peak/copy/memory/t1", f"naive/{MODEL}/layer1.0.conv2",
                 f"layer/{MODEL}/conv1/generic/t1", f"layer/{MODEL}/maxpool/generic/t1", f"layer/{MODEL}/fc/generic/t1",
                 f"layer/{MODEL}/layer2.0.downsample.0/generic/t1", f"net/{MODEL}/b1/generic/t1",
                 f"net/{MODEL}/b8/generic/t1"]:
        assert name in names, name
    # 53 convolutions, 2 pools and the fully connected layer
    assert sum(re.fullmatch(f"layer/{MODEL}/[^/]+/generic/t1", name) is not None for name in names) == 56
    fewer = bench("--benchmark_list_tests", "--benchmark_filter=-layer|naive").stdout.split()
    assert fewer == [name for name in names if "layer" not in name and "naive" not in name]


def test_json():
    with tempfile.TemporaryDirectory() as folder:
        results = os.path.join(folder, "results")
        shown = bench(f"--cardinal_results={results}",
                      "--benchmark_filter=/layer4.[12].conv2(/generic/t1)?$|copy/l1/t1$|peak/[fc]a?n?a?r?m?a?y?/.*t1$")
        files = os.listdir(results)
        assert len(files) == 1 and re.fullmatch(r"bench-\d{8}-\d{6}\.json", files[0]), files
        with open(os.path.join(results, files[0]), encoding="utf-8") as file:
            written = json.load(file)
    for key in CONTEXT:
        assert written["context"].get(key), key
    results = {result["name"]: result for result in written["benchmarks"]}
    for result in results.values():
        for counter in COUNTERS:
            assert counter in result, (result["name"], counter)
        assert result["rounds"] >= 1 and result["label"]
    layer = results[f"layer/{MODEL}/layer4.1.conv2/generic/t1"]
    # 1024 channels in 32 groups, 7x7 pixels, 3x3 window
    flops = 2 * 1024 * 32 * 9 * 49
    assert abs(layer["gflops"] * 1e9 * layer["real_time"] * 1e-3 - flops) < 1e-6 * flops, layer
    assert abs(layer["peak_pct"] - 100 * layer["gflops"] / layer["peak_gflops"]) < 1e-6, layer
    assert layer["label"] == "gconv3x3_f32_w16_generic" and layer["x_naive"] > 0, layer
    alike = results[f"layer/{MODEL}/layer4.2.conv2/generic/t1"]
    assert alike["real_time"] == layer["real_time"]
    assert alike["label"] == "gconv3x3_f32_w16_generic, measured as layer4.1.conv2", alike
    assert results["peak/copy/l1/t1"]["bytes_per_second"] > 0
    assert any(name.startswith("peak/fma/") for name in results) and any("canary" in name for name in results)
    table = [line for line in shown.stdout.splitlines() if line.startswith("layer4.1.conv2 (2 alike)")]
    assert len(table) == 1 and "1024>1024 3x3/1 g32 7x7" in table[0] and "gconv3x3_f32_w16_generic" in table[0]


def test_cold():
    shown = bench("--cardinal_cold", "--benchmark_format=json",
                  "--benchmark_filter=layer/.*/layer4.1.conv2/generic/t1$")
    assert json.loads(shown.stdout)["context"]["caches_are"] == "cold"


def test_refusals():
    for option, reason in [("--nonsense", "unknown option '--nonsense'"),
                           ("--benchmark_filter=nothing_matches_this", "no benchmark matches"),
                           ("--benchmark_filter=(", "is not an extended regular expression"),
                           ("--cardinal_min_rounds=0", "is not a number from 1"),
                           ("--cardinal_seconds=soon", "is not a number of seconds"),
                           ("--cardinal_models=alexnet", "alexnet")]:
        run = bench(option, status=1)
        assert reason in run.stderr, (option, run.stderr)
    assert "--cardinal_min_rounds" in bench("--help").stdout


for test in [test_names, test_json, test_cold, test_refusals]:
    print(test.__name__, flush=True)
    test()
