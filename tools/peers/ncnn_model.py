# SPDX-License-Identifier: BSD-3-Clause
"""A network in ncnn's own format, f32: the text of NAME.param, and NAME.bin with the weights in the same order."""

import numpy as np

import networks

MAGIC = 7767517


class Graph:
    def __init__(self):
        self.lines, self.weights = [], []
        self.blobs = 0

    def layer(self, kind, name, inputs, outputs=None, parameters=()):
        """Adds a layer; without `outputs` its one output is called like itself."""
        outputs = [name] if outputs is None else outputs
        self.blobs += len(outputs)
        words = [kind, name, len(inputs), len(outputs), *inputs, *outputs]
        self.lines.append(" ".join(map(str, words)) + "".join(f" {key}={value}" for key, value in parameters))
        return outputs[0] if len(outputs) == 1 else outputs

    def weight(self, weight, bias):
        """A weight begins with four bytes that say how it is stored: 0 is float32."""
        self.weights += [b"\0\0\0\0", np.ascontiguousarray(weight, "<f4").tobytes(), bias.astype("<f4").tobytes()]


def build(spec, folded):
    """(text, weights): what stands in the two files."""
    graph = Graph()
    geometry = {entry[0]: entry for entry in networks.convolutions(spec)}

    def convolve(name, x, relu=True):
        _, _, outputs, _, groups, kernel, stride = geometry[name]
        weight, bias = folded[name]
        graph.weight(weight, bias)
        parameters = [(0, outputs), (1, kernel), (3, stride), (4, kernel // 2), (5, 1), (6, weight.size)]
        parameters += [(7, groups)] if groups > 1 else []
        parameters += [(9, 1)] if relu else []  # fused activation
        return graph.layer("ConvolutionDepthWise" if groups > 1 else "Convolution", name, [x], parameters=parameters)

    x = convolve("conv1", graph.layer("Input", "images", []))
    # Kind 0 is max; padding mode 1 rounds the output's size down.
    x = graph.layer("Pooling", "maxpool", [x], parameters=[(0, 0), (1, 3), (2, 2), (3, 1), (5, 1)])
    for name, *_ in networks.blocks_of(spec):
        x, shortcut = graph.layer("Split", f"{name}.split", [x], [f"{name}.a", f"{name}.b"])
        inner = convolve(f"{name}.conv2", convolve(f"{name}.conv1", x))
        if name.endswith(".0"):
            shortcut = convolve(f"{name}.downsample.0", shortcut, relu=False)
        inner = convolve(f"{name}.conv3", inner, relu=False)
        total = graph.layer("BinaryOp", f"{name}.add", [inner, shortcut], parameters=[(0, 0)])
        x = graph.layer("ReLU", f"{name}.relu", [total])
    x = graph.layer("Pooling", "avgpool", [x], parameters=[(0, 1), (4, 1)])
    weight, bias = folded["fc"]
    graph.weight(weight, bias)
    graph.layer("InnerProduct", "fc", [x], parameters=[(0, len(bias)), (1, 1), (2, weight.size)])
    text = "\n".join([str(MAGIC), f"{len(graph.lines)} {graph.blobs}", *graph.lines, ""])
    return text, b"".join(graph.weights)
