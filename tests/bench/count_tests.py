#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""script/count_tests.py counts what ran and never calls a run without tests a success.

usage: count_tests.py PATH-OF-script/count_tests.py
"""
import os
import subprocess
import sys
import tempfile


def case(status, output=""):
    inner = f"<{ {'fail': 'failure', 'notrun': 'failure', 'disabled': 'skipped'}[status]} message=''/>" \
        if status != "run" else ""
    return f'<testcase name="t" status="{status}">{inner}<system-out>{output}</system-out></testcase>'


def summary(tested, passing, failing, crashing):
    return f"[====] Synthesis: Tested: {tested} | Passing: {passing} | Failing: {failing} | Crashing: {crashing} "


def count(*cases):
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "report.xml")
        with open(report, "w", encoding="utf-8") as file:
            file.write("<testsuite>" + "".join(cases) + "</testsuite>")
        run = subprocess.run([sys.executable, sys.argv[1], report], stdout=subprocess.PIPE, text=True, check=False)
    return run.stdout.splitlines()[-1], run.returncode


EXPECTED = [
    ([case("run", summary(7, 7, 0, 0)), case("run")], "8 passed, 0 failed", 0),
    ([case("fail", summary(7, 4, 2, 1)), case("run")], "5 passed, 3 failed", 1),
    # stopped by a sanitizer at exit, after all cases passed
    ([case("fail", summary(7, 7, 0, 0))], "7 passed, 1 failed", 1),
    ([case("fail", "Segmentation fault"), case("run")], "1 passed, 1 failed", 1),
    ([case("notrun"), case("run")], "1 passed, 1 failed", 1),
    ([case("disabled"), case("run")], "1 passed, 0 failed", 0),
    ([case("disabled")], "0 passed, 0 failed", 1),
    ([], "0 passed, 0 failed", 1),
]
for cases, line, status in EXPECTED:
    assert count(*cases) == (line, status), (cases, count(*cases))

missing = subprocess.run([sys.executable, sys.argv[1], "/nonexistent/report.xml"], stdout=subprocess.PIPE, text=True,
                         check=False)
assert missing.stdout.splitlines()[-1] == "0 passed, 1 failed" and missing.returncode == 1
