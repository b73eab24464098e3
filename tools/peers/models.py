# SPDX-License-Identifier: BSD-3-Clause
"""The files that peers read, written once for each network: MODEL.onnx, MODEL.param and .bin (ncnn), MODEL.npz."""

import os

import networks
import numpy as np
import onnx

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


def write_images(folder, batch):
    put(folder / f"images{batch}.f32", lambda path: folding.images(batch).astype("<f4").tofile(path))


def write_model(folder, model):
    """All files of a network's f32; those that are there already are left alone."""
    if (folder / f"{model}.npz").exists():
        return
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
