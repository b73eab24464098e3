# SPDX-License-Identifier: BSD-3-Clause
"""`cardinal classify`: photos in, classes out."""

from support import CHELSEA, COFFEE, DATA, PHOTO, Case


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
        result = self.run_program("classify", "--arch", 50, "--cardinality", 2, "--width", 40, "--seed", 3, "--json",
                                  PHOTO)
        self.assertEqual(self.succeed(result).json()["model"], "resnext50_2x40d")

    def test_profile(self):
        result = self.succeed(self.classify("--profile", PHOTO))
        for text in ("layer1.0.conv2", "whole network", "FMA peak measured"):
            self.assertIn(text, result.out)
        found = self.succeed(self.classify("--profile", "--json", PHOTO)).json()["profile"]
        self.assertEqual(len(found["layers"]), 56)
        self.assertGreater(found["fma_peak_gflops"], 0)

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
        self.fail_with(self.classify("--model", "resnet50", PHOTO), 2, "doesn't go with")
        self.fail_with(self.classify("--features", "x.npy", "--top", 1, PHOTO), 2, "--labels and --top have no meaning")
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
