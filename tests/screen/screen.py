#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""`cardinal screen` from outside: right cores, planted faults, interruptions, bad usage.

usage: screen.py CARDINAL PLANTED, the latter linked with planted.c
"""
import json
import os
import signal
import subprocess
import sys
import time

cardinal, planted = sys.argv[1:]
failures = 0
CPUS = sorted(os.sched_getaffinity(0))
CLEAN = {name: value for name, value in os.environ.items()
         if not name.startswith(("CARDINAL_", "SLURM", "PLANTED_"))}
SHORT = ("--minutes", "0.001")
F32 = (*SHORT, "--precision", "f32")
WIDTH_4 = "3x3 width 4, 56x56"


def run(*arguments, program=cardinal, **environment):
    return subprocess.run([program, "screen", *arguments], capture_output=True, text=True, timeout=900,
                          env={**CLEAN, **environment})


def expect(what, condition, shown=""):
    global failures
    if not condition:
        failures += 1
        print(f"FAIL {what}: {shown}")


def screened(*arguments, program=planted, status=0, **environment):
    done = run(*arguments, "--json", program=program, **environment)
    expect(f"status of {arguments} {environment}", done.returncode == status, f"{done.returncode}, {done.stderr}")
    return json.loads(done.stdout)


def core_of(told, cpu):
    return next(core for core in told["cores"] if core["cpu"] == cpu)


def all_right():
    # A busy machine may make a core look slow: that isn't what this is about.
    told = screened(*SHORT, "--slow", "99", "--node", "here", program=cardinal)
    expect("schema", told["schema"] == "cardinal-screen-1" and told["node"] == "here", told)
    expect("verdict", told["verdict"] == "right" and told["ended_early"] is None
           and told["precisions"] == ["f32", "bf16", "int8"], told)
    for core in told["cores"]:
        expect("a core", core["verdict"] == "right" and core["wrong_results"] == 0 and core["passes"] == 1
               and core["results"] >= 2 * ((15 + 2 * 11) * 4 + 4) and core["first_wrong"] is None, core)
        expect("rates", set(core["gflops"]) == set(told["isas"]) and all(rate > 0 for rate in core["gflops"].values()),
               core)
        expect("siblings", (core["of_siblings"] is None) == (len(told["cores"]) == 1), core)
    together = screened(*SHORT, "--together", "--slow", "99", "--work", "pool", program=cardinal)
    expect("together", together["mode"] == "together" and together["work"] == "pool"
           and [core["cpu"] for core in together["cores"]] == [core["cpu"] for core in told["cores"]], together)
    text = run(*SHORT, "--work", "average pool", "--slow", "99").stdout
    expect("text", text.startswith("  CPU  core microcode") and text.endswith("right\n"), text)


def one_core():
    told = screened(*SHORT, "--cores", str(CPUS[0]), "--isa", "generic", "--work", "fully", program=cardinal)
    core = told["cores"][0]
    expect("one core", len(told["cores"]) == 1 and core["cpu"] == CPUS[0] and core["of_siblings"] is None
           and list(core["gflops"]) == ["generic"] and core["results"] >= 2 * 4, told)


def flipped_layer(precision="f32"):
    """The third result of a kernel, always from there on: output (row 3, column 5, channel 20) of a blocked tensor."""
    cpu = CPUS[-1]
    size = {"f32": 4, "bf16": 2, "int8": 1}[precision]
    at = size * (((20 // 16 * 56 + 3) * 56 + 5) * 16 + 20 % 16)  # bytes
    high = 8 * size - 2
    work = WIDTH_4 if precision == "f32" else f"{WIDTH_4}, {precision}"
    told = screened(*SHORT, "--precision", precision, "--work", WIDTH_4, status=3, PLANTED_CPU=str(cpu),
                    PLANTED_KERNEL=f"gconv3x3_{precision}_w4", PLANTED_NTH="3", PLANTED_ALWAYS="1",
                    PLANTED_FLIP=f"{at // 4}:{at % 4 * 8 + high}")
    expect("precisions", told["precisions"] == [precision], told)
    core = core_of(told, cpu)
    wrong = core["first_wrong"]
    expect("wrong core", told["verdict"] == core["verdict"] == "wrong" and core["wrong_results"] == core["results"] - 2,
           core)
    expect("which result", wrong["result"] == 3 and wrong["work"] == work and wrong["layer"] is None
           and wrong["kernel"].startswith(f"gconv3x3_{precision}_w4") and wrong["precision"] == precision, wrong)
    expect("which output", wrong["output"] == (20 * 56 + 3) * 56 + 5 and wrong["wrong_outputs"] == 1
           and wrong["outputs"] == 128 * 56 * 56 and wrong["where"] == "image 0, channel 20, row 3, column 5", wrong)
    expect("which bits", int(wrong["found"], 16) ^ int(wrong["right"], 16) == 1 << high
           and len(wrong["found"]) == len(wrong["right"]) == 2 + 2 * size, wrong)
    expect("recomputed", wrong["recomputed_agrees"] and not wrong["checksum_alone"]
           and (wrong["recomputed_on"] != cpu) == (len(told["cores"]) > 1), wrong)
    expect("tried again there", wrong["repeats"][0]["cpu"] == cpu
           and wrong["repeats"][0]["wrong"] == wrong["repeats"][0]["results"] - 2 > 0, wrong)
    for repeat in wrong["repeats"][1:]:
        expect("tried again elsewhere", repeat["cpu"] != cpu and repeat["wrong"] == 0 < repeat["results"], repeat)
    for other in told["cores"]:
        expect("other cores", other["cpu"] == cpu or other["wrong_results"] == 0, other)
    expect("reproduce", f"--cores {cpu} --isa {wrong['isa']} --precision {precision} --work '{work}'"
           in wrong["reproduce"], wrong)


def flipped_in_other_formats():
    flipped_layer("bf16")
    flipped_layer("int8")


def flipped_once():
    """A fault that doesn't come again: a single sign bit in one late result."""
    cpu = CPUS[0]
    told = screened(*F32, "--work", "1x1 2048", status=3, PLANTED_CPU=str(cpu), PLANTED_NTH="10", PLANTED_FLIP="7:0")
    core = core_of(told, cpu)
    expect("once", core["wrong_results"] == 1 and core["first_wrong"]["result"] == 10
           and core["first_wrong"]["output"] == 7 * 49, core)
    alone = screened(*F32, "--cores", str(cpu), "--work", "1x1 2048", status=3, PLANTED_CPU=str(cpu),
                     PLANTED_NTH="10", PLANTED_FLIP="7:0")["cores"][0]["first_wrong"]
    expect("another CPU looks at it, named or not", (alone["recomputed_on"] != cpu) == (len(CPUS) > 1)
           and len(alone["repeats"]) == min(len(CPUS), 2) and alone["repeats"][-1]["cpu"] in CPUS, alone)
    text = run(*F32, "--work", "1x1 2048", program=planted, PLANTED_CPU=str(cpu), PLANTED_NTH="10",
               PLANTED_FLIP="7:0").stdout
    expect("its text", f"CPU {cpu}: first wrong in result 10: 1x1 2048>1024, 7x7" in text
           and "1 of 50176 outputs are wrong, first output 343 (image 0, channel 7, row 0, column 0)" in text, text)


