# SPDX-License-Identifier: BSD-3-Clause
"""script/compare's models: what ONNX Runtime computes from our ONNX against Cardinal's own logits, and ncnn's files.

usage: models.py WORKER TOOL: bench/cardinal_peer_worker and tools/cardinal. Skipped (77) without the virtual
environment that script/compare makes.
"""

import importlib
import pathlib
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PYTHON = SOURCE / "build" / "compare" / "venv" / "bin" / "python"
# Every kind of block, in a small network.
MODEL = "resnext14_8x4d_1-1-1-1"


class Models(unittest.TestCase):
    def setUp(self):
        sys.path.insert(0, str(SOURCE / "tools" / "peers"))
        self.modules = {name: importlib.import_module(name)
                        for name in ("folding", "networks", "models", "ncnn_model", "onnx_model", "rounds",
                                     "onnxruntime", "numpy")}
        folding, networks = self.modules["folding"], self.modules["networks"]
        self.spec = networks.parse(MODEL)
        self.folded = folding.fold(self.spec, folding.synthetic_state(self.spec))

    def logits_of_cardinal(self, images):
        with tempfile.TemporaryDirectory() as folder:
            paths = [pathlib.Path(folder) / name for name in ("images", "logits")]
            paths[0].write_bytes(images.astype("<f4").tobytes())
            subprocess.run([sys.argv[1], "network", MODEL, "f32", str(len(images)), "1", paths[0]], check=True,
                           input=f"logits {paths[1]}\n", text=True, capture_output=True)
            return self.modules["numpy"].fromfile(paths[1], "<f4").reshape(len(images), -1)

    def logits_of_onnx(self, model, images):
        session = self.modules["onnxruntime"].InferenceSession(model.SerializeToString(),
                                                               providers=["CPUExecutionProvider"])
        return session.run(None, {"images": images})[0]

    def test_onnx_agrees_with_cardinal(self):
        images = self.modules["folding"].images(2)
        expected = self.logits_of_cardinal(images).tolist()
        found = self.logits_of_onnx(self.modules["onnx_model"].build(self.spec, self.folded), images)
        why, difference = self.modules["rounds"].disagreement(found.tolist(), expected, "f32")
        self.assertEqual(why, "")
        self.assertLess(difference, 1e-5)

        # A wrong weight must be seen.
        name = "layer3.0.conv2"
        weight = self.folded[name][0].copy()
        weight[0] = 0
        changed = self.modules["onnx_model"].build(self.spec, {**self.folded, name: (weight, self.folded[name][1])})
        found = self.logits_of_onnx(changed, images)
        self.assertIn("differ by", self.modules["rounds"].disagreement(found.tolist(), expected, "f32")[0])

    def test_onnx_in_int8_is_near_f32(self):
        images = self.modules["folding"].images(2)
        with tempfile.TemporaryDirectory() as folder:
            self.modules["models"].write_int8(pathlib.Path(folder), MODEL, sys.argv[2])
            path = pathlib.Path(folder) / f"{MODEL}_int8.onnx"
            session = self.modules["onnxruntime"].InferenceSession(path, providers=["CPUExecutionProvider"])
            found = session.run(None, {"images": images})[0].tolist()
        expected = self.logits_of_cardinal(images).tolist()
        cosines = [self.modules["rounds"].cosine_of(a, b) for a, b in zip(found, expected)]
        self.assertGreater(min(cosines), self.modules["rounds"].COSINE_BOUND["int8"])

    def test_onnx_names_its_nodes_after_our_layers(self):
        model = self.modules["onnx_model"].build(self.spec, self.folded)
        names = {node.name.split("/")[0] for node in model.graph.node}
        layers = {name for name, *_ in self.modules["networks"].convolutions(self.spec)}
        self.assertEqual(names, layers | {"maxpool", "avgpool", "fc"})

    def test_ncnn_counts_layers_blobs_and_weights(self):
        text, weights = self.modules["ncnn_model"].build(self.spec, self.folded)
        magic, counts, *lines = text.splitlines()
        self.assertEqual(magic, "7767517")
        produced, used = [], []
        for line in lines:
            words = line.split()
            inputs, outputs = int(words[2]), int(words[3])
            used += words[4:4 + inputs]
            produced += words[4 + inputs:4 + inputs + outputs]
        self.assertEqual(counts, f"{len(lines)} {len(produced)}")
        self.assertEqual(len(set(produced)), len(produced))
        # Each output but the last feeds one layer: ncnn forks only by Split.
        self.assertEqual(sorted(used), sorted(set(produced) - {"fc"}))
        floats = sum(weight.size + bias.size for weight, bias in self.folded.values())
        self.assertEqual(len(weights), 4 * (floats + len(self.folded)))


def main():
    if pathlib.Path(sys.executable) != PYTHON:
        probe = [PYTHON, "-c", "import onnx, onnxruntime, numpy, safetensors"]
        if not PYTHON.exists() or subprocess.run(probe, check=False, capture_output=True).returncode:
            print(f"no {PYTHON.relative_to(SOURCE)} with onnx and onnxruntime; script/compare makes it")
            return 77
        return subprocess.run([PYTHON, *sys.argv], check=False).returncode
    return 0 if unittest.main(argv=sys.argv[:1], exit=False).result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
