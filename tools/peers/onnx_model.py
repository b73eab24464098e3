# SPDX-License-Identifier: BSD-3-Clause
"""Writes a network as ONNX: f32 from folded weights, or int8, as pairs of QuantizeLinear and DequantizeLinear, from the
tensors of a quantised file of ours (docs/quantisation.md).

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

    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, name, value):
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind, name, inputs, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [name + ":y"], name=name, **attributes))
        return name + ":y"

    def model(self, y):
        shape = ["batch", 3, 224, 224]
        graph = helper.make_graph(
            self.nodes, "network", [helper.make_tensor_value_info("images", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info(y, TensorProto.FLOAT, ["batch", networks.CLASSES])], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8,
                                  producer_name="cardinal")
        onnx.checker.check_model(model)
        return model


class Floats:
    """f32: weights are constants, and what stands between layers is left alone."""

    def __init__(self, graph, folded):
        self.graph, self.folded = graph, folded

    def parameters(self, name):
        weight, bias = self.folded[name]
        return [self.graph.constant(f"{name}.weight", weight), self.graph.constant(f"{name}.bias", bias)]

    def image(self, x):
        return x

    def output(self, _name, x, signed=False):
        return x

    def branch(self, _name, x):
        return x


class Steps:
    """int8: numbers of steps of a scale, with our scales, in the form in which libraries run fastest: activations have
    8 bits and no sign, with the zero at 128 where there is no ReLU; where there is one, they are cut off at 255 steps
    rather than at our 127."""

    def __init__(self, graph, tensors):
        self.graph, self.tensors = graph, tensors

    def round(self, name, x, scale, signed):
        parts = [self.graph.constant(f"{name}/scale", np.float32(scale)),
                 self.graph.constant(f"{name}/zero", np.uint8(128 if signed else 0))]
        x = self.graph.node("QuantizeLinear", f"{name}/quantise", [x, *parts])
        return self.graph.node("DequantizeLinear", f"{name}/dequantise", [x, *parts])

    def image(self, x):
        """Our image has a scale and a zero for each colour; libraries are fast with one for all."""
        scale, zero = self.tensors["conv1.input_scale"], self.tensors["conv1.input_zero"].astype(np.float32)
        return self.round("images", x, np.max(np.maximum(zero, 127 - zero) * scale) / 127, signed=True)

    def output(self, name, x, signed=False):
        return self.round(name, x, self.tensors[f"{name}.output_scale"], signed)

    def branch(self, name, x):
        """A block's last convolution before the addition. We add before we round; ONNX Runtime's convolution is in f32
        unless it is rounded first, and OpenVINO is faster."""
        return self.round(f"{name}/branch", x, self.tensors[f"{name}.output_scale"], signed=True)

    def steps(self, name, value, scale):
        """A constant in steps, by output channels."""
        return self.graph.node(
            "DequantizeLinear", name, [self.graph.constant(f"{name}/steps", value),
                                       self.graph.constant(f"{name}/scale", scale),
                                       self.graph.constant(f"{name}/zero", np.zeros(len(scale), value.dtype))], axis=0)

    def parameters(self, name):
        weight, scale = self.tensors[f"{name}.weight"], self.tensors[f"{name}.weight_scale"]
        bias = self.tensors[f"{name}.bias"]
        if name == "conv1":  # our input scales are in the weights
            real = weight * scale.reshape(-1, 1, 1, 1) / self.tensors["conv1.input_scale"].reshape(1, -1, 1, 1)
            scale = (np.abs(real).max(axis=(1, 2, 3)) / 127).astype(np.float32)
            weight = np.rint(real / scale.reshape(-1, 1, 1, 1)).astype(np.int8)
        if name == "fc":  # in f32, ONNX Runtime would multiply in f32
            step = (scale * self.tensors["avgpool.output_scale"]).astype(np.float32)
            return [self.steps("fc/weight", weight, scale),
                    self.steps("fc/bias", np.rint(bias / step.astype(np.float64)).astype(np.int32), step)]
        return [self.steps(f"{name}/weight", weight, scale), self.graph.constant(f"{name}/bias", bias)]


def write(graph, numbers, spec):
    """The network's nodes; `numbers` says what stands between them and where parameters come from."""
    geometry = {entry[0]: entry for entry in networks.convolutions(spec)}

    def convolve(name, x):
        _, _, _, _, groups, kernel, stride = geometry[name]
        return graph.node("Conv", name, [x, *numbers.parameters(name)], kernel_shape=[kernel] * 2,
                          strides=[stride] * 2, pads=[kernel // 2] * 4, group=groups)

    def relu(name, x):
        return numbers.output(name, graph.node("Relu", f"{name}/relu", [x]))

    x = relu("conv1", convolve("conv1", numbers.image("images")))
    x = graph.node("MaxPool", "maxpool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    for name, *_ in networks.blocks_of(spec):
        inner = relu(f"{name}.conv2", convolve(f"{name}.conv2", relu(f"{name}.conv1", convolve(f"{name}.conv1", x))))
        if name.endswith(".0"):
            shortcut = f"{name}.downsample.0"
            x = numbers.output(shortcut, convolve(shortcut, x), signed=True)
        inner = numbers.branch(f"{name}.conv3", convolve(f"{name}.conv3", inner))
        x = relu(f"{name}.conv3", graph.node("Add", f"{name}.conv3/add", [inner, x]))
    x = graph.node("Flatten", "avgpool/flatten", [graph.node("GlobalAveragePool", "avgpool", [x])])
    x = numbers.output("avgpool", x)
    return graph.node("Gemm", "fc", [x, *numbers.parameters("fc")], transB=1)


def build(spec, folded):
    """The network in f32."""
    graph = Graph()
    return graph.model(write(graph, Floats(graph, folded), spec))


def build_int8(spec, tensors):
    """The network in int8."""
    graph = Graph()
    return graph.model(write(graph, Steps(graph, tensors), spec))
