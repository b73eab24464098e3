# SPDX-License-Identifier: BSD-3-Clause
"""Programs that run on an emulated CPU: what was asked for, what they wrote, how they ended, and the verdict."""
import os
import re
import shlex
import sys
import time

COLOURS = re.compile(r"\x1b\[[0-9;]*m")
SYNTHESIS = re.compile(r"Tested: *(\d+) *\| *Passing: *(\d+) *\| *Failing: *(\d+)")


class Failure(Exception):
    """Something that ends the run, said in a sentence."""


class Run:
    """One command line on the emulated CPU, and what became of it."""

    def __init__(self, command, kind):
        words = shlex.split(command)
        self.is_test = kind == "--test"
        self.is_shown = kind != "--record"
        self.program = os.path.abspath(words[0])
        self.arguments = words[1:]
        self.name = os.path.basename(self.program)
        self.lines = []
        self.status = None
        if self.is_test:
            self.arguments += ["--verbose=1"]
        if not os.access(self.program, os.X_OK):
            raise Failure(f"{self.program} is not an executable program")

    def shown(self):
        return " ".join([self.name] + self.arguments)

    def log_name(self):
        """The program's name and its arguments that are words, such as cardinal-info.log."""
        words = [word for word in self.arguments if re.fullmatch(r"\w[\w.]*", word)]
        return "-".join([self.name] + words) + ".log"


class Screen:
    """Shows lines with the seconds since the start, and signs of life while there is nothing to show: a dot every two
    seconds, or where several screens share the terminal, a line every ten."""

    def __init__(self, prefix):
        self.prefix = prefix
        self.start = self.last_shown = time.monotonic()
        self.dots = False

    def seconds(self):
        return time.monotonic() - self.start

    def show(self, line):
        if self.dots:
            sys.stdout.write("\n")
            self.dots = False
        sys.stdout.write(f"{self.prefix}{self.seconds():4.0f} s  {line}\n")
        sys.stdout.flush()
        self.last_shown = time.monotonic()

    def heartbeat(self):
        idle = time.monotonic() - self.last_shown
        if self.prefix and idle >= 10:
            self.show("still running")
        elif not self.prefix and idle >= 2:
            sys.stdout.write("." if self.dots else "still running .")
            sys.stdout.flush()
            self.dots = True
            self.last_shown = time.monotonic()


def judge(runs, illegal):
    """A list of complaints, and the numbers of tests that passed and failed. `illegal` names illegal instructions that
    were seen otherwise than by a program's status."""
    complaints = [f"illegal instruction: {line}" for line in illegal]
    passed = failed = 0
    for run in runs:
        if run.status is None:
            complaints.append(f"{run.shown()} didn't run to its end")
        elif run.status in (132, -4):
            complaints.append(f"{run.shown()} died of an illegal instruction")
        elif run.status != 0:
            complaints.append(f"{run.shown()} ended with status {run.status}")
        if not run.is_test:
            continue
        synthesis = SYNTHESIS.findall("\n".join(run.lines))
        if len(synthesis) != 1 or int(synthesis[0][0]) == 0:
            complaints.append(f"{run.shown()} ran no test")
            continue
        passed += int(synthesis[0][1])
        failed += int(synthesis[0][2])
    if failed and not complaints:
        complaints.append(f"{failed} tests failed")
    return complaints, passed, failed
