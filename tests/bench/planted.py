#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A benchmark whose output is wrong must fail: no figure for it, a reason, and an exit status that says so.

usage: planted.py PROGRAM, a cardinal_bench linked with planted.c
"""
import json
import subprocess
import sys

run = subprocess.run(
    [sys.argv[1], "--cardinal_models=resnext50_32x4d", "--benchmark_format=json", "--cardinal_min_rounds=1",
     "--cardinal_seconds=0.01", "--benchmark_filter=^(layer|naive)/[^/]*/layer4.0.conv2(/generic/t1)?$"],
    stdout=subprocess.PIPE, check=False)
assert run.returncode == 1, f"exit status {run.returncode}"
results = {result["name"]: result for result in json.loads(run.stdout)["benchmarks"]}
layer = results["layer/resnext50_32x4d/layer4.0.conv2/generic/t1"]
assert layer["error_occurred"] and "wrong output in channel 0, row 0, column 0" in layer["error_message"], layer
assert "gflops" not in layer, layer
naive = results["naive/resnext50_32x4d/layer4.0.conv2"]
assert "error_occurred" not in naive and naive["gflops"] > 0, naive
