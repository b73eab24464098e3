#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""`cardinal fleet-report` on made-up fleets.

usage: fleet.py CARDINAL
"""
import copy
import json
import os
import subprocess
import sys
import tempfile

cardinal = sys.argv[1]
failures = 0


def expect(what, condition, shown=""):
    global failures
    if not condition:
        failures += 1
        print(f"FAIL {what}: {shown}")


def node(name, rates, brand="CPU A", **members):
    """A screen's report: one core for each rate, in GFLOP/s with AVX-512; with AVX2 it is half of that."""
    cores = [{"cpu": cpu, "core": cpu, "package": 0, "microcode": None, "verdict": "right", "problem": None,
              "results": 1000, "wrong_results": 0, "passes": 2, "seconds": 60.0, "cpu_share": 1.0,
              "temperature_c": None, "clock_mhz": 3000.0, "gflops": {"avx2": rate / 2, "avx512": rate},
              "of_siblings": None, "first_wrong": None} for cpu, rate in enumerate(rates)]
    return {"schema": "cardinal-screen-1", "version": "0.1.0", "node": name,
            "cpu": {"vendor": "V", "brand": brand, "family": 25, "model": 17, "stepping": 1},
            "start": "2026-11-24T00:00:00Z", "seconds": 60.0, "mode": "in turn", "isas": ["avx2", "avx512"],
            "work": None, "slow_percent": 20.0, "verdict": "right", "suspect_build": False, "ended_early": None,
            "cores": cores, **members}


FLEET = [node(f"n{i}", [100 + i / 2, 101 - i / 3]) for i in range(8)]


class Folder:
    """The reports as files in a folder of their own."""

    def __init__(self, reports):
        self.reports = reports

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="cardinal-fleet-")
        paths = []
        for number, report in enumerate(self.reports):
            paths.append(os.path.join(self.folder.name, f"{number}.json"))
            with open(paths[-1], "w", encoding="utf-8") as file:
                file.write(report if isinstance(report, str) else json.dumps(report))
        return paths

    def __exit__(self, *_):
        self.folder.cleanup()


def run(reports, *arguments):
    with Folder(reports) as paths:
        return subprocess.run([cardinal, "fleet-report", *arguments, *paths], capture_output=True, text=True)


def judged(what, reports, status, *arguments):
    done = run(reports, "--json", *arguments)
    expect(f"{what}: status", done.returncode == status, f"{done.returncode}, {done.stderr}")
    told = json.loads(done.stdout)
    expect(f"{what}: schema", told["schema"] == "cardinal-fleet-1", told)
    return told, [(finding["finding"], finding["node"], finding["cpu"]) for finding in told["findings"]]


def nothing_found():
    told, found = judged("a fleet", FLEET, 0)
    expect("no finding", found == [] and len(told["groups"]) == 1 and told["groups"][0]["compared"]
           and [n["node"] for n in told["groups"][0]["nodes"]] != [] , told)
    equal = [node(f"n{i}", [100.0, 100.0]) for i in range(5)]
    told, found = judged("equal nodes", equal, 0)
    expect("MAD of 0", found == [] and all(n["drop_percent"] == 0 and n["z"] is None
                                           for n in told["groups"][0]["nodes"]), told)
    formats = [node(f"b{i}", [200.0, 200.0], precisions=["bf16", "int8"]) for i in range(3)]
    told, found = judged("other formats are another group", FLEET + formats, 0)
    expect("formats apart", found == [] and len(told["groups"]) == 2
           and any("in turn, bf16 and int8" in json.dumps(group) for group in told["groups"]), told["groups"])
    told, found = judged("one node", [node("alone", [100.0])], 0)
    expect("one node", found == [] and not told["groups"][0]["compared"], told)
    told, found = judged("two nodes", [node("a", [100.0]), node("b", [50.0])], 0)
    expect("two nodes: neither is the outlier", found == [], told)
    text = run([node("alone", [100.0])]).stdout
    expect("in words", "1 node, 1 core; too few to compare\n" in text and text.endswith("1 node, 0 findings\n"),
           text)


def slow_node():
    told, found = judged("a slow node", FLEET + [node("snail", [80.0, 81.0])], 4)
    expect("found, and its cores aren't told again", found == [("slow node", "snail", None)], found)
    first = told["findings"][0]
    expect("by how much", 18 < first["drop_percent"] < 22 and first["z"] < -3.5, first)
    _, found = judged("less than --drop", FLEET + [node("snail", [80.0, 81.0])], 0, "--drop", "30")
    expect("--drop", found == [], found)
    _, found = judged("less than --z", FLEET + [node("snail", [80.0, 81.0])], 0, "--z", "1000")
    expect("--z", found == [], found)
    equal = [node(f"n{i}", [100.0, 100.0]) for i in range(5)] + [node("snail", [70.0, 70.0])]
    told, found = judged("slow among equals", equal, 4)
    expect("MAD of 0", found == [("slow node", "snail", None)] and told["findings"][0]["z"] is None
           and abs(told["findings"][0]["drop_percent"] - 30) < 1e-9, told)


