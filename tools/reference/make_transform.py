#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes the photos in tests/data/photos/ and what torchvision's evaluation transform makes of them.

<photo>.<resize>.png is the picture after resize and centre crop of 224, before scaling to [0, 1] and normalisation;
chelsea.16.npy the whole transform with resize and crop of 16, as float32 [3][16][16].
Needs torchvision, scikit-image and matplotlib's data (Debian: python3-torchvision, python3-skimage,
python-matplotlib-data). tests/data/photos/README.md says where the photos come from.
"""

import pathlib
import shutil

import numpy as np
import skimage
from PIL import Image
from torchvision import transforms

SKIMAGE = pathlib.Path(skimage.__file__).parent / "data"
MATPLOTLIB = pathlib.Path("/usr/share/matplotlib/mpl-data/sample_data")
DIRECTORY = pathlib.Path(__file__).resolve().parents[2] / "tests" / "data" / "photos"
NORMALIZE = transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def main():
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    for photo in (SKIMAGE / "chelsea.png", SKIMAGE / "rocket.jpg", MATPLOTLIB / "grace_hopper.jpg"):
        shutil.copyfile(photo, DIRECTORY / photo.name)
    # The original is large; as a progressive file with subsampled colour it exercises the decoder as well.
    coffee = Image.open(SKIMAGE / "coffee.png").convert("RGB")
    coffee.save(DIRECTORY / "coffee.jpg", quality=88, progressive=True, subsampling="4:2:0")

    for name, resize in (("chelsea.png", 256), ("chelsea.png", 232), ("rocket.jpg", 256), ("grace_hopper.jpg", 256),
                         ("grace_hopper.jpg", 232), ("coffee.jpg", 256)):
        photo = Image.open(DIRECTORY / name).convert("RGB")
        cropped = transforms.Compose([transforms.Resize(resize), transforms.CenterCrop(224)])(photo)
        cropped.save(DIRECTORY / f"{pathlib.Path(name).stem}.{resize}.png", optimize=True)

    photo = Image.open(DIRECTORY / "chelsea.png").convert("RGB")
    whole = transforms.Compose([transforms.Resize(16), transforms.CenterCrop(16), transforms.ToTensor(), NORMALIZE])
    np.save(DIRECTORY / "chelsea.16.npy", whole(photo).numpy())


if __name__ == "__main__":
    main()
