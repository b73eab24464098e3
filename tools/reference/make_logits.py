#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes tests/data/logits/<model>.npy: logits of torchvision's own models with synthetic weights and input.

usage: make_logits.py [MODEL...]     (default: all of them)

The models are evaluated in double precision, so that the files hold the exact result rounded once to float32.
Needs PyTorch and torchvision (Debian: python3-torch, python3-torchvision). Takes about a minute a model on one core.
"""

import pathlib
import sys

import numpy as np
import torch
from torchvision.models.resnet import Bottleneck, ResNet

import synthetic

SEED = 1
BLOCKS = {50: [3, 4, 6, 3], 101: [3, 4, 23, 3], 152: [3, 8, 36, 3]}
MODELS = {
    "resnet50": (50, 1, 64),
    "resnet101": (101, 1, 64),
    "resnet152": (152, 1, 64),
    "wide_resnet50_2": (50, 1, 128),
    "wide_resnet101_2": (101, 1, 128),
    "resnext50_32x4d": (50, 32, 4),
    "resnext101_32x4d": (101, 32, 4),
    "resnext101_32x8d": (101, 32, 8),
    "resnext101_64x4d": (101, 64, 4),
    "resnext50_2x40d": (50, 2, 40),
    "resnext50_4x24d": (50, 4, 24),
    "resnext50_8x14d": (50, 8, 14),
}


def build(depth, cardinality, width):
    model = ResNet(Bottleneck, BLOCKS[depth], groups=cardinality, width_per_group=width)
    state = model.state_dict()
    for name, value in state.items():
        if not name.endswith(".num_batches_tracked"):
            state[name] = torch.from_numpy(synthetic.tensor(SEED, name, tuple(value.shape)))
    model.load_state_dict(state)
    return model.double().eval()


def main():
    directory = pathlib.Path(__file__).resolve().parents[2] / "tests" / "data" / "logits"
    directory.mkdir(parents=True, exist_ok=True)
    images = torch.from_numpy(synthetic.images(SEED, (1, 3, 224, 224))).double()
    for name in sys.argv[1:] or MODELS:
        spec = MODELS[name]
        with torch.no_grad():
            logits = build(*spec)(images)[0].numpy()
        np.save(directory / f"{name}.npy", logits.astype("<f4"))
        print(f"{name}: largest logit {np.abs(logits).max():.6f}", flush=True)


if __name__ == "__main__":
    main()
