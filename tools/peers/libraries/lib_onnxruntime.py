# SPDX-License-Identifier: BSD-3-Clause
"""ONNX Runtime's CPU provider: all optimisations, bound input and output, layers by its profiler."""

import json
import os
import pathlib
import tempfile

import numpy as np
import onnxruntime

from common import Unserved, by_layer, images_of, repeat


class Peer:
    def __init__(self, job):
        if job["precision"] == "bf16":
            raise Unserved("its convolutions on CPUs have no bf16")
        name = job["model"] + ("_int8" if job["precision"] == "int8" else "")
        self.model = str(pathlib.Path(job["folder"]) / f"{name}.onnx")
        self.threads = job["threads"]
        self.images = images_of(job)
        self.version = onnxruntime.__version__
        self.settings = "all optimisations, sequential"
        self.session = None if job["profile"] else self.open()
        self.bound = None if job["profile"] else self.bind(self.session)

    def open(self, profile=None):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.add_free_dimension_override_by_name("batch", len(self.images))
        if profile:
            options.enable_profiling = True
            options.profile_file_prefix = profile
        return onnxruntime.InferenceSession(self.model, options, providers=["CPUExecutionProvider"])

    def bind(self, session):
        binding = session.io_binding()
        binding.bind_cpu_input("images", self.images)
        binding.bind_output(session.get_outputs()[0].name)
        return binding

    def run(self):
        self.session.run_with_iobinding(self.bound)

    def logits(self):
        return np.array(self.bound.copy_outputs_to_cpu()[0])

    def layers(self, seconds):
        """Its profiler writes a file when it ends: a session for each call."""
        with tempfile.TemporaryDirectory() as folder:
            session = self.open(os.path.join(folder, "profile"))
            binding = self.bind(session)
            repeat(lambda: session.run_with_iobinding(binding), seconds)
            with open(session.end_profiling(), encoding="utf-8") as file:
                events = json.load(file)
        runs = []
        for event in sorted(events, key=lambda event: event["ts"]):
            if event["name"] == "model_run":
                runs.append([])
            elif event.get("cat") == "Node" and runs:
                runs[-1].append((event["name"], 1e-6 * event["dur"]))
        return by_layer(runs[1:])  # the first run warms up
