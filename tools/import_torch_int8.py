#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes weights in int8 (docs/quantisation.md) from a ResNet or ResNeXt that PyTorch has quantised.

    tools/import_torch_int8.py resnext101_32x8d_fbgemm_09835ccf.pth --model resnext101_32x8d -o q.safetensors
    tools/import_torch_int8.py --seeded 1 --model resnet50 -o q.safetensors --reference layers.safetensors

Takes state dictionaries of torchvision.models.quantization's models with bottleneck blocks, converted for FBGEMM: 7
bits for activations (reduce_range), 8 for weights, a scale for each output channel. --seeded makes one instead: the
model with weights by a seed, calibrated on seeded images; for trying this script. --reference writes two such images
and what PyTorch makes of them layer by layer, for

    cardinal verify --weights q.safetensors --reference layers.safetensors --tolerance 0.1 -v

Numbers are taken as they are: a zero point other than 0 behind a ReLU is refused, and a weight of -128, which Cardinal
doesn't have, becomes -127. The range of the convolution on a shortcut, which has a zero point in PyTorch, becomes
symmetric. PyTorch rounds a block's last convolution before it adds the shortcut; Cardinal doesn't.

Only load state dictionaries that you trust: they are pickles. Needs Debian's python3-torch, python3-torchvision and
python3-numpy.
"""
import argparse
import sys
import warnings

try:
    import numpy as np
    import torch
    from torchvision.models import quantization
except ImportError as missing:
    sys.exit(f"{missing}; Debian: apt-get install python3-torch python3-torchvision python3-numpy, and run this with "
             "/usr/bin/python3")

import safetensors_files

MOST = 127


def fail(message):
    sys.exit(f"import_torch_int8.py: {message}")


# ---- seeded models -----------------------------------------------------------------------------------------------


def make_model(name):
    """torchvision's, unfused and in f32."""
    if name not in ("resnet50", "resnext101_32x8d", "resnext101_64x4d", "resnext50_32x4d"):
        fail(f"--model: torchvision has no quantisable \"{name}\" with bottleneck blocks that this script knows")
    if hasattr(quantization, name):
        return getattr(quantization, name)(weights=None, quantize=False)
    groups, width = {"resnext50_32x4d": (32, 4), "resnext101_64x4d": (64, 4)}[name]
    blocks = [3, 4, 6 if name == "resnext50_32x4d" else 23, 3]
    return quantization.QuantizableResNet(quantization.resnet.QuantizableBottleneck, blocks, groups=groups,
                                          width_per_group=width)


def record_layers(model, layers):
    """Has the model put each layer's outputs into `layers`, as real numbers under the names of docs/references.md."""
    def keep(name):
        def hook(module, inputs, output):
            layers[name] = (output.dequantize() if output.is_quantized else output).numpy().astype("<f4")
        return hook

    for name, module in model.named_modules():
        part = name.split(".")[-1]
        if part == "skip_add_relu":
            # A functional module, whose method is what is called.
            def add_relu(x, y, called=module.add_relu, told=keep(name.replace(part, "conv3"))):
                output = called(x, y)
                told(None, None, output)
                return output
            module.add_relu = add_relu
        elif part in ("conv1", "conv2", "maxpool", "avgpool", "fc") or name.endswith("downsample.0"):
            module.register_forward_hook(keep(name))