def flipped_in_a_network():
    """The layers after it are wrong, too; the first one is told."""
    cpu = CPUS[-1]
    told = screened(*F32, "--isa", "generic", "--work", "resnext26", status=3, PLANTED_CPU=str(cpu),
                    PLANTED_KERNEL="maxpool", PLANTED_NTH="2", PLANTED_FLIP="0:31")
    wrong = core_of(told, cpu)["first_wrong"]
    expect("the layer", wrong["layer"] == "maxpool" and wrong["result"] == 2 and wrong["output"] == 0
           and wrong["wrong_outputs"] == 1 and int(wrong["found"], 16) ^ int(wrong["right"], 16) == 1 << 31, wrong)


def flipped_in_networks_of_other_formats():
    """Calibrating the one of int8 runs plans before the network itself does."""
    cpu = CPUS[-1]
    for precision in ("bf16", "int8"):
        told = screened(*SHORT, "--precision", precision, "--isa", "generic", "--work", "resnext26", status=3,
                        PLANTED_CPU=str(cpu), PLANTED_KERNEL=f"maxpool_{precision}", PLANTED_NTH="2",
                        PLANTED_FLIP="0:5")
        wrong = core_of(told, cpu)["first_wrong"]
        expect(f"the layer in {precision}", wrong["layer"] == "maxpool" and wrong["result"] == 2
               and wrong["output"] == 0 and wrong["wrong_outputs"] == 1 and wrong["recomputed_agrees"]
               and int(wrong["found"], 16) ^ int(wrong["right"], 16) == 1 << 5, wrong)


