#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""`cardinal compare` on made-up runs: a planted slow-down is found, equal runs raise no alarm, and what doesn't compare
is refused. Google Benchmark's own compare.py reads the same files, where it is installed.

usage: compare.py CARDINAL
"""
import json
import os
import random
import re
import subprocess
import sys
import tempfile

cardinal = sys.argv[1]
failures = 0
GBENCH = "/usr/share/benchmark/compare.py"  # Debian: libbenchmark-tools


def expect(what, condition, shown=""):
    global failures
    if not condition:
        failures += 1
        print(f"FAIL {what}: {shown}")


def benchmark(name, times, quiet=None, kind="layer", **members):
    quiet = quiet or [1] * len(times)
    counted = sorted(time for time, is_quiet in zip(times, quiet) if is_quiet) or sorted(times)
    middle = (counted[(len(counted) - 1) // 2] + counted[len(counted) // 2]) / 2
    return {"name": name, "run_name": name, "run_type": "iteration", "repetitions": 1, "repetition_index": 0,
            "threads": 1, "iterations": len(counted), "real_time": middle, "cpu_time": middle, "time_unit": "us",
            "gflops": 100.0, "peak_pct": 90.0, "peak_gflops": 111.0, "quiet_rounds": sum(quiet), "rounds": len(times),
            "label": "a_kernel", "kind": kind, "format": "f32", "isa": "avx2", "kernel": "a_kernel",
            "round_time": times, "round_canary_pct": [99.0] * len(times), "round_quiet": quiet, **members}


def draws(seed, count=20, middle=100.0, spread=0.5):
    source = random.Random(seed)
    return [round(source.gauss(middle, spread), 3) for _ in range(count)]


def run_of(benchmarks, **facts):
    context = {"date": "2026-11-24T00:00:00+00:00", "num_cpus": 2, "mhz_per_cpu": 2600, "caches": [],
               "library_build_type": "release", "cardinal_version": "0.1.0", "cpu": "CPU A", "cpu_id": "V 25/17/1",
               "cache_sizes": "L1 32 KiB", "caches_are": "warm", "commit": "abc", "compiler": "gcc 12.2.0",
               "started": "2026-11-24T00:00:00Z", **facts}
    return {"context": context, "benchmarks": benchmarks}


NAMES = [f"layer/net/layer{i}/f32/avx2/t1" for i in range(40)]


def suite(seed, slower=(), factor=1.03, **facts):
    """A run of 40 layers; those in `slower` take `factor` times as long."""
    return run_of([benchmark(name, [factor * t if i in slower else t for t in draws(100 * seed + i)])
                   for i, name in enumerate(NAMES)], **facts)


def compare(before, after, *options):
    with tempfile.TemporaryDirectory(prefix="cardinal-compare-") as folder:
        paths = []
        for name, run in (("old.json", before), ("new.json", after)):
            paths.append(os.path.join(folder, name))
            with open(paths[-1], "w", encoding="utf-8") as file:
                file.write(run if isinstance(run, str) else json.dumps(run))
        return subprocess.run([cardinal, "compare", *options, *paths], capture_output=True, text=True, timeout=300)


def compare_json(before, after, *options):
    done = compare(before, after, "--json", *options)
    return done, json.loads(done.stdout)


def planted_slow_down():
    done, result = compare_json(suite(1), suite(2, slower=(7, 23)), "--threshold", "2%")
    findings = [row["name"] for row in result["rows"] if row["finding"]]
    expect("the slower ones, and no other", sorted(findings) == sorted([NAMES[7], NAMES[23]]), findings)
    expect("its status", done.returncode == 3, done)
    expect("the largest effects come first", {row["name"] for row in result["rows"][:2]} == set(findings), result)
    for row in result["rows"][:2]:
        expect("a ratio", 1.02 < row["ratio"] < 1.04 and row["interval"][0] < row["ratio"] < row["interval"][1], row)
        expect("Holm's correction", row["p"] < row["p_holm"] <= 40 * row["p"] * (1 + 1e-9), row)
    shown = compare(suite(1), suite(2, slower=(7, 23)), "--threshold=2")
    expect("the table", shown.returncode == 3 and shown.stdout.count("slower by 2 % or more") == 3, shown.stdout)
    expect("below the threshold", compare(suite(1), suite(2, slower=(7, 23)), "--threshold=5%").returncode == 0)
    expect("without one", compare(suite(1), suite(2, slower=(7, 23))).returncode == 0)
    expect("faster is no finding", compare(suite(2, slower=(7, 23)), suite(1), "--threshold=2%").returncode == 0)


def no_false_alarm():
    """Of 30 pairs of equal runs with 40 rows each, five in a hundred may be wrong by the level alone."""
    alarms = 0
    for seed in range(30):
        done, result = compare_json(suite(3 + 2 * seed), suite(4 + 2 * seed), "--threshold=0%")
        alarms += done.returncode != 0
        expect("no alarm above half a percent", not any(row["finding"] and row["ratio"] > 1.005
                                                        for row in result["rows"]), seed)
    expect("false alarms", alarms <= 4, alarms)
    same = suite(1)
    done, result = compare_json(same, same, "--threshold=0%")
    expect("a run against itself", done.returncode == 0 and all(
        row["ratio"] == 1 and row["p"] > 0.9 and row["verdict"] == "alike" for row in result["rows"]), result)


def doubt():
    """Only quiet rounds count, and fewer than five of them aren't tested."""
    quiet = [1] * 10 + [0] * 10
    before = run_of([benchmark(NAMES[0], draws(1)), benchmark(NAMES[1], draws(2))])
    disturbed = [*draws(3, 10), *draws(4, 10, middle=300.0)]
    after = run_of([benchmark(NAMES[0], disturbed, quiet),
                    benchmark(NAMES[1], draws(5, 20, middle=200.0), [1] * 4 + [0] * 16)])
    done, result = compare_json(before, after, "--threshold=2%")
    rows = {row["name"]: row for row in result["rows"]}
    expect("disturbed rounds don't count", done.returncode == 0 and abs(rows[NAMES[0]]["ratio"] - 1) < 0.01, rows)
    expect("not in p or the interval either", rows[NAMES[0]]["verdict"] == "alike"
           and rows[NAMES[0]]["interval"][1] < 1.02, rows)
    doubtful = rows[NAMES[1]]
    expect("four quiet rounds", doubtful["verdict"] == "untested" and doubtful["p"] is None
           and doubtful["new_quiet_rounds"] == 4 and result["tested"] == 1, doubtful)
    shown = compare(before, after).stdout
    expect("are marked", re.search(r"layer1/f32/avx2/t1 +0\.\d+ +~0\.\d+ +~\d\.\d+ ", shown), shown)
    alone = compare(run_of(before["benchmarks"][1:]), run_of(after["benchmarks"][1:]), "--threshold=2%")
    expect("nothing to test is no success", alone.returncode == 1 and "could be tested" in alone.stderr, alone)
    few = compare(suite(1), run_of([benchmark(name, draws(i, 5)) for i, name in enumerate(NAMES)]))
    expect("hopeless rows are told", "40 rows have so few quiet rounds" not in few.stdout, few.stdout)
    few = compare(run_of([benchmark(name, draws(i, 5)) for i, name in enumerate(NAMES)]),
                  run_of([benchmark(name, draws(i + 50, 5)) for i, name in enumerate(NAMES)]))
    expect("hopeless rows are told", "40 rows have so few quiet rounds" in few.stdout, few.stdout)


