#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Trains a small ResNeXt on Fashion-MNIST, and measures its accuracy through Cardinal in each number format.

    tools/train_fashion_mnist.py [FOLDER] [--cardinal PROGRAM] [--epochs N] [--threads N] [--formats f32,bf16,int8]

FOLDER (default build/fashion-mnist) gets the trained weights (fashion.safetensors, with torchvision's names), the
quantised ones and the pictures as PNG files; weights that are there already are taken as they are. The 28x28 pictures
are padded to 32x32. Training takes some eight minutes of one core's time; then `cardinal quantize` calibrates on 1,000
training pictures, and `cardinal classify` names the 10,000 test pictures. The exit status is 1 if bf16 is more than 0.1
points from f32's accuracy, or int8 more than 0.5.

Needs Debian's dataset-fashion-mnist, python3-torch and python3-numpy, and /usr/bin/python3.
"""
import argparse
import gzip
import json
import pathlib
import struct
import subprocess
import sys
import time
import zlib

try:
    import numpy as np
    import torch
    from torch import nn
except ImportError as missing:
    sys.exit(f"{missing}; Debian: apt-get install python3-torch python3-numpy, and run this with /usr/bin/python3")

import safetensors_files

DATA = pathlib.Path("/usr/share/datasets/fashion-mnist")
BLOCKS, GROUPS, WIDTH, CLASSES = (2, 2, 2, 2), 8, 4, 10
STEM, STAGE = 32, 64  # channels of the stem and of the first stage's blocks; torchvision's have 64 and 256
SIZE = 32
MEAN, DEVIATION = 0.286, 0.353
BATCH = 256
CALIBRATED_ON = 1000
# Points of top-1 that a format may lie away from f32.
ALLOWED = {"bf16": 0.1, "int8": 0.5}


# ---- data ------------------------------------------------------------------------------------------------------


def read_idx(name):
    path = DATA / name
    try:
        content = gzip.decompress(path.read_bytes())
    except OSError as error:
        sys.exit(f"{path}: {error.strerror}; Debian: apt-get install dataset-fashion-mnist")
    rank = content[3]
    shape = struct.unpack(f">{rank}I", content[4:4 + 4 * rank])
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)


def read_pictures(part):
    pictures = read_idx(f"{part}-images-idx3-ubyte.gz")
    margin = (SIZE - pictures.shape[1]) // 2
    return np.pad(pictures, ((0, 0), (margin, margin), (margin, margin))), read_idx(f"{part}-labels-idx1-ubyte.gz")


def write_png(path, picture):
    """8-bit grey."""
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    height, width = picture.shape
    rows = b"".join(b"\0" + row.tobytes() for row in picture)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) +
                     chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def write_pictures(folder, pictures):
    """Their names sort in their order. A folder that is complete is left as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    if len(list(folder.iterdir())) != len(pictures):
        for index, picture in enumerate(pictures):
            write_png(folder / f"{index:05}.png", picture)
    return folder


def to_input(pictures):
    x = (torch.from_numpy(pictures).float() / 255 - MEAN) / DEVIATION
    return x[:, None].expand(-1, 3, -1, -1)


# ---- the network -----------------------------------------------------------------------------------------------


class Bottleneck(nn.Module):
    """torchvision's, with its names."""

    def __init__(self, inputs, width, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, groups=GROUPS, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if inputs != outputs or stride > 1:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = torch.relu(self.bn1(self.conv1(x)))
        y = torch.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNeXt(nn.Module):
    """torchvision's ResNet(Bottleneck, BLOCKS, groups=GROUPS, width_per_group=WIDTH) with narrower streams."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, STEM, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(STEM)
        channels = STEM
        for stage, blocks in enumerate(BLOCKS):
            layers = []
            for block in range(blocks):
                stride = 2 if stage and not block else 1
                layers.append(Bottleneck(channels, GROUPS * WIDTH << stage, STAGE << stage, stride))
                channels = STAGE << stage
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layers))
        self.fc = nn.Linear(channels, CLASSES)

    def forward(self, x):
        x = nn.functional.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


def prepare(model):
    """He's initialisation; each block begins as the identity (Goyal et al. 2017, arXiv:1706.02677)."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, Bottleneck):
            nn.init.zeros_(module.bn3.weight)


def augment(pictures, random):
    """Mirrored, and moved by up to two pixels, at random."""
    pictures = np.where(random.random((len(pictures), 1, 1)) < 0.5, pictures[:, :, ::-1], pictures)
    down, right = random.integers(-2, 3, 2)
    return np.roll(pictures, (down, right), (1, 2))


def accuracy_in_torch(model, pictures, labels):
    model.eval()
    right = 0
    with torch.no_grad():
        for begin in range(0, len(pictures), 500):
            found = model(to_input(pictures[begin:begin + 500])).argmax(1).numpy()
            right += int((found == labels[begin:begin + 500]).sum())
    return 100 * right / len(pictures)


def train(epochs):
    pictures, labels = read_pictures("train")
    test = read_pictures("t10k")
    torch.manual_seed(1)
    random = np.random.default_rng(1)
    model = ResNeXt()
    prepare(model)
    steps = -(-len(pictures) // BATCH)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9, weight_decay=5e-4, nesterov=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=0.2, epochs=epochs, steps_per_epoch=steps)
    start = time.monotonic()
    for epoch in range(epochs):
        model.train()
        order, loss_sum = random.permutation(len(pictures)), 0.0
        for step in range(steps):
            chosen = order[step * BATCH:(step + 1) * BATCH]
            loss = nn.functional.cross_entropy(model(to_input(augment(pictures[chosen], random))),
                                               torch.from_numpy(labels[chosen]).long())
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            loss_sum += float(loss)
        print(f"epoch {epoch + 1} of {epochs}: loss {loss_sum / steps:.4f}, {accuracy_in_torch(model, *test):.2f} % of "
              f"the test pictures right in PyTorch, {time.monotonic() - start:.0f} s", flush=True)
    return model


def write_weights(path, model):
    safetensors_files.write(path, {name: tensor.numpy().astype("<f4") for name, tensor in model.state_dict().items()
                                   if not name.endswith("num_batches_tracked")}, {"format": "pt"})


# ---- Cardinal --------------------------------------------------------------------------------------------------

AS_TRAINED = ["--crop", str(SIZE), "--resize", str(SIZE), "--mean", str(MEAN), "--std", str(DEVIATION)]


def run(*command):
    try:
        return subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE, text=True).stdout
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}; build it, or say --cardinal PROGRAM")
    except subprocess.CalledProcessError as error:
        sys.exit(f"{command[0]} {command[1]} ended with status {error.returncode}")


def accuracy(cardinal, options, folder, labels):
    """Top-1 of the pictures in `folder`, whose names sort in the order of `labels`, in percent."""
    lines = run(cardinal, "classify", *options, *AS_TRAINED, "--batch", "100", "--top", "1", "--ndjson",
                folder).splitlines()
    found = [json.loads(line)["top"][0]["class"] for line in lines]
    if len(found) != len(labels):
        sys.exit(f"{len(found)} results for {len(labels)} pictures")
    return 100 * sum(int(a) == int(b) for a, b in zip(found, labels)) / len(labels)


def measure(folder, cardinal, formats):
    pictures, labels = read_pictures("t10k")
    test = write_pictures(folder / "test", pictures)
    weights, quantised = folder / "fashion.safetensors", folder / "fashion.int8.safetensors"
    options = {"f32": ["--weights", weights], "bf16": ["--weights", weights, "--precision", "bf16"],
               "int8": ["--weights", quantised]}
    if "int8" in formats:
        shown = write_pictures(folder / "calibration", read_pictures("train")[0][:CALIBRATED_ON])
        print(run(cardinal, "quantize", "--weights", weights, *AS_TRAINED, "-o", quantised, "--calibrate", shown))
    found, missed = {}, []
    for name in formats:
        found[name] = accuracy(cardinal, options[name], test, labels)
        apart = found[name] - found.get("f32", found[name])
        print(f"{name}: {found[name]:.2f} % of the {len(labels)} test pictures right, {apart:+.2f} points from f32")
        if abs(apart) > ALLOWED.get(name, 0):
            missed.append(f"{name} is {abs(apart):.2f} points from f32, allowed are {ALLOWED[name]}")
    if missed:
        sys.exit("\n".join(missed))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", default="build/fashion-mnist", type=pathlib.Path)
    parser.add_argument("--cardinal", default="build/release/tools/cardinal")
    parser.add_argument("--epochs", default=8, type=int)
    parser.add_argument("--threads", default=2, type=int, help="of the training (default 2)")
    parser.add_argument("--formats", default="f32,bf16,int8", type=lambda text: text.split(","))
    options = parser.parse_args()
    unknown = set(options.formats) - {"f32", "bf16", "int8"}
    if unknown or options.formats[0] != "f32":
        parser.error("--formats begins with f32; bf16 and int8 may follow")
    torch.set_num_threads(options.threads)
    options.folder.mkdir(parents=True, exist_ok=True)
    weights = options.folder / "fashion.safetensors"
    if not weights.exists():
        write_weights(weights, train(options.epochs))
    measure(options.folder, options.cardinal, options.formats)


if __name__ == "__main__":
    main()
