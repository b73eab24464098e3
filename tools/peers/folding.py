# SPDX-License-Identifier: BSD-3-Clause
"""A network's weights as Cardinal runs them: batch norm folded in double precision, rounded once."""

import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "reference"))
import networks
import synthetic

SEED = 1  # of the weights and of the images


def synthetic_state(spec):
    """All tensors of a network by torchvision's names (docs/synthetic-weights.md)."""
    return {name: synthetic.tensor(SEED, name, shape) for name, shape in networks.state_shapes(spec).items()}


def images(batch):
    return synthetic.images(SEED, (batch, 3, 224, 224))


def fold(spec, state):
    """(weight, bias) of each convolution and of "fc", by the layer's name."""
    folded = {"fc": (state["fc.weight"], state["fc.bias"])}
    for name, norm, *_ in networks.convolutions(spec):
        scale, shift, mean, variance = (state[f"{norm}.{part}"].astype(np.float64)
                                        for part in ("weight", "bias", "running_mean", "running_var"))
        scale = scale / np.sqrt(variance + networks.EPSILON)
        folded[name] = ((state[f"{name}.weight"] * scale.reshape(-1, 1, 1, 1)).astype(np.float32),
                        (shift - mean * scale).astype(np.float32))
    return folded


def grouped_layers(spec):
    """(name, width of a group, stride, channels, groups, size of its input) of each grouped convolution."""
    found, size = [], 56
    for name, _, inner, _, stride in networks.blocks_of(spec):
        if spec.cardinality > 1:
            found.append((f"{name}.conv2", inner // spec.cardinality, stride, inner, spec.cardinality, size))
        size //= stride
    return found
