#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes net/imagenet_classes.c: the names of ImageNet's 1000 classes in the order of the logits of torchvision's
models, from torchvision's own list (Debian: python3-torchvision)."""

import pathlib

from torchvision.models._meta import _IMAGENET_CATEGORIES


def main():
    assert len(_IMAGENET_CATEGORIES) == 1000
    assert all(name.isascii() and '"' not in name for name in _IMAGENET_CATEGORIES)
    lines = [
        "/* SPDX-License-Identifier: BSD-3-Clause */",
        "/* Made by tools/reference/make_classes.py. The names are the short ones that torchvision uses. */",
        "#include <cardinal/net.h>",
        "",
        "static const char *const classes[1000] = {",
    ]
    lines += [f'    "{name}",' for name in _IMAGENET_CATEGORIES]
    lines += [
        "};",
        "",
        "const char *cardinal_imagenet_class(size_t index) {",
        "  return index < sizeof classes / sizeof classes[0] ? classes[index] : NULL;",
        "}",
    ]
    path = pathlib.Path(__file__).resolve().parents[2] / "net" / "imagenet_classes.c"
    path.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
