# SPDX-License-Identifier: BSD-3-Clause
"""One configuration (network, format, batch, threads): starts a process for each peer, sees that they agree, and lets
them take turns."""

import array
import dataclasses
import json
import pathlib
import statistics
import sys
import time

import rounds
from processes import Failed, Worker

HERE = pathlib.Path(__file__).resolve().parent
OURS = "cardinal"


@dataclasses.dataclass(frozen=True)
class Kind:
    """What is measured."""
    request: str  # to a worker
    title: str    # behind the network's name
    peers: tuple  # that can do it


KINDS = {
    "network": Kind("run", "", ("openvino", "onnxruntime", "ncnn", "torch")),
    "layers": Kind("layers", ", its grouped layers", ("openvino", "onnxruntime")),
    "alone": Kind("alone", ", its grouped layers alone", ("onednn",)),
}


@dataclasses.dataclass(frozen=True)
class Case:
    model: str
    precision: str
    batch: int
    threads: int
    kind: str = "network"  # one of KINDS

    def __str__(self):
        return (f"{self.model}{KINDS[self.kind].title}, {self.precision}, batch {self.batch}, "
                f"{self.threads} thread{'s' if self.threads > 1 else ''}")


@dataclasses.dataclass
class Result:
    """What came of a case. `turns` holds, by peer and by layer ("" for the network), a Turn for each round."""
    case: Case
    peak: float = 0.0  # GFLOP/s, of f32
    about: dict = dataclasses.field(default_factory=dict)    # by peer: version and settings
    skipped: dict = dataclasses.field(default_factory=dict)  # by peer: why
    agreement: dict = dataclasses.field(default_factory=dict)  # by peer: difference (f32) or cosine (bf16, int8)
    turns: dict = dataclasses.field(default_factory=dict)

    def summaries(self, key):
        """By peer, ours included."""
        ours = self.turns.get(OURS, {}).get(key)
        return {peer: rounds.summarise(turns[key], ours, self.peak) for peer, turns in self.turns.items()
                if turns.get(key)}


@dataclasses.dataclass
class Bench:
    """How to measure, and where everything is."""
    folder: pathlib.Path   # models, images, logs
    build: pathlib.Path    # of Cardinal
    cpus: list             # one on each core; the last one serves single threads
    pythons: dict          # by peer, the Python that has it; None where it has none
    onednn: pathlib.Path   # the program, None if it isn't there
    rounds: int
    seconds: float         # for a case
    turn: float            # seconds
    pause: float           # seconds
    layers: set = dataclasses.field(default_factory=set)  # that are told of: grouped ones

    def cpus_of(self, threads):
        return {self.cpus[-1]} if threads == 1 else set(self.cpus[:threads])


def progress(text, end="\n"):
    print(text, end=end, file=sys.stderr, flush=True)


def command_of(bench, case, peer, layers):
    if peer == OURS:
        return [bench.build / "bench" / "cardinal_peer_worker", "network", case.model, case.precision,
                str(case.batch), str(case.threads), bench.folder / f"images{case.batch}.f32",
                *([bench.folder / f"{case.model}_int8.safetensors"] if case.precision == "int8" else [])]
    if peer == "onednn":
        return [bench.onednn, case.precision, str(case.batch), str(case.threads), *layers]
    job = {"peer": peer, "folder": str(bench.folder), "model": case.model, "precision": case.precision,
           "batch": case.batch, "threads": case.threads, "images": str(bench.folder / f"images{case.batch}.f32"),
           "profile": case.kind == "layers"}
    return [bench.pythons[peer], HERE / "worker.py", json.dumps(job)]


def start(bench, case, peer, layers):
    if peer not in (OURS, "onednn") and not bench.pythons.get(peer) or peer == "onednn" and not bench.onednn:
        raise Failed("not installed")
    return Worker([str(word) for word in command_of(bench, case, peer, layers)], bench.cpus_of(case.threads),
                  bench.folder / f"{peer}.log", environment={"OMP_NUM_THREADS": str(case.threads)})


