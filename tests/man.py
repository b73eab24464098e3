#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks the manual pages: their markup, and that they tell of the options and commands that the programs' --help does.

usage: man.py FOLDER CARDINAL CARDINAL_BENCH LIST...

FOLDER  has the pages
LIST    the exported functions: what cardinal(3) names must be in one of them
"""
import os
import re
import shutil
import subprocess
import sys


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def compare(page, wanted, told, what):
    for item in sorted(wanted - told):
        yield f"{page}: {what} {item} is missing, which the help text has"
    for item in sorted(told - wanted):
        yield f"{page}: {what} {item} isn't in the help text"


def faults_of(folder, cardinal, bench, lists):
    pages = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            pages[name] = file.read()

    help_of = {"cardinal.1": run(cardinal, "--help"), "cardinal_bench.1": run(bench, "--help")}
    commands = set(re.findall(r"^  ([a-z][\w-]*)  +[a-z]", help_of["cardinal.1"], re.M))
    for command in commands - {"help"}:
        help_of[f"cardinal-{command}.1"] = run(cardinal, command, "--help")
    yield from compare("cardinal.1", commands,
                       set(re.findall(r"^\.It Cm ([\w-]+)$", pages["cardinal.1"], re.M)), "command")
    yield from compare("pages", set(help_of), {name for name in pages if name.endswith(".1")}, "page")

    for name, text in help_of.items():
        if name in pages:
            told = {f"--{option}" for option in re.findall(r"\bFl -([a-z][\w-]*)", pages[name])}
            yield from compare(name, set(re.findall(r"(?<!\S)--[a-z][\w-]*", text)), told, "option")

    def variables(text):
        return set(re.findall(r"\bCARDINAL_[A-Z_]+\b", text)) - {"CARDINAL_CONTEXT_IGNORE_ENVIRONMENT"}

    wanted = variables(help_of["cardinal.1"])
    for name in ("cardinal.1", "cardinal.3", "cardinal-classify.1", "cardinal-info.1", "cardinal-quantize.1",
                 "cardinal-tune.1", "cardinal-verify.1"):
        told = pages[name].partition(".Sh ENVIRONMENT")[2].partition("\n.Sh ")[0]
        yield from compare(name, wanted, variables(told), "variable")

    exported = set()
    for path in lists:
        with open(path, encoding="utf-8") as file:
            exported |= {line.strip() for line in file if not line.startswith("#")}
    for function in re.findall(r"\bFn (\w+)", pages["cardinal.3"]):
        if function not in exported:
            yield f"cardinal.3: {function} is no function of the libraries"

    if shutil.which("mandoc"):
        for name in pages:
            lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", os.path.join(folder, name)],
                                  capture_output=True, text=True, check=False)
            yield from lint.stdout.splitlines()
    else:
        print("no mandoc here: the markup isn't checked")


def main():
    folder, cardinal, bench, *lists = sys.argv[1:]
    faults = list(faults_of(folder, cardinal, bench, lists))
    if faults:
        sys.exit("\n".join(faults) + "\nThe pages are in docs/man; --help and page change in the same commit.")
    print("the manual pages tell what --help does")


main()
