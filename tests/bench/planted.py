#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A benchmark whose output is wrong must fail: no figure for it, a reason, and an exit status that says so. One wrong
value is enough, wherever it lies.

usage: planted.py PROGRAM, a cardinal_bench linked with planted.c
"""
import json
import os
import subprocess
import sys


def bench(model, pattern, **planted):
    run = subprocess.run(
        [sys.argv[1], f"--cardinal_models={model}", "--benchmark_format=json", "--benchmark_dry_run",
         f"--benchmark_filter={pattern}"], stdout=subprocess.PIPE, env={**os.environ, **planted}, check=False)
    return run.returncode, {result["name"]: result for result in json.loads(run.stdout)["benchmarks"]}


# Blocks of 16 channels, [row][column][channel]: most rows are neither the first nor the middle nor the last one.
LAYER = "layer/resnext50_32x4d/layer4.0.conv2/f32/generic/t1"
for row, column, channel in [(2, 5, 3), (3, 0, 0), (5, 6, 15)]:
    status, results = bench("resnext50_32x4d", "^(layer|naive)/[^/]*/layer4.0.conv2/f32(/generic/t1)?$",
                            PLANTED_LAYER=str((row * 7 + column) * 16 + channel))
    assert status == 1, f"exit status {status}"
    layer = results[LAYER]
    where = f"wrong output in channel {channel}, row {row}, column {column}"
    assert layer["error_occurred"] and where in layer["error_message"], layer
    assert "gflops" not in layer and "round_time" not in layer, layer
    naive = results["naive/resnext50_32x4d/layer4.0.conv2/f32"]
    assert "error_occurred" not in naive and naive["gflops"] > 0, naive

# A given problem's last image, in f32, the numbers of which are planted.
case = subprocess.run(
    [sys.argv[1], "--case=conv ic16 oc16 i5 n3 f32", "--benchmark_format=json", "--benchmark_dry_run",
     "--benchmark_filter=^layer/.*/generic/t1$"], stdout=subprocess.PIPE, check=False,
    env={**os.environ, "PLANTED_LAYER": str((2 * 25 + 7) * 16 + 3)})
result = json.loads(case.stdout)["benchmarks"][0]
assert case.returncode == 1 and "channel 3, row 1, column 2 of image 2" in result["error_message"], result

# An image in the middle of a batch; a narrow network, since the portable kernels give the right logits.
MODEL = "resnext50_1x4d"
listed = subprocess.run([sys.argv[1], f"--cardinal_models={MODEL}", "--benchmark_list_tests",
                         "--benchmark_filter=^net/.*/b8/.*/t1$"], stdout=subprocess.PIPE, text=True, check=True)
NET = listed.stdout.split()[-1]  # the best instruction set
status, results = bench(MODEL, f"^{NET}$", PLANTED_LOGIT=str(3 * 1000 + 17))
assert status == 1, f"exit status {status}"
assert "wrong logit 17 of image 3" in results[NET]["error_message"], results[NET]

# Without a fault, all is well.
status, results = bench("resnext50_32x4d", f"^{LAYER}$")
assert status == 0 and results[LAYER]["gflops"] > 0, results
