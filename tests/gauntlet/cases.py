#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""cardinal_bench on given problems and with a plug-in's kernels. Not how fast anything is, but for one thing: a kernel
that doesn't compute in the timed run is told.

usage: cases.py CARDINAL_BENCH WRONG_KERNELS.so EXAMPLE.so
"""
import json
import re
import subprocess
import sys
import tempfile

program, wrong, example = sys.argv[1:]
failures = 0
CASE = "conv g32 ic128 oc128 ih6 iw9 k3 p1 bias"
NAME = "conv_g32_ic128_oc128_ih6_iw9_k3_p1_bias"


def bench(*options):
    return subprocess.run([program, "--cardinal_seconds=0.02", "--cardinal_min_rounds=1", *options], text=True,
                          capture_output=True, timeout=900)


def expect(what, condition, shown=""):
    global failures
    if not condition:
        failures += 1
        print(f"FAIL {what}: {shown}")


def results_of(done):
    return {result["name"]: result for result in json.loads(done.stdout)["benchmarks"]}


def given_problems():
    done = bench("--case", CASE, "--case=maxpool c16 i9 k3 s2 p1", "--benchmark_format=json")
    results = results_of(done)
    expect("status", done.returncode == 0, done.stderr)
    for name in (f"naive/case/{NAME}/f32", f"layer/case/{NAME}/f32/generic/t1",
                 "layer/case/maxpool_c16_i9_k3_s2_p1/f32/generic/t1"):
        expect(name, name in results and results[name]["gflops"] > 0, list(results))
    for name in (f"layer/case/{NAME}_bf16/bf16/generic/t1", f"layer/case/{NAME}_int8/int8/generic/t1",
                 "layer/case/maxpool_c16_i9_k3_s2_p1_int8/int8/generic/t1"):
        expect(f"each format: {name}", name in results and results[name]["gflops"] > 0, list(results))
    expect("no naive loops but of f32", [name for name in results if name.startswith("naive/")]
           == [f"naive/case/{NAME}/f32"], list(results))
    named = bench("--case", CASE + " f32", "--case", CASE + " int8", "--benchmark_list_tests").stdout
    expect("formats that are named", f"/{NAME}_int8/int8/" in named and "bf16" not in named.replace("peak/bf16", ""),
           named)
    expect("only the problems", not any("resnext" in name for name in results), list(results))
    shown = bench("--case", CASE, "--benchmark_filter=layer/case/.*/t1")
    expect("a table", f"{NAME}, 1 thread" in shown.stdout and "cardinal, generic" in shown.stdout, shown.stdout)


def files_and_sweeps():
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as batch:
        batch.write(f"# two problems\n{CASE}\n\nconv ic4 oc4 i5 k3 p1 n3 residual  # three images\n")
        batch.flush()
        results = results_of(bench("--batch", batch.name, "--benchmark_dry_run", "--benchmark_format=json"))
        several = results.get("layer/case/conv_ic4_oc4_i5_k3_p1_n3_residual/f32/generic/t1", {})
        expect("--batch", f"naive/case/{NAME}/f32" in results and several.get("shape") == "3 x 4>4 3x3/1 5x5"
               and several["flops"] == 3 * 2 * 4 * 4 * 9 * 25, results)
        batch.write("conv ic3\n")
        batch.flush()
        done = bench("--batch", batch.name)
        expect("a line's error", done.returncode == 1 and f"{batch.name}, line 5: " in done.stderr, done.stderr)

    done = bench("--cardinal_sweep=conv g1,8 w4,16 i6 k3 p1", "--benchmark_dry_run")
    names = bench("--cardinal_sweep=conv g1,8 w4,16 i6 k3 p1", "--benchmark_list_tests").stdout.split()
    for problem in ("ic4_oc4_i6_k3_p1", "ic16_oc16_i6_k3_p1", "g8_ic32_oc32_i6_k3_p1", "g8_ic128_oc128_i6_k3_p1"):
        expect(problem, f"layer/sweep/conv_{problem}/f32/generic/t1" in names, names)
    grid = re.search(r"% peak by width and cardinality, (\w+), 1 thread\n\n"
                     r"width +g1 +g8\n-+\n +4( +~?[\d.]+){2}\n +16( +~?[\d.]+){2}\n", done.stdout)
    expect("a grid", done.returncode == 0 and grid, done.stdout)
    # Plain C isn't measured, unless there is nothing else.
    expect("hand-written kernels alone", grid and (grid[1] == "generic" or "sweep, generic" not in done.stdout),
           done.stdout)


def plugins():
    done = bench("--case", CASE, "--kernel", example, "--benchmark_filter=kernel/", "--benchmark_format=json")
    results = results_of(done)
    name = f"kernel/window_conv_nchw/{NAME}/f32/t1"
    expect("the example", done.returncode == 0 and list(results) == [name] and results[name]["rounds"] >= 1
           and len(results[name]["round_time"]) == results[name]["rounds"], done.stdout)
    relu = bench("--case", CASE + " relu", "--kernel", example, "--benchmark_dry_run")
    expect("a kernel that declines", relu.returncode == 0 and "passed over" in relu.stderr
           and "it has a residual or a ReLU" in relu.stderr, relu.stderr)

    for kernel, told in (("zeros", "expected"), ("crashes", "crashed"), ("exits", "ended the process"),
                         ("right", None)):
        done = bench("--case", CASE, "--kernel", wrong, f"--benchmark_filter=kernel/{kernel}/",
                     "--benchmark_dry_run", "--benchmark_format=json")
        result = next(iter(results_of(done).values()))
        if told is None:
            expect(kernel, done.returncode == 0 and not result.get("error_occurred"), done.stdout)
        else:
            expect(kernel, done.returncode != 0 and told in result.get("error_message", ""), result)

    # 29 million operations that are only copied, once they were computed.
    done = bench("--case", "conv g2 ic64 oc64 i28 k3 p1", "--kernel", wrong,
                 "--benchmark_filter=kernel/remembers/|peak/fma/.*t1", "--benchmark_format=json")
    told = results_of(done)["kernel/remembers/conv_g2_ic64_oc64_i28_k3_p1/f32/t1"]
    expect("what isn't computed is told", "faster than the peak allows" in told["label"], told)


def bad_usage():
    for options, message in ((["--case", "conv ic3"], "image's size is missing"),
                             (["--case"], "a descriptor"),
                             (["--batch", "/no/such"], "/no/such: No such file"),
                             (["--batch", "/dev/null"], "holds no problem"),
                             (["--cardinal_sweep=conv g1,x ic4 oc4 i5"], "'g': expected whole numbers"),
                             (["--kernel", example], "name one with --case"),
                             (["--case", CASE, "--kernel", "/no/such.so"], "can't be loaded")):
        done = bench(*options)
        expect(options, done.returncode != 0 and message in done.stderr, done.stderr)


given_problems()
files_and_sweeps()
plugins()
bad_usage()
print("failed" if failures else "passed")
sys.exit(failures != 0)
