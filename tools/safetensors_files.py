# SPDX-License-Identifier: BSD-3-Clause
"""Safetensors files (https://github.com/huggingface/safetensors) in NumPy, for which Debian has no package."""

import json
import os
import pathlib
import struct

import numpy as np

# NumPy has no bfloat16: its bits are seen as integers without a sign.
DTYPES = {"<f4": "F32", "<f2": "F16", "<u2": "BF16", "|i1": "I8", "<i8": "I64"}


def write(path, tensors, metadata):
    """Writes {name: array} in that order, whole or not at all. Raises OSError; KeyError for a type that isn't above."""
    header, data, begin = {"__metadata__": metadata}, [], 0
    for name, tensor in tensors.items():
        content = tensor.tobytes()  # rows first, however they lie
        header[name] = {"dtype": DTYPES[tensor.dtype.str], "shape": list(tensor.shape),
                        "data_offsets": [begin, begin + len(content)]}
        begin += len(content)
        data.append(content)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    unfinished = pathlib.Path(f"{path}.{os.getpid()}")
    try:
        unfinished.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(data))
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def read_floats(path):
    """{name: array} of a file's F32, F16 and BF16 tensors, each as float32, which is exact."""
    content = pathlib.Path(path).read_bytes()
    length, = struct.unpack("<Q", content[:8])
    numpy_types = {name: numpy_type for numpy_type, name in DTYPES.items()}
    tensors = {}
    for name, entry in json.loads(content[8:8 + length]).items():
        if name == "__metadata__" or entry["dtype"] not in ("F32", "F16", "BF16"):
            continue
        begin, end = entry["data_offsets"]
        values = np.frombuffer(content[8 + length + begin:8 + length + end], numpy_types[entry["dtype"]])
        if entry["dtype"] == "BF16":
            values = (values.astype(np.uint32) << 16).view(np.float32)
        tensors[name] = values.astype(np.float32).reshape(entry["shape"])
    return tensors
