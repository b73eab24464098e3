# SPDX-License-Identifier: BSD-3-Clause
"""ncnn: packed layout; a batch is run image by image, since it has none."""

import pathlib

import ncnn
import numpy as np

from common import Unserved, images_of


class Peer:
    def __init__(self, job):
        if job["precision"] == "int8":
            raise Unserved("its int8 isn't compared: it has tables of scales of its own")
        self.net = ncnn.Net()
        self.net.opt.num_threads = job["threads"]
        self.net.opt.use_bf16_storage = job["precision"] == "bf16"
        for option in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic"):
            setattr(self.net.opt, option, False)  # on by default, they'd leave f32 with the digits of fp16
        path = pathlib.Path(job["folder"]) / job["model"]
        if self.net.load_param(f"{path}.param") or self.net.load_model(f"{path}.bin"):
            raise RuntimeError(f"can't load {path}.param and .bin")
        self.version = ncnn.__version__
        self.settings = "packed layout" + (", bf16 storage" if job["precision"] == "bf16" else "")
        self.images = [ncnn.Mat(image).clone() for image in images_of(job)]

    def run(self):
        self.found = []
        for image in self.images:
            extractor = self.net.create_extractor()
            extractor.input("images", image)
            self.found.append(extractor.extract("fc")[1])

    def logits(self):
        return np.stack([np.array(found) for found in self.found])
