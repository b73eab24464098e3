# SPDX-License-Identifier: BSD-3-Clause
"""Writes a network as ONNX: f32, or int8 as pairs of QuantizeLinear and DequantizeLinear with given scales.

Nodes are named after Cardinal's layers: "layer1.0.conv2", its ReLU "layer1.0.conv2/relu" and so on, so that what a
peer's profiler says of a node can be put beside our layer. The batch is the free dimension "batch".
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import networks

OPSET = 17


class Graph:
    """Nodes and constants as they come together. What a method gives is the name of a tensor."""

    def __init__(self, scales):
        self.scales = scales  # of activations and weights, by layer; None: f32
        self.nodes, self.constants = [], []
        self.quantised = {}  # from a tensor to its dequantised twin

    def constant(self, name, value):
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind, name, inputs, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [name + ":y"], name=name, **attributes))
        return name + ":y"

    def quantise(self, x, name, signed):
        """`x` rounded to eight bits and back; with f32, `x` itself."""
        if self.scales is None:
            return x
        scale = self.constant(f"{name}/scale", np.float32(self.scales.activation(name)))
        zero = self.constant(f"{name}/zero", np.int8(0) if signed else np.uint8(0))
        rounded = self.node("QuantizeLinear", f"{name}/quantise", [x, scale, zero])
        return self.node("DequantizeLinear", f"{name}/dequantise", [rounded, scale, zero])

    def weight(self, name, value):
        """A layer's weight, with int8 rounded and scaled by output channels."""
        if self.scales is None:
            return self.constant(f"{name}.weight", value)
        scale = self.scales.weight(name, value)
        rounded = np.clip(np.rint(value / scale.reshape(-1, *[1] * (value.ndim - 1))), -127, 127).astype(np.int8)
        return self.node("DequantizeLinear", f"{name}/weight",
                         [self.constant(f"{name}.weight", rounded), self.constant(f"{name}/weight_scale", scale),
                          self.constant(f"{name}/weight_zero", np.zeros(len(scale), np.int8))], axis=0)


def build(spec, folded, scales=None, quantised_branches=False):
    """A model of the network.

    scales: an object with activation(layer) and weight(layer, value), for int8. quantised_branches rounds a block's
    last convolution before the addition as well, for peers that can't add in f32 behind an int8 convolution.
    """
    graph = Graph(scales)
    geometry = {entry[0]: entry for entry in networks.convolutions(spec)}

    def convolve(name, x):
        _, _, _, _, groups, kernel, stride = geometry[name]
        weight, bias = folded[name]
        pad = kernel // 2
        return graph.node("Conv", name, [x, graph.weight(name, weight), graph.constant(f"{name}.bias", bias)],
                          kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4, group=groups)

    def relu(name, x):
        return graph.quantise(graph.node("Relu", f"{name}/relu", [x]), name, signed=False)

    # The stem takes the image as it is: with int8 it stays in f32, as in Cardinal.
    weight, bias = folded["conv1"]
    x = graph.node("Conv", "conv1", ["images", graph.constant("conv1.weight", weight),
                                     graph.constant("conv1.bias", bias)],
                   kernel_shape=[7, 7], strides=[2, 2], pads=[3] * 4)
    x = graph.node("MaxPool", "maxpool", [relu("conv1", x)], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    for name, *_ in networks.blocks_of(spec):
        inner = relu(f"{name}.conv1", convolve(f"{name}.conv1", x))
        inner = relu(f"{name}.conv2", convolve(f"{name}.conv2", inner))
        shortcut = x
        if name.endswith(".0"):
            shortcut = graph.quantise(convolve(f"{name}.downsample.0", x), f"{name}.downsample.0", signed=True)
        inner = convolve(f"{name}.conv3", inner)
        if quantised_branches:
            inner = graph.quantise(inner, f"{name}.conv3/branch", signed=True)
        x = relu(f"{name}.conv3", graph.node("Add", f"{name}.conv3/add", [inner, shortcut]))
    x = graph.node("GlobalAveragePool", "avgpool", [x])
    x = graph.quantise(graph.node("Flatten", "avgpool/flatten", [x]), "avgpool", signed=False)
    weight, bias = folded["fc"]
    y = graph.node("Gemm", "fc", [x, graph.weight("fc", weight), graph.constant("fc.bias", bias)], transB=1)
    shape = ["batch", 3, 224, 224]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "network", [helper.make_tensor_value_info("images", TensorProto.FLOAT, shape)],
                          [helper.make_tensor_value_info(y, TensorProto.FLOAT, ["batch", networks.CLASSES])],
                          graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8, producer_name="cardinal")
    onnx.checker.check_model(model)
    return model