def quantise_seeded(name, seed, size):
    """The state of the model in int8, and images with what PyTorch makes of them, {"input": ..., "fc": ..., ...}."""
    torch.manual_seed(seed)
    engines = torch.backends.quantized.supported_engines
    torch.backends.quantized.engine = "fbgemm" if "fbgemm" in engines else "onednn"
    model = make_model(name).eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.0)
            torch.nn.init.uniform_(module.bias, -0.1, 0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fuse_model()
        model.qconfig = torch.quantization.get_default_qconfig("fbgemm")
        torch.quantization.prepare(model, inplace=True)
        with torch.no_grad():
            for _ in range(8):
                model(torch.rand(4, 3, size, size) * 4 - 2)
        torch.quantization.convert(model, inplace=True)
        images = torch.rand(2, 3, size, size) * 4 - 2
        reference = {"input": images.numpy()}
        state = model.state_dict()
        record_layers(model, reference)
        with torch.no_grad():
            model(images)
    return state, reference


# ---- from one to the other ---------------------------------------------------------------------------------------


class Importer:
    def __init__(self, state):
        self.state = state
        self.tensors = {}
        self.raised = 0

    def number(self, key):
        if key not in self.state:
            fail(f"the state dictionary has no \"{key}\": is it that of a quantised model with bottleneck blocks?")
        return float(self.state[key].reshape(-1)[0]) if isinstance(self.state[key], torch.Tensor) else self.state[key]

    def put(self, name, values, dtype="<f4"):
        self.tensors[name] = np.array(values, dtype, order="C")

    def put_range(self, layer, source):
        """The range of a tensor behind a ReLU."""
        if self.number(f"{source}.zero_point") != 0:
            fail(f"{source}: expected zero point 0, found {self.number(f'{source}.zero_point'):g}")
        self.put(f"{layer}.output_scale", self.number(f"{source}.scale"))

    def put_signed_range(self, layer):
        zero = self.number(f"{layer}.zero_point")
        self.put(f"{layer}.output_scale", self.number(f"{layer}.scale") * max(zero, MOST - zero) / MOST)

    def put_weights(self, layer, weight, bias, factor=1.0):
        """`factor` is that of the layer's input, where weights have it in them."""
        if not weight.is_quantized or weight.dtype != torch.qint8:
            fail(f"{layer}: expected weights in qint8, found {weight.dtype}")
        numbers = weight.int_repr().numpy().astype(np.int16)
        self.raised += int((numbers < -MOST).sum())
        per_channel = weight.qscheme() in (torch.per_channel_affine, torch.per_channel_symmetric)
        scales = (weight.q_per_channel_scales().numpy() if per_channel
                  else np.full(weight.shape[0], weight.q_scale()))
        zeros = weight.q_per_channel_zero_points().numpy() if per_channel else np.array([weight.q_zero_point()])
        if zeros.any():
            fail(f"{layer}: expected symmetric weights, found zero points")
        self.put(f"{layer}.weight", np.maximum(numbers, -MOST), "i1")
        self.put(f"{layer}.weight_scale", scales.astype(np.float64) * factor)
        self.put(f"{layer}.bias", np.zeros(weight.shape[0]) if bias is None else bias.detach().numpy())

    def put_conv(self, layer, factor=1.0):
        self.number(f"{layer}.scale")
        self.put_weights(layer, self.state[f"{layer}.weight"], self.state.get(f"{layer}.bias"), factor)

    def run(self):
        scale = self.number("quant.scale")
        self.put("conv1.input_scale", np.full(3, scale))
        self.put("conv1.input_zero", np.full(3, self.number("quant.zero_point")), "i1")
        self.put_conv("conv1", scale)
        self.put_range("conv1", "conv1")
        last = None
        for stage in range(1, 5):
            block = 0
            while f"layer{stage}.{block}.conv3.scale" in self.state:
                last = f"layer{stage}.{block}"
                for conv in ("conv1", "conv2", "conv3"):
                    self.put_conv(f"{last}.{conv}")
                self.put_range(f"{last}.conv1", f"{last}.conv1")
                self.put_range(f"{last}.conv2", f"{last}.conv2")
                self.put_range(f"{last}.conv3", f"{last}.skip_add_relu")
                if block == 0:
                    self.put_conv(f"{last}.downsample.0")
                    self.put_signed_range(f"{last}.downsample.0")
                block += 1
            if not block:
                fail(f"the state dictionary has no \"layer{stage}.0.conv3.scale\": is it that of a quantised model "
                     "with bottleneck blocks?")
        self.put("avgpool.output_scale", self.number(f"{last}.skip_add_relu.scale"))
        if "fc._packed_params._packed_params" not in self.state:
            fail("the state dictionary has no \"fc._packed_params._packed_params\"")
        self.put_weights("fc", *self.state["fc._packed_params._packed_params"])
        return self.tensors


def write(path, tensors, metadata):
    try:
        safetensors_files.write(path, tensors, metadata)
    except OSError as error:
        fail(error)


def write_weights(path, model, tensors):
    write(path, dict(sorted(tensors.items())), {"cardinal.quantised": "1", "cardinal.model": model})


def write_reference(path, reference):
    write(path, reference, {"cardinal.reference": "1"})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("state", nargs="?", help="a state dictionary, as torch.save writes it")
    parser.add_argument("--model", required=True, help="its architecture's name")
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--seeded", type=int, metavar="SEED", help="make a model instead")
    parser.add_argument("--size", type=int, default=224, help="--seeded: rows and columns of its images (default 224)")
    parser.add_argument("--reference", help="--seeded: where images and their layers' outputs go")
    options = parser.parse_args()
    if (options.state is None) == (options.seeded is None):
        parser.error("either a state dictionary or --seeded SEED")
    if options.reference and options.seeded is None:
        parser.error("--reference goes with --seeded")
    if options.seeded is None:
        try:
            state = torch.load(options.state, map_location="cpu")
        except Exception as error:  # whatever a pickle may raise
            fail(f"{options.state}: {error}")
    else:
        state, reference = quantise_seeded(options.model, options.seeded, options.size)
    importer = Importer(state)
    tensors = importer.run()
    write_weights(options.output, options.model, tensors)
    if options.reference:
        write_reference(options.reference, reference)
    print(f"wrote {options.output}: {options.model}, {len(tensors)} tensors; {importer.raised} weights of -128 became "
          f"-{MOST}")


if __name__ == "__main__":
    main()
