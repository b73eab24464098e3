# SPDX-License-Identifier: BSD-3-Clause
"""Synthetic weights and input in NumPy, as docs/synthetic-weights.md specifies them."""

import numpy as np


def mix(z):
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def uniform(seed, name, count):
    """`count` values on the multiples of 2^-23 in [-1, 1)."""
    name_hash = 0xCBF29CE484222325
    for byte in name.encode():
        name_hash = (name_hash ^ byte) * 0x100000001B3 % 2**64
    with np.errstate(over="ignore"):
        key = mix(np.uint64(seed) ^ np.uint64(name_hash))
        bits = mix(key + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    return ((bits >> np.uint64(40)).astype(np.int32) - 2**23).astype(np.float32) * np.float32(2**-23)


def tensor(seed, name, shape):
    """The tensor `name` of a network's state, such as "layer1.0.conv2.weight"."""
    if len(shape) >= 2:
        centre, scale = 0, np.sqrt(6.0 / np.prod(shape[1:]))
    elif name.endswith(".running_var"):
        centre, scale = 1, 0.5
    elif name.endswith((".running_mean", ".bias")):
        centre, scale = 0, 0.125
    elif name.endswith(".bn3.weight"):
        centre, scale = 0.25, 0.125
    else:
        centre, scale = 1, 0.25
    values = uniform(seed, name, int(np.prod(shape)))
    return (np.float32(centre) + np.float32(scale) * values).reshape(shape)


def images(seed, shape):
    """Synthetic input, in [-2, 2)."""
    return (np.float32(2) * uniform(seed, "input", int(np.prod(shape)))).reshape(shape)


def checksum(values):
    """FNV-1a, 64 bits, of the little-endian bytes."""
    value = 0xCBF29CE484222325
    for byte in values.astype("<f4").tobytes():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


if __name__ == "__main__":
    # The checksums in tests/net/test_synthetic.c.
    for name, shape in (("conv1.weight", (64, 3, 7, 7)), ("bn1.running_var", (64,)),
                        ("layer1.0.conv2.weight", (128, 4, 3, 3)),
                        ("layer3.5.bn3.weight", (1024,)), ("layer4.2.bn2.running_mean", (1024,)),
                        ("layer2.0.downsample.1.weight", (512,)), ("fc.bias", (1000,))):
        print(f'{{"{name}", {int(np.prod(shape))}, UINT64_C(0x{checksum(tensor(7, name, shape)):016X})}},')
    print(f"input: 0x{checksum(images(7, (1000,))):016X}")
