# SPDX-License-Identifier: BSD-3-Clause
"""ResNets and ResNeXts layer by layer, in NumPy's double precision or by torchvision's own modules.

Layers have the names that Cardinal gives them: a convolution's output is what stands there after its batch norm, its
residual and its ReLU (docs/references.md).
"""

import dataclasses
import re

import numpy as np
from operators import Operator, compute_exact

BLOCKS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
EPSILON = 1e-5
CLASSES = 1000


@dataclasses.dataclass
class Spec:
    blocks: tuple
    cardinality: int
    width: int


def parse(name):
    """The numbers behind resnet50, wide_resnet50_2, resnext50_32x4d or resnext14_32x4d_1-1-1-1."""
    match = re.fullmatch(r"(?:(wide_)?resnet(\d+)(?(1)_2)|resnext(\d+)_(\d+)x(\d+)d)"
                         r"(?:_(\d+)-(\d+)-(\d+)-(\d+))?", name)
    if not match:
        raise ValueError(f"no ResNet or ResNeXt is named \"{name}\"")
    blocks = tuple(int(count) for count in match.groups()[5:]) if match[6] else BLOCKS.get(int(match[2] or match[3]))
    if not blocks:
        raise ValueError(f"{name}: give the blocks of its stages, as in resnext14_32x4d_1-1-1-1")
    if match[3]:
        return Spec(blocks, int(match[4]), int(match[5]))
    return Spec(blocks, 1, 128 if match[1] else 64)


def blocks_of(spec):
    """(name, channels in, inner channels, channels out, stride) of each block."""
    channels = 64
    for stage, count in enumerate(spec.blocks):
        inner = (spec.width << stage) * spec.cardinality
        for block in range(count):
            yield f"layer{stage + 1}.{block}", channels, inner, 256 << stage, 2 if stage and not block else 1
            channels = 256 << stage


def convolutions(spec):
    """(name, batch norm, out, in, groups, kernel, stride) of each, stem first."""
    yield "conv1", "bn1", 64, 3, 1, 7, 2
    for name, before, inner, after, stride in blocks_of(spec):
        yield f"{name}.conv1", f"{name}.bn1", inner, before, 1, 1, 1
        yield f"{name}.conv2", f"{name}.bn2", inner, inner, spec.cardinality, 3, stride
        if name.endswith(".0"):
            yield f"{name}.downsample.0", f"{name}.downsample.1", after, before, 1, 1, stride
        yield f"{name}.conv3", f"{name}.bn3", after, inner, 1, 1, 1


def state_shapes(spec):
    """The tensors of the network's state, with their shapes."""
    shapes = {"fc.weight": (CLASSES, 2048), "fc.bias": (CLASSES,)}
    for name, norm, outputs, inputs, groups, kernel, _ in convolutions(spec):
        shapes[f"{name}.weight"] = (outputs, inputs // groups, kernel, kernel)
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{norm}.{part}"] = (outputs,)
    return shapes


def run(spec, state, images):
    """The outputs of all layers, rounded once to float32; what flows between them is in double precision."""
    table = {entry[0]: entry for entry in convolutions(spec)}
    found = {}

    def convolve(name, x, relu=True, residual=None):
        _, norm, outputs, inputs, groups, kernel, stride = table[name]
        batch, _, height, width = x.shape
        pad = kernel // 2
        operator = Operator("conv", n=batch, g=groups, ic=inputs, oc=outputs, ih=height, iw=width, kh=kernel, kw=kernel,
                            sh=stride, sw=stride, pt=pad, pl=pad, pb=pad, pr=pad)
        y = compute_exact(operator, {"input": x, "weight": state[f"{name}.weight"]})
        scale, shift, mean, variance = (state[f"{norm}.{part}"].astype(np.float64).reshape(1, -1, 1, 1)
                                        for part in ("weight", "bias", "running_mean", "running_var"))
        y = (y - mean) / np.sqrt(variance + EPSILON) * scale + shift
        y = y if residual is None else y + residual
        found[name] = np.maximum(y, 0.0) if relu else y
        return found[name]

    x = convolve("conv1", images.astype(np.float64))
    pool = Operator("maxpool", n=x.shape[0], ic=64, oc=64, ih=x.shape[2], iw=x.shape[3], kh=3, kw=3, sh=2, sw=2, pt=1,
                    pl=1, pb=1, pr=1)
    x = found["maxpool"] = compute_exact(pool, {"input": x})
    for name, *_ in blocks_of(spec):
        inner = convolve(f"{name}.conv2", convolve(f"{name}.conv1", x))
        shortcut = convolve(f"{name}.downsample.0", x, relu=False) if name.endswith(".0") else x
        x = convolve(f"{name}.conv3", inner, residual=shortcut)
    x = found["avgpool"] = x.mean(axis=(2, 3))
    found["fc"] = x @ state["fc.weight"].astype(np.float64).T + state["fc.bias"]
    return {name: y.astype(np.float32) for name, y in found.items()}


def run_torchvision(torch, spec, state, images):
    """The same from torchvision's own model, in single precision."""
    from torchvision.models.resnet import Bottleneck, ResNet
    model = ResNet(Bottleneck, list(spec.blocks), groups=spec.cardinality, width_per_group=spec.width)
    model.load_state_dict({name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in state.items()},
                          strict=False)
    model.eval()
    found = {}

    def keep(module, name, relu=False):
        # A copy: the ReLU behind works in place.
        module.register_forward_hook(
            lambda _module, _inputs, y: found.update({name: (y.clamp(min=0) if relu else y).detach().clone()}))

    keep(model.bn1, "conv1", relu=True)
    keep(model.maxpool, "maxpool")
    for name, *_ in blocks_of(spec):
        stage, block = name.split(".")
        module = getattr(model, stage)[int(block)]
        keep(module.bn1, f"{name}.conv1", relu=True)
        keep(module.bn2, f"{name}.conv2", relu=True)
        if module.downsample is not None:
            keep(module.downsample, f"{name}.downsample.0")
        keep(module, f"{name}.conv3")
    keep(model.avgpool, "avgpool")
    keep(model.fc, "fc")
    with torch.no_grad():
        model(torch.from_numpy(images))
    return {name: y.numpy() for name, y in found.items()}
