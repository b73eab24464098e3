#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""`cardinal verify` from outside: exit statuses, JSON, messages, and that a failure's line reproduces it.

usage: verify.py CARDINAL WRONG_KERNELS.so EXAMPLE.so
"""
import json
import shlex
import subprocess
import sys
import tempfile

cardinal, wrong, example = sys.argv[1:]
failures = 0


def run(*arguments):
    return subprocess.run([cardinal, "verify", *arguments], capture_output=True, text=True, timeout=900)


def expect(what, condition, shown=""):
    global failures
    if not condition:
        failures += 1
        print(f"FAIL {what}: {shown}")


def expect_error(what, arguments, status, message):
    done = run(*arguments)
    expect(what, done.returncode == status and message in done.stderr and not done.stdout,
           f"status {done.returncode}, {done.stderr!r}")


def own_kernels():
    done = run("--cases", "3", "--calls", "7", "--json")
    told = json.loads(done.stdout)
    expect("the library's kernels", done.returncode == 0 and told["right"] and told["failures"] == 0, done.stdout)
    names = [kernel["name"] for kernel in told["kernels"]]
    tried = [kernel for kernel in told["kernels"] if kernel["trials"]]
    expect("portable kernels are tried", sum("generic" in kernel["name"] for kernel in tried) >= 10, names)
    expect("same bits", all(kernel["same_bits"] for kernel in tried), told)
    expect("trials add up", told["trials"] == sum(kernel["trials"] for kernel in tried) > 3 * len(tried) // 2, told)
    expect("calls beside the trials", told["calls"] == sum(kernel["calls"] for kernel in tried) == 7 * len(tried)
           and told["failed_calls"] == 0 and all(kernel["told_calls"] == [] for kernel in tried), told)
    only = json.loads(run("--isa", "generic", "--kernel-name", "pool_f32", "--cases", "2", "--calls", "2",
                          "--json").stdout)
    expect("--isa and --kernel-name", [kernel["name"] for kernel in only["kernels"]]
           == ["maxpool_f32_generic", "avgpool_f32_generic"], only)
    arguments = ("--kernel-name", "gconv3x3_f32_w4_generic", "--cases", "5", "--calls", "0", "-v")
    seeds = [run(*arguments, "--seed", seed).stdout for seed in ("7", "7", "8")]
    lines = [[line for line in text.splitlines() if line.startswith("pass")] for text in seeds]
    expect("a seed repeats", len(lines[0]) == 5 and lines[0] == lines[1] and lines[0] != lines[2], lines)


def calls():
    arguments = ("--kernel-name", "gconv3x3_f32_w4_generic", "--cases", "1", "--calls", "4")
    told = json.loads(run(*arguments, "-v", "--json").stdout)["kernels"][0]
    expect("four calls", told["calls"] == len(told["told_calls"]) == 4 and told["trials"] == 1, told)
    first = told["told_calls"][-1]
    done = subprocess.run([cardinal, *shlex.split(first["reproduce"])[1:]], capture_output=True, text=True)
    expect("one call", done.returncode == 0 and f"call {first['call']}, {first['arguments']}\n" in done.stdout
           and "0 trials, 0 failures; 1 calls" in done.stdout, done.stdout)
    done = run("--kernel-name", "gconv3x3_f32_w4_generic", "--call", "999999")
    expect("no such call", done.returncode == 1 and "nothing is proven" in done.stderr, done.stderr)


def given_problems():
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as batch:
        batch.write("# two layers\nconv g32 ic128 oc128 ih4 iw9 k3 p1 bias relu\n\n"
                    "  maxpool c20 i9 k3 s2 p1 # the stem's\n")
        batch.flush()
        told = json.loads(run("--batch", batch.name, "--isa", "generic", "--cases", "2", "--json", "-v").stdout)
        trials = {kernel["name"]: kernel["trials"] for kernel in told["kernels"]}
        expect("--batch", told["right"] and trials["gconv3x3_f32_w4_generic"] == 2
               and trials["maxpool_f32_generic"] == 2
               and trials["avgpool_f32_generic"] == 0, trials)
        batch.write("conv ic3\n")
        batch.flush()
        expect_error("a line's error", ["--batch", batch.name], 2, "line 5")
    for number_format in "f32", "bf16", "int8":
        arguments = ("--case", "conv ic20 oc9 i5 k3 p1 relu " + number_format, "--isa", "generic", "--cases", "2")
        told = json.loads(run(*arguments, "--kernel-name", "conv_", "--json").stdout)
        tried = {kernel["name"] for kernel in told["kernels"] if kernel["trials"]}
        expect(f"kernels of {number_format} alone", told["right"] and tried == {f"conv_{number_format}_generic"}, tried)
    done = run("--case", "avgpool c3 i4", "--kernel-name", "maxpool")
    expect("nothing ran", done.returncode == 1 and "nothing is proven" in done.stderr, done.stderr)


def plugins():
    done = run("--kernel", example, "--cases", "12", "--json")
    told = json.loads(done.stdout)
    expect("the example", done.returncode == 0 and told["kernels"][0]["promise"] == "bounded", done.stdout)
    expect("the bound is measured", 0 < told["kernels"][0]["worst_share_of_bound"] <= 1, told)

    arguments = ("--kernel", wrong, "--kernel-name", "other_order", "--case", "conv g2 ic40 oc6 i7 k3 p1 n2 bias")
    done = run(*arguments)
    expect("a wrong kernel", done.returncode == 1 and "FAIL other_order: wrong value" in done.stdout, done.stdout)
    told = json.loads(run(*arguments, "--json").stdout)
    first = next(kernel for kernel in told["kernels"] if kernel["name"] == "other_order")["told_trials"][0]
    expect("what was wrong", first["violations"] == ["wrong value"] and "another order" in first["what"], first)
    again = subprocess.run([cardinal, *shlex.split(first["reproduce"])[1:], "--json"], capture_output=True, text=True)
    repeated = next(kernel for kernel in json.loads(again.stdout)["kernels"] if kernel["name"] == "other_order")
    expect("the line reproduces it", again.returncode == 1 and repeated["told_trials"][0]["what"] == first["what"],
           repeated)


def precisions():
    for precision in ("bf16", "int8,f32"):
        done = subprocess.run([cardinal, "verify", "--precision", precision, "--kernel-name", "maxpool", "--cases", "2",
                               "--calls", "1", "--json"], capture_output=True, text=True)
        told = {kernel["name"].split("_")[1] for kernel in json.loads(done.stdout)["kernels"]}
        expect(f"kernels of {precision}", done.returncode == 0 and told == set(precision.split(",")), told)


def bad_usage():
    expect_error("no descriptor", ["--case", "convolution"], 2, "'convolution' is no operator")
    expect_error("no number", ["--cases", "0"], 2, "--cases: expected a whole number from 1")
    expect_error("calls of a plug-in", ["--kernel", example, "--calls", "9"], 2, "--calls is for the library's")
    expect_error("a call of a case", ["--case", "avgpool c3 i4", "--call", "9"], 2, "--call is for the library's")
    expect_error("--call and --calls", ["--call", "1", "--calls", "9"], 2, "--call makes one call")
    expect_error("no ISA", ["--isa", "avx1024"], 2, "avx1024")
    expect_error("no such kernel", ["--kernel-name", "nothing_like_it"], 1, "nothing_like_it")
    expect_error("no such file", ["--batch", "/no/such/file"], 1, "No such file")
    expect_error("no such plug-in", ["--kernel", "/no/such.so"], 1, "can't be loaded")
    expect_error("no precision", ["--precision", "f64"], 2, "expected f32, bf16 or int8")
    expect_error("a precision and nothing", ["--precision", "bf16,"], 2, "expected f32, bf16 or int8")
    expect_error("a case that --precision leaves out", ["--precision", "bf16,int8", "--case", "conv ic16 oc16 i4"], 2,
                 "leaves out f32, which 'conv ic16 oc16 i4' is in")
    expect_error("no kernel of that precision", ["--precision", "int8", "--kernel-name", "f32"], 1, "--precision")
    expect_error("--isa with --kernel", ["--kernel", example, "--isa", "avx2"], 2, "--isa is for")
    expect_error("an argument", ["photo.jpg"], 2, '"photo.jpg" is one argument too many')


own_kernels()
calls()
given_problems()
plugins()
precisions()
bad_usage()
print("failed" if failures else "passed")
sys.exit(failures != 0)
