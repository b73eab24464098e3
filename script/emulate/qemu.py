# SPDX-License-Identifier: BSD-3-Clause
"""Runs programs under qemu-user."""
import os
import selectors
import signal
import subprocess

from programs import COLOURS, Failure

# qemu says so for each feature of a CPU model that matters to kernels only (x2apic, tsc-deadline, ...), at each start.
NOISE = "warning: TCG doesn't support requested feature"


def run_all(cpu, runs, screen, timeout, environment):
    """Runs programs one after the other; qemu-user has no kernel that could report illegal instructions, so none."""
    here = os.path.dirname(os.path.abspath(__file__))
    variables = dict(os.environ, **dict(setting.split("=", 1) for setting in environment))
    for run in runs:
        screen.show("guest$ " + run.shown())
        process = subprocess.Popen([here + "/qemu-run", "--cpu", cpu, run.program] + run.arguments,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   env=variables, start_new_session=True)
        try:
            follow(process, run, screen, timeout)
            run.status = process.wait()
        finally:
            if process.poll() is None:
                # The program's own children, too.
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    return []


def follow(process, run, screen, timeout):
    """Takes the program's lines until it closes its output."""
    start = screen.seconds()
    selector = selectors.DefaultSelector()
    selector.register(process.stdout, selectors.EVENT_READ)
    partial = b""
    while True:
        if selector.select(timeout=0.5):
            new = os.read(process.stdout.fileno(), 65536)
            if not new:
                break
            lines = (partial + new).split(b"\n")
            partial = lines.pop()
            for line in lines:
                take(line, run, screen)
        screen.heartbeat()
        if screen.seconds() - start > timeout:
            raise Failure(f"not done after {timeout} s ({run.shown()} was running)")
    if partial:
        take(partial, run, screen)


def take(line, run, screen):
    text = COLOURS.sub("", line.decode("utf-8", "replace")).rstrip("\r")
    if NOISE in text:
        return
    run.lines.append(text)
    if text.strip() and run.is_shown:
        screen.show("  " + text)
