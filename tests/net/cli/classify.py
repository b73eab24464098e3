# SPDX-License-Identifier: BSD-3-Clause
"""`cardinal classify`: photos in, classes out."""

from support import CHELSEA, COFFEE, DATA, LAYERS, PHOTO, Case, read_npy


class Classes(Case):
    def test_text(self):
        result = self.succeed(self.run_program("classify", PHOTO))
        self.assertIn("synthetic weights", result.err)
        self.assertIn("mean nothing", result.err)
        lines = result.out.splitlines()
        self.assertEqual(lines[0], PHOTO)
        self.assertEqual(len(lines), 6)
        for line in lines[1:]:
            self.assertRegex(line, r"^  +\d+\.\d\d %  .+ \(\d+\)$")

    def test_json(self):
        found = self.succeed(self.classify("--json", "--top", 2, "--threads", 1, PHOTO)).json()
        self.assertTrue(found["synthetic"])
        self.assertEqual(found["precision"], "f32")
        self.assertIn("mean nothing", found["note"])
        self.assertEqual(found["threads"], 1)
        (photo,) = found["photos"]
        self.assertEqual(photo["file"], PHOTO)
        first, second = photo["top"]
        self.assertGreaterEqual(first["logit"], second["logit"])
        self.assertGreaterEqual(first["probability"], second["probability"])
        self.assertTrue(0 < first["probability"] <= 1)

    def test_labels(self):
        (self.directory / "labels.txt").write_text("".join("name %d\n" % i for i in range(1000)))
        found = self.succeed(self.classify("--labels", "labels.txt", "--json", PHOTO)).json()
        for entry in found["photos"][0]["top"]:
            self.assertEqual(entry["name"], "name %d" % entry["class"])

    def test_custom_model(self):
        result = self.run_program("classify", "--arch", 50, "--cardinality", 2, "--width", 40, "--seed", 3, "--crop",
                                  32, "--json", PHOTO)
        self.assertEqual(self.succeed(result).json()["model"], "resnext50_2x40d")

    def test_profile(self):
        result = self.succeed(self.classify("--profile", PHOTO))
        for text in ("layer1.0.conv2", "whole network", "peak of the format"):
            self.assertIn(text, result.out)
        found = self.succeed(self.classify("--profile", "--json", PHOTO)).json()["profile"]
        self.assertEqual(len(found["layers"]), LAYERS)
        self.assertGreater(found["fma_peak_gflops"], 0)

    def test_other_sizes(self):
        """A photo of 32x32 pixels that nothing is resized or cut off of, in any way of saying so."""
        small = self.write_png("small.png", 32)
        plain = self.succeed(self.classify("--crop", 32, "--resize", 32, "--json", small)).json()["photos"]
        for options in (["--mean", "0.485,0.456,0.406"], ["--std", "0.229,0.224,0.225"]):
            again = self.classify("--crop", 32, "--resize", 32, "--json", *options, small)
            self.assertEqual(self.succeed(again).json()["photos"], plain)
        for options in (["--mean", "0.5"], ["--std", "0.5,0.5,0.4"], ["--crop", 33, "--resize", 33], ["--resize", 37]):
            other = self.classify("--crop", 32, "--resize", 32, "--json", *options, small)
            self.assertNotEqual(self.succeed(other).json()["photos"], plain)
        usual = self.classify("--crop", 32, "--json", small)
        self.assertEqual(self.succeed(usual).json()["photos"],
                         self.succeed(self.classify("--crop", 32, "--resize", 37, "--json", small)).json()["photos"])
        profile = self.succeed(self.classify("--crop", 40, "--profile", "--json", small)).json()["profile"]
        self.assertIn("40x40", profile["layers"][0]["shape"])

    def test_another_network(self):
        """A small one with streams and classes of its own, from a file, without labels and with."""
        weights = self.write_weights("w.safetensors")
        photo = self.write_png("small.png", 32)
        options = ["--weights", weights, "--crop", 32, "--resize", 32]
        found = self.succeed(self.run_program("classify", *options, "--json", photo)).json()
        self.assertEqual(found["model"], "resnext14_2x4d_1-1-1-1_16to32")
        self.assertFalse(found["synthetic"])
        self.assertEqual({entry["name"] for entry in found["photos"][0]["top"]}, {"class 0", "class 1", "class 2"})
        (self.directory / "labels.txt").write_text("shirt\nshoe\nbag\n")
        named = self.succeed(self.run_program("classify", *options, "--labels", "labels.txt", "--top", 1, "--json",
                                              photo)).json()
        best = found["photos"][0]["top"][0]["class"]
        self.assertEqual(named["photos"][0]["top"][0]["name"], ["shirt", "shoe", "bag"][best])
        self.succeed(self.run_program("classify", *options, "--features", "f.npy", photo))
        self.assertEqual([len(row) for row in read_npy(self.directory / "f.npy")], [256])

    def test_batches_change_nothing(self):
        photos = [PHOTO, COFFEE, CHELSEA]
        alone = self.succeed(self.classify(*photos)).out
        self.assertEqual(self.succeed(self.classify("--batch", 2, *photos)).out, alone)
        self.assertEqual(alone.count(" %  "), 15)


class Mistakes(Case):
    def test_command_line(self):
        self.fail_with(self.classify(), 2, "no photo was named")
        self.fail_with(self.classify("--colour", PHOTO), 2, "unrecognized option", "--colour")
        self.fail_with(self.classify("--top", "five", PHOTO), 2, "--top: expected a whole number", "five")
        self.fail_with(self.classify("--top", 1001, PHOTO), 2, "the network has 1000 classes, not 1001")
        self.fail_with(self.run_program("classify", "--arch", 50, PHOTO), 2, "go together")
        self.fail_with(self.classify("--arch", 50, "--cardinality", 1, "--width", 8, PHOTO), 2, "doesn't go with")
        self.fail_with(self.classify("--features", "x.npy", "--top", 1, PHOTO), 2, "--labels and --top have no meaning")
        for options, told in ((["--crop", 31], "--crop: expected a whole number from 32"),
                              (["--crop", 64, "--resize", 63], "--resize: expected a whole number from the crop's 64"),
                              (["--mean", "0.5,0.5"], "--mean: expected one number or three"),
                              (["--mean", "1,2,3,4"], "--mean: expected one number or three"),
                              (["--mean", "a"], "--mean: expected one number or three"),
                              (["--mean", "nan"], "--mean: expected one number or three"),
                              (["--std", "1,0,1"], "--std: expected one number or three with commas between, above 0"),
                              (["--std", ""], "--std: expected one number")):
            self.fail_with(self.classify(*options, PHOTO), 2, told)
        self.assertEqual(self.left_behind(), [])

    def test_models(self):
        result = self.run_program("classify", "--arch", 77, "--cardinality", 1, "--width", 64, PHOTO)
        self.fail_with(result, 1, "depth is 77")

    def test_files(self):
        (self.directory / "labels.txt").write_text("one\n")
        self.fail_with(self.classify("--weights", "absent.safetensors", PHOTO), 1,
                       "absent.safetensors: No such file or directory")
        self.fail_with(self.classify("--weights", DATA / "net_checksums.txt", PHOTO), 1, "not a safetensors file")
        self.fail_with(self.classify("--labels", "labels.txt", PHOTO), 1,
                       "labels.txt: expected one name a line for each of the network's 1000 classes, found 1")
