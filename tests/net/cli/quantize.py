# SPDX-License-Identifier: BSD-3-Clause
"""`cardinal quantize`: weights in, weights in int8 out."""

import json
import struct

from support import CHELSEA, COFFEE, PHOTO, SMALL, Case

PHOTOS = [PHOTO, COFFEE, CHELSEA]
SMALL_MODEL = [*SMALL, "--crop", 32]


class Quantize(Case):
    def quantize(self, *arguments, **options):
        return self.run_program("quantize", *arguments, **options)

    def header(self, name):
        content = (self.directory / name).read_bytes()
        (length,) = struct.unpack("<Q", content[:8])
        return json.loads(content[8:8 + length])

    def test_photos(self):
        weights = self.write_weights("w.safetensors")
        result = self.succeed(self.quantize("--weights", weights, "--crop", 32, "-o", "q.safetensors", "--calibrate",
                                            *PHOTOS))
        lines = result.out.splitlines()
        self.assertEqual(lines[0].split(), "layer weights dB output step clipped % output dB network dB".split())
        self.assertEqual([line.split()[0] for line in lines[1:4]], ["conv1", "layer1.0.conv1", "layer1.0.conv2"])
        self.assertIn("wrote q.safetensors: resnext14_2x4d_1-1-1-1_16to32, ranges by least-error of 3 images",
                      result.out)
        found = self.header("q.safetensors")
        self.assertEqual(found["__metadata__"], {"cardinal.quantised": "1",
                                                 "cardinal.model": "resnext14_2x4d_1-1-1-1_16to32"})
        self.assertEqual(found["fc.weight"]["dtype"], "I8")
        self.assertEqual(found["fc.weight"]["shape"], [3, 256])
        self.assertEqual(self.left_behind(), ["q.safetensors", "w.safetensors"])

    def test_what_must_not_matter(self):
        """Batches, threads, instruction sets and the order of the photos change no byte; what they show does."""
        content = []
        for extra, photos in (([], PHOTOS), (["--batch", 2], PHOTOS), (["--threads", 3, "--isa", "generic"], PHOTOS),
                              ([], PHOTOS[::-1]), ([], PHOTOS[:1]), (["--ranges", "largest"], PHOTOS),
                              (["--ranges", "percentile:99"], PHOTOS), (["--resize", 64], PHOTOS)):
            self.succeed(self.quantize(*SMALL_MODEL, *extra, "-o", "q", *photos))
            content.append((self.directory / "q").read_bytes())
        self.assertEqual(len(set(content[:4])), 1)
        self.assertEqual(len(set(content[3:])), 5)

    def test_report(self):
        result = self.succeed(self.quantize(*SMALL_MODEL, "--synthetic=5", "--json", "-o", "q"))
        found = result.json()
        self.assertEqual((found["images"], found["synthetic"], found["ranges"]), (5, True, "least-error"))
        layers = {layer["name"]: layer for layer in found["layers"]}
        self.assertEqual(len(layers), 1 + 4 * 4 + 2)
        self.assertEqual(sorted(layers["fc"]), ["name", "network_snr_db", "weights_snr_db"])
        self.assertEqual(sorted(layers["avgpool"]), ["clipped_share", "name", "network_snr_db", "output_scale",
                                                      "output_snr_db"])
        self.assertEqual(found["images_compared"], 5)
        for layer in found["layers"]:
            self.assertGreater(layer["network_snr_db"], 20)
            self.assertLess(layer["network_snr_db"], layer.get("output_snr_db", 90) + 1)
            self.assertGreater(layer.get("weights_snr_db", 40), 35)
            self.assertGreater(layer.get("output_snr_db", 40), 25)
            self.assertLess(layer.get("clipped_share", 0), 0.02)
        clipped = self.succeed(self.quantize(*SMALL_MODEL, "--synthetic=5", "--json", "--ranges", "percentile:90", "-o",
                                             "q")).json()
        self.assertEqual(clipped["ranges"], "percentile:90")
        for layer in clipped["layers"]:
            self.assertTrue(0.05 < layer.get("clipped_share", 0.09) <= 0.1, layer)

    def test_use(self):
        """Such a file is one like any other; threads, batches and instruction sets change none of its results."""
        weights = self.write_weights("w.safetensors")
        options = ["--crop", 32, "--json", *PHOTOS]
        self.succeed(self.quantize("--weights", weights, "-o", "q", "--crop", 32, *PHOTOS))
        exact = self.succeed(self.run_program("classify", "--weights", weights, *options)).json()["photos"]
        found = self.succeed(self.run_program("classify", "--weights", "q", *options)).json()["photos"]
        for one, other in zip(exact, found):
            logits = [{entry["class"]: entry["logit"] for entry in photo["top"]} for photo in (one, other)]
            largest = max(abs(value) for value in logits[0].values())
            for number, value in logits[0].items():
                self.assertAlmostEqual(logits[1][number], value, delta=0.1 * largest)
            self.assertNotEqual(*logits)
        for extra in (["--precision", "int8"], ["--batch", 2], ["--isa", "generic"], ["--without", "vnni"]):
            again = self.succeed(self.run_program("classify", "--weights", "q", *extra, *options)).json()["photos"]
            self.assertEqual(again, found, extra)
        self.fail_with(self.run_program("classify", "--weights", "q", "--precision", "f32", *options), 1,
                       "q: the weights are int8; expected that precision, not f32")
        self.fail_with(self.run_program("classify", "--weights", weights, "--precision", "int8", *options), 1,
                       "w.safetensors: the weights aren't int8; `cardinal quantize` makes such of them")

    def test_wrong_arguments(self):
        for options, told in (([], "no network was named"),
                              (["--weights", "w"], "no --output was named"),
                              (["--weights", "w", "-o", "q"], "no photo to calibrate on was named"),
                              (["--weights", "w", "-o", "q", "--synthetic", PHOTO], "--synthetic takes no photos"),
                              ([*SMALL_MODEL, "--weights", "w", "-o", "q", PHOTO], "--weights says what network"),
                              ([*SMALL_MODEL, "-o", "q", "--synthetic=0"], "--synthetic: expected a whole number"),
                              ([*SMALL_MODEL, "-o", "q", "--synthetic", "--ranges", "best"],
                               "--ranges: expected least-error, percentile:P or largest"),
                              ([*SMALL_MODEL, "-o", "q", "--synthetic", "--ranges", "percentile:101"],
                               "--ranges percentile:P: expected a number above 0")):
            self.fail_with(self.quantize(*options), 2, told)
        self.assertEqual(self.left_behind(), [])

    def test_nothing_is_left_behind(self):
        (self.directory / "q").write_text("old")
        for options, told in ((["--weights", "absent", "--synthetic"], "absent: No such file"),
                              ([*SMALL_MODEL, PHOTO, "absent.png", COFFEE], "absent.png: No such file"),
                              ([*SMALL_MODEL, self.directory], "no JPEG or PNG file is in this folder")):
            self.fail_with(self.quantize("-o", "q", *options), 1, told)
            self.assertEqual((self.directory / "q").read_text(), "old")
            self.assertEqual(self.left_behind(), ["q"])
        self.fail_with(self.quantize("-o", "no/q", *SMALL_MODEL, "absent.png"), 1, "no/q: No such file")

    def test_what_is_quantised_already(self):
        self.succeed(self.quantize(*SMALL_MODEL, "--synthetic=1", "-o", "q"))
        self.fail_with(self.quantize("--weights", "q", "--crop", 32, "--synthetic=1", "-o", "r"), 1,
                       "q: these weights are quantised already")
        self.assertEqual(self.left_behind(), ["q"])
