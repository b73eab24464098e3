# SPDX-License-Identifier: BSD-3-Clause
"""OpenVINO's CPU plug-in: the whole graph compiled, latency mode, one stream, layers by its performance counters."""

import pathlib

import numpy as np
import openvino

from common import Unserved, by_layer, images_of, repeat


class Peer:
    def __init__(self, job):
        name = job["model"] + ("_int8" if job["precision"] == "int8" else "")
        model = openvino.Core().read_model(pathlib.Path(job["folder"]) / f"{name}.onnx")
        self.images = images_of(job)  # its tensor doesn't own them
        model.reshape(list(self.images.shape))
        hint = "bf16" if job["precision"] == "bf16" else "f32"
        compiled = openvino.Core().compile_model(model, "CPU", {
            "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1", "INFERENCE_NUM_THREADS": job["threads"],
            "INFERENCE_PRECISION_HINT": hint, "PERF_COUNT": job["profile"]})
        used = compiled.get_property("INFERENCE_PRECISION_HINT").to_string()
        if used != hint:
            raise Unserved(f"asked for {hint}, it takes {used} on this CPU")
        self.version = openvino.__version__.split("-")[0]
        self.settings = f"latency hint, 1 stream, precision hint {hint}"
        self.request = compiled.create_infer_request()
        self.request.set_input_tensor(openvino.Tensor(self.images, shared_memory=True))

    def run(self):
        self.request.infer()

    def logits(self):
        return np.array(self.request.get_output_tensor().data)

    def layers(self, seconds):
        def profiled():
            self.request.infer()
            return [(info.node_name, info.real_time.total_seconds()) for info in self.request.profiling_info]

        return by_layer(repeat(profiled, seconds))