def every_core_alike():
    """All cores wrong in the same way: more likely a bad build."""
    planted_everywhere = {"PLANTED_CPU": "all", "PLANTED_ALWAYS": "1", "PLANTED_FLIP": "5:3"}
    told = screened(*SHORT, "--work", "average pool", status=3, **planted_everywhere)
    several = len(told["cores"]) > 1
    expect("every core", all(core["verdict"] == "wrong" for core in told["cores"]) and told["suspect_build"] == several,
           told)
    text = run(*SHORT, "--work", "average pool", program=planted, **planted_everywhere).stdout
    expect("in words", ("suspect this build" in text) == several, text)
    one = screened(*SHORT, "--work", "average pool", status=3, **{**planted_everywhere, "PLANTED_CPU": str(CPUS[0])})
    expect("one core alone", not one["suspect_build"], one)


def crash_and_hang():
    cpu = CPUS[0]
    told = screened(*F32, "--work", WIDTH_4, status=3, PLANTED_CPU=str(cpu), PLANTED_CRASH="1")
    core = core_of(told, cpu)
    expect("crash", core["verdict"] == "wrong" and "crashed (Illegal instruction) in 3x3 width 4" in core["problem"],
           core)
    expect("others go on", all(other["verdict"] in ("right", "slow") for other in told["cores"] if other != core), told)
    told = screened(*F32, "--work", WIDTH_4, "--timeout", "2", status=3, PLANTED_CPU=str(cpu), PLANTED_HANG="1")
    core = core_of(told, cpu)
    expect("hang", core["verdict"] == "wrong" and "got on no more for 2 s in 3x3 width 4" in core["problem"], core)


def slow_core():
    """By times that are planted, too: what a busy machine measures is nothing to test by."""
    if len(CPUS) < 2:
        return
    for speed, slow, status, verdict in ((0.75, "20", 4, "slow"), (0.85, "20", 0, "right"), (0.75, "50", 0, "right")):
        told = screened(*F32, "--work", "1x1 512", "--slow", slow, status=status, PLANTED_CPU=str(CPUS[1]),
                        PLANTED_SPEED=str(speed))
        core = core_of(told, CPUS[1])
        expect(f"a core at {speed}", told["verdict"] == core["verdict"] == verdict
               and abs(core["of_siblings"] - speed) < 1e-6, told)
        expect("the others", all(other["verdict"] == "right" for other in told["cores"] if other != core), told)


def interrupted():
    program = subprocess.Popen([cardinal, "screen", "--minutes", "10", "--work", "3x3", "--json"], env=CLEAN,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(2)
    program.send_signal(signal.SIGINT)
    out, err = program.communicate(timeout=60)
    told = json.loads(out)
    expect("interrupted", program.returncode == 5 and told["ended_early"] == "Interrupt"
           and told["verdict"] == "right" and told["cores"][0]["results"] > 0, (program.returncode, out, err))
    expect("the rest", all(core["verdict"] == "not run" for core in told["cores"][1:]), told)


def expect_error(what, arguments, status, message):
    done = run(*arguments)
    expect(what, done.returncode == status and message in done.stderr and not done.stdout,
           f"status {done.returncode}, {done.stderr!r}")


def bad_usage():
    expect_error("no number", ["--minutes", "0"], 2, "--minutes: expected a number above 0")
    expect_error("not a number", ["--minutes", "nan"], 2, "--minutes: expected a number above 0")
    expect_error("no list", ["--cores", "1-"], 2, "--cores: expected numbers of CPUs")
    expect_error("no list at all", ["--cores", ""], 2, "--cores: expected numbers of CPUs")
    expect_error("no such CPU", ["--cores", "8000"], 1, "this process may not use CPU 8000")
    expect_error("no such ISA", ["--isa", "sse9"], 2, "unknown instruction set")
    expect_error("no such precision", ["--precision", "f16"], 2, "expected f32, bf16 or int8")
    expect_error("no such work in int8", ["--precision", "int8", "--work", "nothing"], 1, "there is:\n  stem, int8\n")
    expect_error("another's ISA", ["--isa", "neon" if os.uname().machine == "x86_64" else "avx2"], 1, "can't run")
    expect_error("no such work", ["--work", "nothing"], 1, "there is:\n  stem\n")
    expect_error("an argument", ["photo.jpg"], 2, '"photo.jpg" is one argument too many')


for test in (all_right, one_core, flipped_layer, flipped_in_other_formats, flipped_once, flipped_in_a_network,
             flipped_in_networks_of_other_formats, every_core_alike, crash_and_hang, slow_core, interrupted, bad_usage):
    start = time.monotonic()
    test()
    print(f"{test.__name__}: {time.monotonic() - start:.1f} s")
print("failed" if failures else "passed")
sys.exit(failures != 0)