def repetitions():
    first, second = benchmark(NAMES[0], draws(1, 10)), benchmark(NAMES[0], draws(2, 10, middle=104.0))
    second.update(repetition_index=1)
    mean = {**second, "name": NAMES[0] + "_mean", "run_type": "aggregate", "aggregate_name": "mean"}
    run = run_of([first, second, mean])
    _, result = compare_json(run, run)
    row = result["rows"][0]
    expect("all rounds of all repetitions", row["old_quiet_rounds"] == 20 and len(result["rows"]) == 1, result)
    expect("one median", 1e-4 * 1.005 < row["old_seconds"] < 1e-4 * 1.035, row)


def what_is_left_out():
    failed = {"name": NAMES[1], "run_name": NAMES[1], "run_type": "iteration", "error_occurred": True,
              "error_message": "wrong output", "time_unit": "us"}
    copied = benchmark(NAMES[2], draws(1))
    for key in ("round_time", "round_canary_pct", "round_quiet"):
        del copied[key]
    copied["measured_as"] = NAMES[0]
    fma = benchmark("peak/fma/f32/avx2/t1", draws(9), kind="fma")
    before = run_of([fma, benchmark(NAMES[0], draws(1)), benchmark(NAMES[1], draws(2)), copied,
                     benchmark(NAMES[3], draws(3))])
    after = run_of([fma, benchmark(NAMES[0], draws(4)), failed, copied, benchmark(NAMES[4], draws(5))])
    done, result = compare_json(before, after, "--threshold=50%")
    expect("one row", [row["name"] for row in result["rows"]] == [NAMES[0]], result)
    expect("the rest", (result["only_old"], result["only_new"], result["newly_failed"])
           == ([NAMES[3]], [NAMES[4]], [NAMES[1]]), result)
    expect("a new failure is a finding", done.returncode == 3, done)
    shown = compare(before, after).stdout
    expect("the machine's peak", "peak, f32 avx2, 1 thread: 111.0, then 111.0 GFLOP/s (+0.0 %)" in shown, shown)
    _, filtered = compare_json(suite(1), suite(2), "--filter", "layer1[0-3]/")
    expect("a filter", len(filtered["rows"]) == filtered["tested"] == 4, filtered)


