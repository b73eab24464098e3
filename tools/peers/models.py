# SPDX-License-Identifier: BSD-3-Clause
"""The files that peers read, written once in each run of the program: MODEL.onnx, MODEL.param and .bin (ncnn),
MODEL.npz, and for int8 MODEL_int8.safetensors (Cardinal) and MODEL_int8.onnx."""

import functools
import os
import subprocess

import networks
import numpy as np
import onnx
from safetensors.numpy import load_file

import folding
import ncnn_model
import onnx_model


def put(path, write):
    """Writes a file beside its place and moves it there when it is complete."""
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        write(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@functools.cache
def write_images(folder, batch):
    put(folder / f"images{batch}.f32", lambda path: folding.images(batch).astype("<f4").tofile(path))


@functools.cache
def write_model(folder, model):
    """All files of a network's f32."""
    spec = networks.parse(model)
    folded = folding.fold(spec, folding.synthetic_state(spec))
    put(folder / f"{model}.onnx", lambda path: onnx.save(onnx_model.build(spec, folded), path))
    text, weights = ncnn_model.build(spec, folded)
    put(folder / f"{model}.param", lambda path: path.write_text(text, "ascii"))
    put(folder / f"{model}.bin", lambda path: path.write_bytes(weights))
    tensors = {f"{name}/{part}": value for name, values in folded.items()
               for part, value in zip(("weight", "bias"), values)}

    def write(path):
        with open(path, "wb") as file:
            np.savez(file, **tensors)

    put(folder / f"{model}.npz", write)


@functools.cache
def write_int8(folder, model, program):
    """Weights in int8, which `program`, the tool cardinal, makes of the synthetic ones, and the same as ONNX."""
    quantised = folder / f"{model}_int8.safetensors"
    subprocess.run([program, "quantize", f"--model={model}", f"--seed={folding.SEED}", "--synthetic=4", "-o",
                    quantised], check=True, stdout=subprocess.DEVNULL)
    int8 = onnx_model.build_int8(networks.parse(model), load_file(quantised))
    put(folder / f"{model}_int8.onnx", lambda path: onnx.save(int8, path))
