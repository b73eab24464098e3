#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Counts the test cases in a JUnit report of ctest and prints "N passed, N failed"; fails unless all passed and some
ran.

usage: count_tests.py REPORT

A Criterion program is one entry of ctest with many cases, of which its summary line tells; any other entry is one case.
An entry that failed counts at least one failure, whatever its summary says: a sanitizer may have stopped it.
"""
import re
import sys
import xml.etree.ElementTree

SUMMARY = re.compile(r"Tested: *(\d+) *\| *Passing: *(\d+) *\| *Failing: *(\d+) *\| *Crashing: *(\d+)")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def count(report):
    """The numbers of cases passed, failed and skipped."""
    passed = failed = skipped = 0
    for entry in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
        status = entry.get("status")
        output = COLOURS.sub("", entry.findtext("system-out") or "")
        if status in ("disabled", "notrun") and entry.find("skipped") is not None:
            skipped += 1
            continue
        summaries = SUMMARY.findall(output)
        if summaries:
            passing = sum(int(numbers[1]) for numbers in summaries)
            failing = sum(int(numbers[2]) + int(numbers[3]) for numbers in summaries)
        else:
            passing, failing = int(status == "run"), 0
        if status != "run" and failing == 0:
            failing = 1
        passed += passing
        failed += failing
    return passed, failed, skipped


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        passed, failed, skipped = count(sys.argv[1])
    except (OSError, xml.etree.ElementTree.ParseError) as error:
        print(f"{sys.argv[1]}: no report of the tests: {error}")
        passed, failed, skipped = 0, 1, 0
    if passed + failed == 0:
        print("no test ran")
    if skipped:
        print(f"{skipped} skipped")
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(failed > 0 or passed == 0)


main()