def start_yardstick(bench, case):
    return Worker([str(bench.build / "bench" / "cardinal_peer_worker"), "yardstick", str(case.threads)],
                  bench.cpus_of(case.threads), bench.folder / "yardstick.log")


def ask_logits(bench, worker, batch, peer):
    """A list of logits for each image."""
    path = bench.folder / f"{peer}.logits"
    worker.ask(f"logits {path}", "logits")
    logits = array.array("f", path.read_bytes())
    if not logits or len(logits) % batch:
        raise Failed(f"it gave {len(logits)} logits for {batch} images")
    classes = len(logits) // batch
    return [list(logits[image * classes:(image + 1) * classes]) for image in range(batch)]


def reference_logits(bench, case):
    """Of our f32 network, which all are compared with."""
    exact = dataclasses.replace(case, precision="f32", kind="network")
    worker = start(bench, exact, OURS, ())
    try:
        return ask_logits(bench, worker, case.batch, OURS)
    finally:
        worker.close()


def open_peers(bench, case, peers, layers, result):
    """Workers of all peers that can do the case, and do it right."""
    workers = {}
    expected = reference_logits(bench, case) if case.kind == "network" else None
    for peer in peers:
        worker = None
        try:
            worker = start(bench, case, peer, layers)
            if expected:
                logits = ask_logits(bench, worker, case.batch, peer)
                why, result.agreement[peer] = rounds.disagreement(logits, expected, case.precision)
                if why:
                    raise Failed(why)
            workers[peer], result.about[peer] = worker, worker.about
        except Failed as error:
            result.skipped[peer] = str(error)
            progress(f"  {peer} is left out: {error}")
            if worker:
                worker.close()
    return workers


def take_turn(bench, case, worker, yardstick, rates):
    """Seconds by layer ("" for the network), between two looks at the yardstick."""
    canaries = []

    def look():
        fma, canary = yardstick.ask("peak", "rates")
        rates.append(fma)
        canaries.append(canary)

    time.sleep(bench.pause)
    look()
    found = worker.ask(f"{KINDS[case.kind].request} {bench.turn}", "seconds")
    look()
    return {key: rounds.Turn(statistics.median(times), min(canaries)) for key, times in found.items()}


def take_turns(bench, case, workers, yardstick, result):
    """Rounds until there are enough or the time is up. A peer that fails leaves the others; its turns are dropped."""
    rates, begin, number = [], time.monotonic(), 0
    while workers and number < bench.rounds and (number < rounds.FIRM_ROUNDS
                                                 or time.monotonic() - begin < bench.seconds):
        for peer in list(workers):
            try:
                turn = take_turn(bench, case, workers[peer], yardstick, rates)
            except Failed as error:
                result.skipped[peer] = str(error)
                progress(f"\n  {peer} drops out: {error}")
                workers.pop(peer).close()
                result.turns.pop(peer, None)
                continue
            for key, seen in turn.items():
                if case.kind == "network" or key in bench.layers:
                    result.turns.setdefault(peer, {}).setdefault(key, []).append(seen)
        number += 1
        progress(f"\r  round {number} of {bench.rounds}", end="")
    progress("")
    result.peak = rounds.peak_of(rates) if rates else 0.0


def measure(bench, case, peers, layers=()):
    """`layers`: "NAME:CHANNELS:GROUPS:SIZE:STRIDE" of each grouped layer, for oneDNN."""
    result = Result(case)
    workers, yardstick = {}, None
    try:
        workers = open_peers(bench, case, peers, layers, result)
        yardstick = start_yardstick(bench, case)
        take_turns(bench, case, workers, yardstick, result)
    finally:
        for worker in [*workers.values(), *([yardstick] if yardstick else [])]:
            worker.close()
    return result
