#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks `cardinal classify` against PyTorch on real photos, end to end.

usage: check_top5.py [--cardinal PROGRAM] [--model NAME]... [--dtype F32|F16|BF16] [PHOTO...]

For each model (default: resnet50 and resnext50_32x4d) makes torchvision's own network with PyTorch's seeded
initialisation, calibrates its batch norms on the photos, writes its state as a safetensors file, and lets both programs
classify the photos (default: those in tests/data/photos). The five best classes must agree, in order, and the largest
difference of their logits must stay within 1e-4 of the largest one. Needs PyTorch and torchvision (Debian:
python3-torch, python3-torchvision).
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import torch
from PIL import Image, ImageOps
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


def stored(tensor, dtype):
    """As it stands in the file; NumPy has no bfloat16, whose bits can be seen as integers."""
    if not tensor.is_floating_point():
        return tensor.numpy()
    tensor = tensor.to(DTYPES[dtype]).contiguous()
    return tensor.view(torch.int16).numpy().view("<u2") if dtype == "BF16" else tensor.numpy()


def run_cardinal(program, weights, paths):
    result = subprocess.run([program, "classify", "--json", "--weights", weights, *paths], check=True,
                            stdout=subprocess.PIPE)
    return json.loads(result.stdout)


def check_model(program, name, dtype, paths):
    photos = [ImageOps.exif_transpose(Image.open(path)).convert("RGB") for path in paths]
    model = make_model(name, photos, dtype)
    with tempfile.TemporaryDirectory() as directory, torch.no_grad():
        weights = pathlib.Path(directory) / f"{name}.safetensors"
        safetensors_files.write(weights, {name: stored(tensor, dtype) for name, tensor in model.state_dict().items()},
                                {"format": "pt"})
        document = run_cardinal(program, weights, paths)
        logits = model(torch.stack([EVALUATION(photo) for photo in photos]))

    agree = document["model"] == name
    print(f"{name} ({dtype}), recognised as {document['model']}")
    for path, ours, theirs in zip(paths, document["photos"], logits):
        values, classes = theirs.topk(5)
        found = [entry["class"] for entry in ours["top"]]
        difference = max(abs(entry["logit"] - theirs[entry["class"]].item()) for entry in ours["top"])
        same = found == classes.tolist() and difference <= 1e-4 * theirs.abs().max().item()
        agree = agree and same
        print(f"  {'ok  ' if same else 'FAIL'} {path.name}: PyTorch {classes.tolist()}, cardinal {found}, logits from "
              f"{values[0]:.3f} to {values[4]:.3f} differ by at most {difference:.2g}")
    return agree


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cardinal", default=ROOT / "build" / "release" / "tools" / "cardinal", type=pathlib.Path)
    parser.add_argument("--model", action="append")
    parser.add_argument("--dtype", default="F32", choices=DTYPES)
    parser.add_argument("photos", nargs="*", type=pathlib.Path)
    arguments = parser.parse_args()
    directory = ROOT / "tests" / "data" / "photos"
    photos = arguments.photos or [
        directory / name for name in ("chelsea.png", "coffee.jpg", "grace_hopper.jpg", "rocket.jpg")]
    results = [check_model(arguments.cardinal, name, arguments.dtype, photos)
               for name in arguments.model or ["resnet50", "resnext50_32x4d"]]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
