#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks `cardinal classify` against PyTorch on real photos, end to end.

usage: check_top5.py [--cardinal PROGRAM] [--model NAME]... [--dtype F32|F16|BF16] [--precision f32|bf16] [PHOTO...]

For each model (default: resnet50 and resnext50_32x4d) makes torchvision's own network with PyTorch's seeded
initialisation, calibrates its batch norms on the photos, writes its state as a safetensors file, and lets both programs
classify the photos (default: those in tests/data/photos). The five best classes must agree, in order, and the largest
difference of their logits must stay within 1e-4 of the largest one.

In bf16, PyTorch rounds what Cardinal does: weights with batch norm folded in, images, and each layer's output. Sums are
in another order, so that some numbers fall to the other side, and these networks make much of that: logits must stay
within 0.04 of the largest one, and classes that are so near may be in another order. How far both are from f32 is told.

Needs PyTorch and torchvision (Debian: python3-torch, python3-torchvision).
"""

import argparse
import copy
import json
import pathlib
import subprocess
import sys
import tempfile

import torch
from PIL import Image, ImageOps
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision import models, transforms

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import safetensors_files

NORMALIZE = transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
EVALUATION = transforms.Compose(
    [transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(), NORMALIZE])
AUGMENTATION = transforms.Compose(
    [transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip(), transforms.ToTensor(), NORMALIZE])
DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
# How far a logit may be off, and how far apart classes may be that change places, as shares of the largest logit.
ALLOWED = {"f32": (1e-4, 0.0), "bf16": (0.04, 0.04)}


def make_model(name, photos, dtype):
    """A network whose answers depend on the photo: random weights, batch norms that fit the data."""
    torch.manual_seed(0)
    model = getattr(models, name)() if hasattr(models, name) else custom(name)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None  # the average of all batches, each counted the same
    model.train()
    with torch.no_grad():
        for _ in range(3):
            model(torch.stack([AUGMENTATION(photo) for photo in photos for _ in range(4)]))
        # PyTorch's initial classifier is so weak that all classes are about as likely.
        model.fc.weight *= 20
    for tensor in model.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(tensor.to(DTYPES[dtype]))
    return model.eval()


def custom(name):
    """Members of the family that torchvision has no function for, such as resnext101_32x4d."""
    depth, shape = name.removeprefix("resnext").split("_")
    groups, width = shape.removesuffix("d").split("x")
    blocks = [3, 4, {"50": 6, "101": 23}[depth], 3]
    return models.resnet.ResNet(models.resnet.Bottleneck, blocks, groups=int(groups), width_per_group=int(width))


def rounded(tensor):
    return tensor.to(torch.bfloat16).to(torch.float32)


def in_bf16(model):
    """The model as Cardinal computes it in bf16: products of rounded numbers, summed up in f32."""
    model = copy.deepcopy(model)
    model.conv1, model.bn1 = fuse_conv_bn_eval(model.conv1, model.bn1), torch.nn.Identity()
    for block in model.modules():
        if not isinstance(block, models.resnet.Bottleneck):
            continue
        for i in (1, 2, 3):
            folded = fuse_conv_bn_eval(getattr(block, f"conv{i}"), getattr(block, f"bn{i}"))
            setattr(block, f"conv{i}", folded)
            setattr(block, f"bn{i}", torch.nn.Identity())
        # What a shortcut passes on is rounded as well as what the convolutions take.
        block.register_forward_pre_hook(lambda module, inputs: (rounded(inputs[0]),))
        if block.downsample:
            block.downsample = torch.nn.Sequential(fuse_conv_bn_eval(*block.downsample))
            block.downsample.register_forward_hook(lambda module, inputs, output: rounded(output))
    for layer in model.modules():
        if isinstance(layer, (torch.nn.Conv2d, torch.nn.Linear)):
            layer.weight.copy_(rounded(layer.weight))
            layer.register_forward_pre_hook(lambda module, inputs: (rounded(inputs[0]),))
    return model


def stored(tensor, dtype):
    """As it stands in the file; NumPy has no bfloat16, whose bits can be seen as integers."""
    if not tensor.is_floating_point():
        return tensor.numpy()
    tensor = tensor.to(DTYPES[dtype]).contiguous()
    return tensor.view(torch.int16).numpy().view("<u2") if dtype == "BF16" else tensor.numpy()


def run_cardinal(program, weights, precision, paths):
    """What recognised the model, and all logits."""
    result = subprocess.run([program, "classify", "--json", "--precision", precision, "--top", "1000", "--weights",
                             weights, *paths], check=True, stdout=subprocess.PIPE)
    document = json.loads(result.stdout)
    logits = torch.zeros(len(paths), 1000)
    for row, photo in zip(logits, document["photos"]):
        for entry in photo["top"]:
            row[entry["class"]] = entry["logit"]
    return document["model"], logits


def check_model(program, name, dtype, precision, paths):
    photos = [ImageOps.exif_transpose(Image.open(path)).convert("RGB") for path in paths]
    model = make_model(name, photos, dtype)
    with tempfile.TemporaryDirectory() as directory, torch.no_grad():
        weights = pathlib.Path(directory) / f"{name}.safetensors"
        safetensors_files.write(weights, {name: stored(tensor, dtype) for name, tensor in model.state_dict().items()},
                                {"format": "pt"})
        recognised, our_logits = run_cardinal(program, weights, precision, paths)
        images = torch.stack([EVALUATION(photo) for photo in photos])
        exact = model(images)
        their_logits = in_bf16(model)(images) if precision == "bf16" else exact

    agree = recognised == name
    print(f"{name} ({dtype}) in {precision}, recognised as {recognised}")
    off, near = ALLOWED[precision]
    for path, ours, theirs, right in zip(paths, our_logits, their_logits, exact):
        largest = theirs.abs().max()
        expected, found = theirs.topk(5).indices, ours.topk(5).indices
        difference = (ours - theirs).abs().max() / largest
        apart = (theirs[expected] - theirs[found]).abs().max() / largest
        same = bool(difference <= off and apart <= near)
        agree = agree and same
        print(f"  {'ok  ' if same else 'FAIL'} {path.name}: PyTorch {expected.tolist()}, cardinal {found.tolist()}, "
              f"logits differ by at most {difference:.2g} of the largest, {largest:.3f}")
        if precision != "f32":
            print(f"       off f32: PyTorch {(theirs - right).abs().max() / largest:.3f}, cardinal "
                  f"{(ours - right).abs().max() / largest:.3f}")
    return agree


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cardinal", default=ROOT / "build" / "release" / "tools" / "cardinal", type=pathlib.Path)
    parser.add_argument("--model", action="append")
    parser.add_argument("--dtype", default="F32", choices=DTYPES)
    parser.add_argument("--precision", default="f32", choices=ALLOWED)
    parser.add_argument("photos", nargs="*", type=pathlib.Path)
    arguments = parser.parse_args()
    directory = ROOT / "tests" / "data" / "photos"
    photos = arguments.photos or [
        directory / name for name in ("chelsea.png", "coffee.jpg", "grace_hopper.jpg", "rocket.jpg")]
    results = [check_model(arguments.cardinal, name, arguments.dtype, arguments.precision, photos)
               for name in arguments.model or ["resnet50", "resnext50_32x4d"]]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
