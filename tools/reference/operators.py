# SPDX-License-Identifier: BSD-3-Clause
"""Convolutions and pools by their descriptors (docs/descriptors.md), in double precision or by PyTorch in single."""

import dataclasses
import re

import numpy as np

OPERATIONS = ("conv", "maxpool", "avgpool")
# Words that stand for several numbers.
BOTH = {"i": ("ih", "iw"), "k": ("kh", "kw"), "s": ("sh", "sw"), "d": ("dh", "dw"), "ph": ("pt", "pb"),
        "pw": ("pl", "pr"), "p": ("pt", "pl", "pb", "pr"), "c": ("ic", "oc", "g")}
FLAGS = ("bias", "residual", "relu")


@dataclasses.dataclass
class Operator:
    operation: str
    n: int = 1
    g: int = 1
    ic: int = 0
    oc: int = 0
    ih: int = 0
    iw: int = 0
    kh: int = 1
    kw: int = 1
    sh: int = 1
    sw: int = 1
    dh: int = 1
    dw: int = 1
    pt: int = 0
    pl: int = 0
    pb: int = 0
    pr: int = 0
    bias: bool = False
    residual: bool = False
    relu: bool = False

    def output_size(self):
        if self.operation == "avgpool":
            return 1, 1
        return ((self.ih + self.pt + self.pb - self.dh * (self.kh - 1) - 1) // self.sh + 1,
                (self.iw + self.pl + self.pr - self.dw * (self.kw - 1) - 1) // self.sw + 1)


def parse(descriptor):
    """An operator; ValueError where the descriptor is none."""
    words = descriptor.split()
    if not words or words[0] not in OPERATIONS:
        raise ValueError("a descriptor begins with conv, maxpool or avgpool")
    operator = Operator(words[0])
    for word in words[1:]:
        if word in FLAGS:
            setattr(operator, word, True)
            continue
        match = re.fullmatch(r"([a-z]+)([0-9]+)", word)
        names = match and BOTH.get(match[1], (match[1],))
        if not match or not all(name in vars(operator) and name not in FLAGS for name in names):
            raise ValueError(f"'{word}' isn't a word of a descriptor")
        for name in names:
            setattr(operator, name, int(match[2]))
    operator.ih, operator.iw = operator.ih or operator.iw, operator.iw or operator.ih
    if not all((operator.ic, operator.oc, operator.ih, operator.n, operator.g)):
        raise ValueError("channels, image, batch and groups must be given, and not be 0")
    if operator.ic % operator.g or operator.oc % operator.g or min(operator.output_size()) < 1:
        raise ValueError("the groups don't divide the channels, or the window is larger than the image")
    return operator


def shapes(o):
    """The shapes of an operator's tensors, by their names in a reference file."""
    found = {"input": (o.n, o.ic, o.ih, o.iw)}
    if o.operation == "conv":
        found["weight"] = (o.oc, o.ic // o.g, o.kh, o.kw)
    if o.bias:
        found["bias"] = (o.oc,)
    found["expected"] = (o.n, o.oc, *o.output_size())
    if o.residual:
        found["residual"] = found["expected"]
    return found


# ---- NumPy, in double precision --------------------------------------------------------------------------------


def taps(o, x, outside):
    """For each tap of the window, what it sees of the input at every output: (ky, kx, [n][c][oh][ow])."""
    padded = np.pad(x, ((0, 0), (0, 0), (o.pt, o.pb), (o.pl, o.pr)), constant_values=outside)
    height, width = o.output_size()
    for ky in range(o.kh):
        for kx in range(o.kw):
            y0, x0 = ky * o.dh, kx * o.dw
            yield ky, kx, padded[:, :, y0:y0 + (height - 1) * o.sh + 1:o.sh, x0:x0 + (width - 1) * o.sw + 1:o.sw]


def compute_exact(o, tensors):
    """The operator's output in double precision."""
    x = tensors["input"].astype(np.float64)
    if o.operation == "avgpool":
        return x.mean(axis=(2, 3), keepdims=True)
    if o.operation == "maxpool":
        return np.max([seen for _, _, seen in taps(o, x, -np.inf)], axis=0)
    height, width = o.output_size()
    weight = tensors["weight"].astype(np.float64).reshape(o.g, o.oc // o.g, o.ic // o.g, o.kh, o.kw)
    y = np.zeros((o.n, o.g, o.oc // o.g, height * width))
    for ky, kx, seen in taps(o, x, 0.0):
        y += weight[:, :, :, ky, kx] @ seen.reshape(o.n, o.g, o.ic // o.g, height * width)
    y = y.reshape(o.n, o.oc, height, width)
    if o.bias:
        y = y + tensors["bias"].astype(np.float64).reshape(1, -1, 1, 1)
    if o.residual:
        y = y + tensors["residual"]
    return np.maximum(y, 0.0) if o.relu else y


def compute(o, tensors):
    """The operator's output, rounded once to float32."""
    return compute_exact(o, tensors).astype(np.float32)


# ---- PyTorch, in single precision ------------------------------------------------------------------------------


def torch_backend(torch):
    """A function like compute() that lets PyTorch do it."""
    functional = torch.nn.functional

    def run(o, tensors):
        given = {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in tensors.items()}
        x = given["input"]
        if o.operation == "avgpool":
            return functional.adaptive_avg_pool2d(x, 1).numpy()
        outside = float("-inf") if o.operation == "maxpool" else 0.0
        x = functional.pad(x, (o.pl, o.pr, o.pt, o.pb), value=outside)
        if o.operation == "maxpool":
            return functional.max_pool2d(x, (o.kh, o.kw), (o.sh, o.sw)).numpy()
        y = functional.conv2d(x, given["weight"], given.get("bias"), (o.sh, o.sw), 0, (o.dh, o.dw), o.g)
        y = y + given["residual"] if o.residual else y
        return (functional.relu(y) if o.relu else y).numpy()

    return run