def of_peak():
    """A machine at half the clock: twice the time, as many peaks."""
    before = run_of([benchmark(NAMES[0], draws(1))])
    after = run_of([benchmark(NAMES[0], [2 * t for t in draws(2)], peak_gflops=55.5)])
    _, plain = compare_json(before, after)
    _, of = compare_json(before, after, "--of-peak")
    expect("times", abs(plain["rows"][0]["ratio"] - 2) < 0.02 and plain["rows"][0]["verdict"] == "slower", plain)
    expect("shares of the peak", abs(of["rows"][0]["ratio"] - 1) < 0.01 and of["rows"][0]["verdict"] == "alike", of)


def formats():
    shown = compare(suite(1), suite(2), "--markdown")
    lines = [line for line in shown.stdout.splitlines() if line.startswith("|")]
    expect("Markdown", len(lines) == 42 and lines[1] == "|---|---:|---:|---:|---:|---:|---|"
           and all(line.count("|") == 8 for line in lines), shown.stdout)
    evil = run_of([benchmark("a\x1b[2J|b", draws(1))])
    expect("no name steers a terminal", "\x1b" not in compare(evil, evil).stdout)


def refusals():
    good, whole = suite(1), json.dumps(suite(1))
    times = copy_with(good, round_time=[1.0] * 19)
    for before, after, options, status, message in (
            (good, suite(2, cpu="CPU B"), (), 1, "cpu of the old run is \"CPU A\", of the new one \"CPU B\""),
            (good, suite(2, cpu_id="V 26/1/1"), (), 1, "cpu_id"),
            (good, suite(2, caches_are="cold"), (), 1, "caches_are"),
            (good, suite(2, library_build_type="debug"), (), 1, "library_build_type"),
            (good, whole[:1000], (), 1, "new.json: line "),
            ("[]", good, (), 1, "old.json: \"context\""),
            (good, run_of([]), (), 1, "\"benchmarks\""),
            (good, times, (), 1, "\"round_quiet\": expected as many values"),
            (good, copy_with(good, round_time=[-1.0] * 20), (), 1, "\"round_time\": expected times above 0"),
            (good, copy_with(good, time_unit="h"), (), 1, "expected ns, us, ms or s"),
            (good, copy_with(good, kind=""), (), 1, "\"kind\""),
            (good, run_of([benchmark(name, draws(1)) for name in "xyx"]), (), 1, "a name that isn't taken"),
            (good, run_of([benchmark("other", draws(1))]), (), 1, "no benchmark with rounds in common"),
            (good, good, ("--filter=(",), 1, "no extended regular expression"),
            (good, good, ("--filter=nothing",), 1, "that the filter lets pass"),
            (good, good, ("--threshold=two",), 2, "expected a percentage"),
            (good, good, ("--threshold=-1",), 2, "expected a percentage"),
            (good, good, ("--alpha=0",), 2, "--alpha"),
            (good, good, ("--json", "--markdown"), 2, "exclude each other"),
            (good, good, ("third.json",), 2, "third one")):
        done = compare(before, after, *options)
        expect(f"{options} {message}", done.returncode == status and message in done.stderr and not done.stdout, done)
    alone = subprocess.run([cardinal, "compare", "/no/such.json"], capture_output=True, text=True)
    expect("one file", alone.returncode == 2 and "two files" in alone.stderr, alone)
    across = compare(good, suite(2, cpu="CPU B"), "--across")
    expect("--across", across.returncode == 0 and "CPU B" in across.stdout, across)


def copy_with(run, **members):
    benchmarks = [dict(one) for one in run["benchmarks"]]
    benchmarks[5].update(members)
    return {**run, "benchmarks": benchmarks}


def google_benchmark():
    if not os.path.exists(GBENCH):
        print(f"no {GBENCH} here: not tried")
        return
    with tempfile.TemporaryDirectory() as folder:
        for name, run in (("old.json", suite(1)), ("new.json", suite(2, slower=(7,)))):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                json.dump(run, file)
        done = subprocess.run(["/usr/bin/python3", GBENCH, "--no-color", "benchmarks", "old.json", "new.json"],
                              cwd=folder, capture_output=True, text=True, timeout=300)
        line = re.search(re.escape(NAMES[7]) + r" +\+(0\.\d+)", done.stdout)
        expect("its compare.py", done.returncode == 0 and line and 0.02 < float(line.group(1)) < 0.04, done)


for test in (planted_slow_down, no_false_alarm, doubt, repetitions, what_is_left_out, of_peak, formats, refusals,
             google_benchmark):
    test()
print("failed" if failures else "passed")
sys.exit(failures != 0)
