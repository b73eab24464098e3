# SPDX-License-Identifier: BSD-3-Clause
"""What several peers need."""

import re
import time

import numpy as np

LEAST_RUNS = 3


class Unserved(Exception):
    """What was asked for isn't there in this peer: a sentence for the user."""


def images_of(job):
    return np.fromfile(job["images"], "<f4").reshape(job["batch"], 3, 224, 224)


def repeat(run, seconds):
    """Calls run() once to warm up, then for so long, at least LEAST_RUNS times; gives what it returned."""
    run()
    end, found = time.monotonic() + seconds, []
    while len(found) < LEAST_RUNS or time.monotonic() < end:
        found.append(run())
    return found


def by_layer(runs):
    """{layer: [seconds in each run]} of runs as lists of (node, seconds). Our writers name nodes "layer1.0.conv2" or
    "layer1.0.conv2/relu", to which peers add what they like; a layer's nodes are added up."""
    layers = {}
    for number, run in enumerate(runs):
        for node, seconds in run:
            name = re.match(r"[a-z0-9.]*", node)[0]
            if not name:
                continue  # between layers: a change of layout
            times = layers.setdefault(name, [0.0] * len(runs))
            times[number] += seconds
    return layers