def slow_core():
    limping = node("limping", [100.0, 60.0])
    told, found = judged("a slow core", FLEET + [limping, node("x", [100.0, 100.5])], 4)
    expect("among all cores", ("slow core", "limping", 1) in found and len(found) == 1, found)
    for reports in ([node("alone", [100.0, 100.0, 60.0])], [node("a", [100.0, 100.0]), node("limping", [100.0, 60.0])]):
        told, found = judged("cores of too few nodes", reports, 4)
        group = told["groups"][0]
        expect("are compared all the same", len(found) == 1 and found[0][0] == "slow core"
               and not group["compared"] and group["cores_compared"], told)
        text = run(reports).stdout
        expect("and that is said", "; too few nodes to compare, so only cores are\n" in text
               and "slow, 40.0 % below the median of all cores" in text, text)
    told, found = judged("two cores", [node("alone", [100.0, 60.0])], 0, "--z", "0.1")
    expect("neither is the outlier", found == [] and not told["groups"][0]["cores_compared"], told)
    siblings = node("siblings", [100.0])
    siblings["cores"][0]["verdict"] = "slow"
    _, found = judged("its screen's verdict", [siblings], 4)
    expect("slow beside its siblings", found == [("slow core", "siblings", 0)], found)


def wrong_core():
    bad = node("bad", [100.0, 100.0])
    bad["cores"][1].update(verdict="wrong", wrong_results=3, first_wrong={
        "result": 7, "work": "3x3 width 4, 56x56", "what": "conv", "layer": None, "data": "wide", "isa": "avx512",
        "kernel": "k", "where": "image 0, channel 1, row 2, column 3", "found": "0x1", "right": "0x2"})
    crashed = node("crashed", [100.0])
    crashed["cores"][0].update(verdict="wrong", problem="crashed (Illegal instruction) in stem")
    idle = node("idle", [100.0])
    idle["cores"][0].update(verdict="failed", problem="can't be bound to CPU 0", gflops={"avx2": None, "avx512": None},
                            results=0)
    reports = [node("snail", [50.0, 50.0])] + FLEET + [idle, bad, crashed]
    _, found = judged("everything at once", reports, 3)
    kinds = [kind for kind, _, _ in found]
    expect("wrong ones first", kinds == ["wrong core", "wrong core", "failed core", "slow node"]
           and ("wrong core", "bad", 1) in found and ("wrong core", "crashed", 0) in found, found)
    text = run(reports).stdout
    lines = [line.split()[0] for line in text.splitlines() if line.endswith(("wrong", "failed", "slow", "-"))]
    expect("in the table, too", set(lines[:2]) == {"bad", "crashed"} and lines[2:4] == ["idle", "snail"], text)
    expect("with its bits", "CPU 1: 3 of 1000 results wrong, first 3x3 width 4, 56x56, wide data, avx512, image 0, "
           "channel 1, row 2, column 3: 0x1 instead of 0x2" in text, text)
    expect("how many", text.endswith("12 nodes, 4 findings\n"), text)


def groups():
    others = [node(f"m{i}", [40.0 + i / 10, 40.0], brand="CPU B") for i in range(4)]
    told, found = judged("two models", FLEET + others, 0)
    expect("apart", found == [] and [len(group["nodes"]) for group in told["groups"]] == [8, 4], told)
    together = [node(f"t{i}", [60.0, 60.0], mode="together") for i in range(4)]
    told, found = judged("two modes", FLEET + together, 0)
    expect("modes apart", found == [] and len(told["groups"]) == 2, told)


def refused():
    def expect_error(what, report, message, others=()):
        done = run([*others, report])
        expect(what, done.returncode == 1 and f"{len(others)}.json: " in done.stderr and message in done.stderr
               and not done.stdout, f"{done.returncode}, {done.stderr!r}, {done.stdout!r}")

    def changed(**members):
        return {**node("n", [100.0]), **members}

    def core(**members):
        report = copy.deepcopy(FLEET[0])
        report["cores"][1].update(members)
        return report

    expect_error("cut short", json.dumps(FLEET[0])[:100], "line 1, column")
    expect_error("empty", "", "line 1, column 0")
    expect_error("other JSON", {"cpu": 1}, 'no "schema"')
    expect_error("a list", [1, 2], 'no "schema"')
    expect_error("another schema", changed(schema="cardinal-fleet-1"), "isn't cardinal-screen-1 but cardinal-fleet-1")
    expect_error("no cores", changed(cores=[]), "has no cores")
    expect_error("no node", {key: value for key, value in FLEET[0].items() if key != "node"}, "node")
    expect_error("a negative rate", core(gflops={"avx2": -1.0}), "gflops must be numbers above 0")
    expect_error("a rate in words", core(gflops={"avx2": "fast"}), "gflops must be numbers above 0")
    expect_error("more wrong than all", core(wrong_results=1001), "out of range")
    expect_error("an unknown verdict", core(verdict="fine"), "no verdict is called fine")
    expect_error("no results", core(results=None), "cores: Expected integer, got null")
    expect_error("a node twice", FLEET[3], "node n3 was told already, by", others=FLEET)
    done = subprocess.run([cardinal, "fleet-report", "/no/such.json"], capture_output=True, text=True)
    expect("no file", done.returncode == 1 and "/no/such.json: " in done.stderr and "No such file" in done.stderr,
           done.stderr)
    done = subprocess.run([cardinal, "fleet-report"], capture_output=True, text=True)
    expect("no argument", done.returncode == 2 and "no file was named" in done.stderr, done.stderr)


def real_one():
    screen = subprocess.run([cardinal, "screen", "--minutes", "0.001", "--work", "average pool", "--json",
                             "--slow", "99", "--node", "real"], capture_output=True, text=True, check=True)
    told, found = judged("a real screen", [screen.stdout], 0)
    expect("is read", found == [] and told["groups"][0]["nodes"][0]["node"] == "real", told)


for test in (nothing_found, slow_node, slow_core, wrong_core, groups, refused, real_one):
    test()
print("failed" if failures else "passed")
sys.exit(failures != 0)
