# SPDX-License-Identifier: BSD-3-Clause
"""One peer in a process of its own: what lines of standard input ask, it does, and answers each with a line of JSON.

usage: worker.py JOB, where JOB is a JSON object with
    peer                       whose module is libraries/lib_NAME.py, with a class Peer
    folder, model              where the model's files are, and what they are called
    precision, batch, threads  of the run
    images                     float32, little-endian, NCHW
    profile                    whether layers will be asked for rather than runs

Requests and answers are those of bench/peer_worker.c: "logits FILE", "run SECONDS", "layers SECONDS". The first line
comes unasked: {"version": ..., "settings": ...}, or {"error": ...} if this peer can't do the job.
"""

import importlib
import json
import os
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE / "libraries"), str(HERE.parent / "reference")]
from common import Unserved, repeat


def timed(run):
    start = time.monotonic()
    run()
    return time.monotonic() - start


def serve(peer, answer):
    for line in sys.stdin:
        request, argument = line.split(maxsplit=1)
        if request == "logits":
            peer.run()
            peer.logits().astype("<f4").tofile(argument.strip())
            answer({"logits": argument.strip()})
        elif request == "run":
            answer({"seconds": {"": repeat(lambda: timed(peer.run), float(argument))}})
        elif request == "layers":
            answer({"seconds": peer.layers(float(argument))})
        else:
            raise ValueError(f"unknown request {line!r}")


def main():
    # What a library prints on standard output mustn't come between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(content):
        print(json.dumps(content), file=answers, flush=True)

    job = json.loads(sys.argv[1])
    try:
        peer = importlib.import_module(f"lib_{job['peer']}").Peer(job)
        answer({"version": peer.version, "settings": peer.settings})
        serve(peer, answer)
    except Unserved as error:
        answer({"error": str(error)})
        sys.exit(1)
    except Exception as error:  # whatever goes wrong in a peer is one peer's result, and never ends the comparison
        answer({"error": f"{type(error).__name__}: {error}".splitlines()[0][:500]})
        sys.exit(1)


if __name__ == "__main__":
    main()
