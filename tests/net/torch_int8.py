#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tools/import_torch_int8.py: what Cardinal computes from a model that PyTorch has quantised, beside PyTorch's layers.

usage: torch_int8.py CARDINAL. Skipped (77) where no Python has PyTorch, torchvision and NumPy.
"""
import contextlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
NEEDED = ("torch", "torchvision", "numpy")
FIND = f"import importlib.util, sys; sys.exit(any(importlib.util.find_spec(name) is None for name in {NEEDED}))"
MODEL, SIZE, LAYERS = "resnext50_32x4d", 64, 56
# Cosines, the farthest output as a share of the largest; docs/quantisation.md says what was found.
LEAST_OF_LAYERS, LEAST_OF_LOGITS = 0.999, 0.9995
MOST_OFF_LAYERS, MOST_OFF_LOGITS = 0.2, 0.05


def python_with_torch():
    """The interpreter to run in; None if there is none."""
    for python in dict.fromkeys((sys.executable, "/usr/bin/python3")):
        with contextlib.suppress(OSError):
            if subprocess.run([python, "-c", FIND], check=False).returncode == 0:
                return python
    return None


class Import(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        sys.path.insert(0, str(SOURCE / "tools"))
        import import_torch_int8
        cls.tool = import_torch_int8
        cls.state, cls.reference = import_torch_int8.quantise_seeded(MODEL, 1, SIZE)
        cls.images = len(cls.reference["input"])
        cls.folder = tempfile.TemporaryDirectory(prefix="cardinal-torch-")
        cls.addClassCleanup(cls.folder.cleanup)

    def path(self, name):
        return pathlib.Path(self.folder.name) / name

    def layers_beside_pytorch(self, change=lambda tensors: None):
        """What `cardinal verify` says of the layers of the imported weights."""
        tensors = self.tool.Importer(self.state).run()
        change(tensors)
        self.tool.write_weights(self.path("q"), MODEL, tensors)
        self.tool.write_reference(self.path("reference"), self.reference)
        done = subprocess.run([sys.argv[1], "verify", "--weights", self.path("q"), "--reference",
                               self.path("reference"), "--tolerance", str(MOST_OFF_LAYERS), "--json"],
                              capture_output=True, text=True, check=False)
        self.assertTrue(done.stdout, done.stderr)
        told = json.loads(done.stdout)
        self.assertEqual((told["precision"], told["model"], len(told["layers"])), ("int8", MODEL, LAYERS))
        return told["layers"]

    def test_layers(self):
        layers = self.layers_beside_pytorch()
        least = min(layers, key=lambda layer: layer["cosine"])
        farthest = max(layers, key=lambda layer: layer["share_of_largest"])
        logits = layers[-1]
        print(f"least cosine {least['cosine']:.5f} ({least['name']}), farthest output "
              f"{farthest['share_of_largest']:.4f} of its layer's largest ({farthest['name']}); "
              f"logits {logits['cosine']:.5f}, "
              f"{logits['share_of_largest']:.4f}, {logits['images_of_the_same_class']} of {self.images} images alike")
        self.assertGreater(least["cosine"], LEAST_OF_LAYERS, least)
        self.assertFalse(farthest["departs"], farthest)
        self.assertGreater(logits["cosine"], LEAST_OF_LOGITS)
        self.assertLess(logits["share_of_largest"], MOST_OFF_LOGITS)
        self.assertEqual(logits["images_of_the_same_class"], self.images)

    def test_wrong_scales_are_seen(self):
        for name in ("conv1.weight_scale", "layer1.0.downsample.0.weight_scale"):
            layers = self.layers_beside_pytorch(lambda tensors: tensors.update({name: tensors[name] * 1.1}))
            self.assertLess(min(layer["cosine"] for layer in layers), LEAST_OF_LAYERS, name)

    def refuse(self, change, told):
        state = dict(self.state)
        change(state)
        with self.assertRaises(SystemExit) as end, contextlib.redirect_stderr(io.StringIO()):
            self.tool.Importer(state).run()
        self.assertIn(told, str(end.exception))

    def test_what_is_no_such_model(self):
        weight = self.state["layer1.0.conv1.weight"]
        self.refuse(lambda state: state.pop("quant.scale"), 'no "quant.scale"')
        self.refuse(lambda state: state.pop("layer2.0.conv3.scale"), 'no "layer2.0.conv3.scale"')
        self.refuse(lambda state: state.pop("fc._packed_params._packed_params"), 'no "fc._packed_params')
        self.refuse(lambda state: state.update({"layer1.0.conv2.zero_point": 3}),
                    "layer1.0.conv2: expected zero point 0, found 3")
        self.refuse(lambda state: state.update({"layer1.0.conv1.weight": weight.dequantize()}),
                    "layer1.0.conv1: expected weights in qint8, found torch.float32")


if __name__ == "__main__":
    python = python_with_torch()
    if not python:
        print(f"skipped: no Python here has {', '.join(NEEDED)} (Debian: python3-torch, python3-torchvision, "
              "python3-numpy)")
        sys.exit(77)
    if python != sys.executable:
        os.execv(python, [python, *sys.argv])
    unittest.main(argv=sys.argv[:1], verbosity=2)
