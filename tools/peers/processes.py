# SPDX-License-Identifier: BSD-3-Clause
"""Peers as processes that wait for requests (worker.py, bench/peer_worker.c, onednn_worker.c)."""

import json
import os
import pathlib
import select
import signal
import subprocess


class Failed(Exception):
    """A process didn't do what it was asked: a sentence for the user."""


class Worker:
    """A process that answers each line with a line of JSON. Starting it waits for its first line."""

    def __init__(self, command, cpus, log, timeout=300, environment=None):
        self.timeout = timeout
        self.log = log
        with open(log, "wb") as errors:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                env=dict(os.environ, **(environment or {})), preexec_fn=lambda: os.sched_setaffinity(0, cpus))
        self.buffer = b""
        try:
            self.about = self.read()
            if not {"version", "settings"} <= self.about.keys():
                raise Failed("its first line doesn't say who it is")
        except Failed:
            self.close()
            raise

    def ask(self, request, member):
        """What the answer has to say of `member`."""
        try:
            self.process.stdin.write(request.encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            raise Failed(self.how_it_ended()) from None
        return self.read(member)

    def read(self, *members):
        """The next line's object, or one member of it."""
        while b"\n" not in self.buffer:
            if not select.select([self.process.stdout], [], [], self.timeout)[0]:
                raise Failed(f"no answer in {self.timeout} seconds")
            more = os.read(self.process.stdout.fileno(), 1 << 20)
            if not more:
                raise Failed(self.how_it_ended())
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or not {"error", *members} & answer.keys() and members:
            raise Failed(f"answered {line[:80]!r}")
        if "error" in answer:
            raise Failed(answer["error"])
        return answer[members[0]] if members else answer

    def how_it_ended(self):
        try:
            status = self.process.wait(10)
        except subprocess.TimeoutExpired:
            return "stopped answering"
        ended = f"ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        # The reason stays in results, which are passed on: without the folders that are the user's own.
        return f"{ended}; see {'/'.join(pathlib.Path(self.log).parts[-3:])}"

    def close(self):
        """Ends it: politely, then not."""
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
