# SPDX-License-Identifier: BSD-3-Clause
"""PyTorch: traced, frozen and optimised for inference, so that convolutions are oneDNN's in its own layout."""

import pathlib

import numpy as np
import torch

import networks
from common import Unserved, images_of


def layers_of(spec):
    """Modules by names without dots, which PyTorch doesn't take in names."""
    found = {}
    for name, _, outputs, inputs, groups, kernel, stride in networks.convolutions(spec):
        found[name.replace(".", "_")] = torch.nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups)
    found["fc"] = torch.nn.Linear(2048, networks.CLASSES)
    return found


class Network(torch.nn.Module):
    def __init__(self, spec, folded):
        super().__init__()
        self.blocks = [block[0].replace(".", "_") for block in networks.blocks_of(spec)]
        for name, module in layers_of(spec).items():
            self.add_module(name, module)
        self.load_state_dict({f"{name.rsplit('/', 1)[0].replace('.', '_')}.{name.rsplit('/', 1)[1]}":
                              torch.from_numpy(value) for name, value in folded.items()})

    def forward(self, x):
        modules, relu = dict(self.named_children()), torch.nn.functional.relu
        x = torch.nn.functional.max_pool2d(relu(modules["conv1"](x)), 3, 2, 1)
        for block in self.blocks:
            y = relu(modules[f"{block}_conv1"](x))
            y = modules[f"{block}_conv3"](relu(modules[f"{block}_conv2"](y)))
            shortcut = modules.get(f"{block}_downsample_0")
            x = relu(y + (shortcut(x) if shortcut else x))
        return modules["fc"](torch.flatten(torch.nn.functional.adaptive_avg_pool2d(x, 1), 1))


class Peer:
    def __init__(self, job):
        if job["precision"] == "int8":
            raise Unserved("its int8 isn't compared: it has scales of its own")
        torch.set_num_threads(job["threads"])
        kind = torch.bfloat16 if job["precision"] == "bf16" else torch.float32
        with np.load(pathlib.Path(job["folder"]) / f"{job['model']}.npz") as folded:
            network = Network(networks.parse(job["model"]), dict(folded))
        self.images = torch.from_numpy(images_of(job)).to(kind)
        with torch.inference_mode():
            # One image is enough to trace, and is soon done: grouped convolutions are slow until they are optimised.
            traced = torch.jit.trace(network.eval().to(kind), self.images[:1], check_trace=False)
            self.network = torch.jit.optimize_for_inference(torch.jit.freeze(traced))
        self.version = torch.__version__
        self.settings = "traced, frozen, optimised for inference"

    def run(self):
        with torch.inference_mode():
            self.found = self.network(self.images)

    def logits(self):
        return self.found.to(torch.float32).numpy()
