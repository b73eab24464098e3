# SPDX-License-Identifier: BSD-3-Clause
"""Many photos: what goes wrong with some, folders and lists, results as they come."""

import csv
import io
import json
import math
import os
import pty
import re
import shutil
import subprocess
import threading

from support import CHELSEA, COFFEE, LAYERS, PHOTO, SMALL, Case, read_npy


class Mixed(Case):
    """A photo that can't be read doesn't take the others' results along."""

    photos = [PHOTO, "absent.jpg", COFFEE, "text.jpg", CHELSEA]

    def setUp(self):
        super().setUp()
        (self.directory / "text.jpg").write_text("no photo")

    def classify_all(self, *arguments):
        result = self.classify(*arguments, *self.photos)
        self.assertEqual(result.status, 1, result.err)
        self.assertIn("absent.jpg: No such file or directory", result.err)
        self.assertIn("text.jpg: neither a JPEG nor a PNG file", result.err)
        self.assertIn("2 of 5 photos gave no result", result.err)
        return result

    def test_text(self):
        alone = "".join(self.succeed(self.classify(photo)).out for photo in (PHOTO, COFFEE, CHELSEA))
        for batch in (1, 2, 5, 9):
            lines = self.classify_all("--batch", batch).out.splitlines(keepends=True)
            without = "".join(line for line in lines if line not in ("absent.jpg\n", "text.jpg\n", "  no result\n"))
            self.assertEqual(without, alone)
            self.assertEqual(lines[6:8], ["absent.jpg\n", "  no result\n"])

    def test_json(self):
        found = self.classify_all("--json", "--batch", 2).json()
        self.assertEqual(found["failed"], 2)
        self.assertEqual([photo["file"] for photo in found["photos"]], self.photos)
        self.assertEqual(["error" in photo for photo in found["photos"]], [False, True, False, True, False])
        self.assertEqual(["top" in photo for photo in found["photos"]], [True, False, True, False, True])
        self.assertEqual(found["photos"][1]["error"], "absent.jpg: No such file or directory")

    def test_json_lines(self):
        document = self.classify_all("--json").json()["photos"]
        self.assertEqual(self.classify_all("--ndjson", "--batch", 2).json_lines(), document)

    def test_csv(self):
        document = self.classify_all("--json", "--top", 2).json()["photos"]
        rows = list(csv.DictReader(io.StringIO(self.classify_all("--csv", "--top", 2).out)))
        self.assertEqual(len(rows), 8)
        for photo in document:
            mine = [row for row in rows if row["file"] == photo["file"]]
            if "error" in photo:
                self.assertEqual([row["error"] for row in mine], [photo["error"]])
                self.assertEqual(mine[0]["class"], "")
                continue
            self.assertEqual([int(row["rank"]) for row in mine], [1, 2])
            for row, entry in zip(mine, photo["top"]):
                self.assertEqual((int(row["class"]), row["name"], row["error"]), (entry["class"], entry["name"], ""))
                self.assertAlmostEqual(float(row["logit"]), entry["logit"], 6)

    def test_features(self):
        self.succeed(self.classify("--features", "good.npy", PHOTO, COFFEE, CHELSEA))
        good = read_npy(self.directory / "good.npy")
        for batch in (1, 3):
            result = self.classify_all("--features", "x.npy", "--batch", batch, "--json")
            rows = read_npy(self.directory / "x.npy")
            self.assertEqual([rows[0], rows[2], rows[4]], good)
            self.assertTrue(all(math.isnan(value) for row in (rows[1], rows[3]) for value in row))
            self.assertEqual([photo.get("row") for photo in result.json()["photos"]], [0, None, 2, None, 4])
        table = list(csv.reader(io.StringIO(self.classify_all("--features", "x.npy", "--csv").out)))
        self.assertEqual(table[0], ["file", "row", "error"])
        self.assertEqual(table[1], [PHOTO, "0", ""])
        self.assertEqual(table[2], ["absent.jpg", "", "absent.jpg: No such file or directory"])

    def test_nothing_but_failures(self):
        result = self.classify("--json", "absent.jpg", "text.jpg")
        self.assertEqual(result.status, 1)
        self.assertEqual(result.json()["failed"], 2)

    def test_outputs_that_are_not_finite(self):
        weights = self.directory / "nan.safetensors"
        # Each weight is finite, but their sums aren't.
        write_weights(weights, lambda name: 3e38 if name in ("fc.bias", "fc.weight") else None)
        result = self.run_program("classify", "--weights", weights, "--json", PHOTO, "absent.jpg")
        self.assertEqual(result.status, 1, result.err)
        errors = [photo["error"] for photo in result.json()["photos"]]
        self.assertIn("are these weights in order?", errors[0])
        self.assertIn("absent.jpg", errors[1])


def write_weights(path, constant, wrap=""):
    """The smallest network, one block a stage, with ones for norms and small weights, as a safetensors file. constant
    says what a tensor is full of, or None for the usual."""
    import array
    import struct
    shapes = {"conv1.weight": [64, 3, 7, 7], "fc.weight": [7, 2048], "fc.bias": [7]}
    norms = {"bn1": 64}
    channels = 64
    for stage in range(4):
        block, width, out = "layer%d.0" % (stage + 1), 4 << stage, 256 << stage
        shapes[block + ".conv1.weight"] = [width, channels, 1, 1]
        shapes[block + ".conv2.weight"] = [width, width, 3, 3]
        shapes[block + ".conv3.weight"] = [out, width, 1, 1]
        shapes[block + ".downsample.0.weight"] = [out, channels, 1, 1]
        norms.update({block + ".bn1": width, block + ".bn2": width, block + ".bn3": out, block + ".downsample.1": out})
        channels = out
    for norm, size in norms.items():
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes["%s.%s" % (norm, part)] = [size]
    header, data = {}, bytearray()
    for name, shape in shapes.items():
        value = constant(name)
        if value is None:
            value = 1.0 if name.endswith(("running_var", "bn1.weight", "bn2.weight", "bn3.weight")) else 0.01
        begin = len(data)
        data += array.array("f", [value]) .tobytes() * math.prod(shape)
        header[wrap + name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, len(data)]}
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(data))


class Weights(Case):
    def test_a_pipe_is_refused_without_waiting(self):
        os.mkfifo(self.directory / "pipe")
        self.fail_with(self.run_program("classify", "--weights", "pipe", PHOTO), 1, "pipe: not a regular file")

    def test_a_wrapped_model(self):
        write_weights(self.directory / "plain.safetensors", lambda name: None)
        write_weights(self.directory / "wrapped.safetensors", lambda name: None, "module.")
        plain = self.succeed(self.run_program("classify", "--weights", "plain.safetensors", PHOTO))
        wrapped = self.succeed(self.run_program("classify", "--weights", "wrapped.safetensors", PHOTO))
        self.assertEqual(plain.out, wrapped.out)
        self.assertIn("class ", plain.out)

    def test_names_of_models(self):
        write_weights(self.directory / "x.safetensors", lambda name: None)
        name = self.succeed(self.run_program("classify", "--weights", "x.safetensors", "--json", PHOTO)).json()["model"]
        self.assertEqual(name, "resnext14_1x4d_1-1-1-1")
        again = self.run_program("classify", "--weights", "x.safetensors", "--model", name, "--json", PHOTO)
        self.assertEqual(self.succeed(again).json()["model"], name)


class Many(Case):
    def make_folder(self):
        for name in ("b/two.JPG", "b/one.jpeg", "a.png", "c/deep/er/x.jpg", "notes.txt", "empty/.keep"):
            path = self.directory / "photos" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CHELSEA if name.endswith("png") else PHOTO, path)
        os.symlink("../a.png", self.directory / "photos" / "b" / "three.png")
        os.mkfifo(self.directory / "photos" / "pipe.jpg")
        return ["photos/a.png", "photos/b/one.jpeg", "photos/b/three.png", "photos/b/two.JPG", "photos/c/deep/er/x.jpg"]

    def files(self, result):
        return [photo["file"] for photo in result.json()["photos"]]

    def test_folders(self):
        expected = self.make_folder()
        self.assertEqual(self.files(self.succeed(self.classify("--json", "photos"))), expected)
        self.assertEqual(self.files(self.succeed(self.classify("--json", PHOTO, "photos/b/"))),
                         [PHOTO] + expected[1:4])

    def test_a_folder_without_photos(self):
        self.make_folder()
        result = self.classify("--json", "photos/empty", PHOTO)
        self.assertEqual(result.status, 1)
        first, second = result.json()["photos"]
        self.assertEqual(first["error"], "photos/empty: no JPEG or PNG file is in this folder")
        self.assertIn("top", second)

    def test_folders_that_lie_in_themselves(self):
        expected = self.make_folder()
        os.symlink(".", self.directory / "photos" / "z")
        result = self.classify("--json", "photos")
        self.assertEqual(result.status, 1)
        self.assertEqual(self.files(result), expected + ["photos/z"])

    def test_lists(self):
        expected = self.make_folder()
        (self.directory / "list").write_text("%s\r\n\nphotos/b\n@odd.jpg" % PHOTO)
        shutil.copy(PHOTO, self.directory / "@odd.jpg")
        wanted = [PHOTO] + expected[1:4] + ["@odd.jpg"]
        self.assertEqual(self.files(self.succeed(self.classify("--json", "@list"))), wanted)
        found = self.succeed(self.classify("--json", "@-", input=(self.directory / "list").read_text()))
        self.assertEqual(self.files(found), wanted)

    def test_lists_that_are_none(self):
        self.fail_with(self.classify("@absent"), 1, "@absent: No such file or directory")
        self.fail_with(self.classify("@-", input="\n\n"), 1, "the list names no photo")
        self.fail_with(self.shell('"$@" <&-', "classify", *SMALL, "@-"), 1, "@-: Bad file descriptor")


class AsTheyCome(Case):
    # More photos than there is time for.
    ENDLESS = ["classify", *SMALL, "--threads", 1, *[PHOTO] * 9000]

    def test_each_batch_is_handed_on(self):
        """The second photo is a pipe, which gives its content only after the first one's result has been read."""
        os.mkfifo(self.directory / "pipe.jpg")
        for option in ("--ndjson", "--csv"):
            process = subprocess.Popen(self.command("classify", *SMALL, option, PHOTO, "pipe.jpg"), cwd=self.directory,
                                       env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       text=True)
            watch = threading.Timer(60, process.kill)
            watch.start()
            lines = [process.stdout.readline() for _ in range(1 if option == "--ndjson" else 6)]
            self.assertIn(PHOTO, lines[-1])
            (self.directory / "pipe.jpg").write_bytes(open(COFFEE, "rb").read())
            rest = process.communicate()[0]
            watch.cancel()
            self.assertEqual(process.returncode, 0)
            self.assertIn("pipe.jpg", rest)

    def test_a_reader_that_has_enough(self):
        result = self.shell('set -o pipefail; "$@" | head -n 1', "classify", *SMALL, "--ndjson", *[PHOTO] * 300)
        self.assertEqual(result.status, 128 + 13, "ended by SIGPIPE")
        self.assertEqual(len(result.out.splitlines()), 1)

    def test_full_output_ends_the_run(self):
        result = self.shell('"$@" >/dev/full', "classify", *SMALL, "--ndjson", *[PHOTO] * 300)
        self.fail_with(result, 1, "the output can't be written: No space left on device")

    def progress_of(self, wanted, *arguments):
        """What the program shows on a terminal until it has shown what is wanted."""
        master, terminal = pty.openpty()
        process = subprocess.Popen(self.command(*arguments), cwd=self.directory, env=self.environment(),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=terminal)
        os.close(terminal)
        shown = b""
        while True:
            try:
                piece = os.read(master, 4096)
            except OSError:
                break
            if not piece:
                break
            shown += piece
            if re.search(wanted, shown):
                process.terminate()
        os.close(master)
        process.wait(60)
        return shown

    def test_progress_on_a_terminal(self):
        wanted = rb"\rphoto \d+ of 9000, layer \d+ of %d, \d+ s left" % LAYERS
        self.assertRegex(self.progress_of(wanted, *self.ENDLESS), wanted)

    def test_no_progress_elsewhere(self):
        process = subprocess.Popen(self.command(*self.ENDLESS), cwd=self.directory, env=self.environment(),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   text=True)
        with self.assertRaises(subprocess.TimeoutExpired):
            process.communicate(timeout=4)
        process.terminate()
        self.assertNotIn("photo ", process.communicate()[1])


class Names(Case):
    """Control characters out of files don't get to the terminal."""

    def test_labels(self):
        (self.directory / "labels.txt").write_bytes(b"\x1b[31mred \xc2\x9b1m \x7f \xc3\xa9\n" * 1000)
        found = self.succeed(self.classify("--labels", "labels.txt", PHOTO)).out
        self.assertNotIn("\x1b", found)
        self.assertNotIn("\x9b", found)
        self.assertNotIn("\x7f", found)
        self.assertIn("?[31mred", found)
        self.assertIn("\xe9", found)

    def test_photos(self):
        shutil.copy(PHOTO, self.directory / "a\x1b[31m,\"b\".jpg")
        name = "a\x1b[31m,\"b\".jpg"
        result = self.classify(name, "absent\x1b[2J.jpg")
        self.assertNotIn("\x1b", result.out + result.err)
        self.assertEqual(self.succeed(self.classify("--json", name)).json()["photos"][0]["file"], name)
        rows = list(csv.DictReader(io.StringIO(self.succeed(self.classify("--csv", name)).out)))
        self.assertEqual(rows[0]["file"], name)

    def test_names_that_are_no_utf8(self):
        shutil.copy(PHOTO, os.fsencode(self.directory) + b"/\xff.jpg")
        self.assertEqual(self.succeed(self.classify("--json", "\udcff.jpg")).json()["photos"][0]["file"], "?.jpg")


class Options(Case):
    def test_that_exclude_each_other(self):
        self.fail_with(self.classify("--json", "--csv", PHOTO), 2, "choose one")
        self.fail_with(self.classify("--profile", "--ndjson", PHOTO), 2, "--profile goes with text or --json")

    def test_models_by_name(self):
        for model in ("resnext50_8x14d", "resnext50_1x8d"):
            found = self.succeed(self.run_program("info", "--json", "--model", model)).json()
            self.assertEqual(found["model"]["name"], model)
        result = self.run_program("info", "--json", "--image", "32x32", "--arch", 50,
                                  "--cardinality", 1, "--width", 128)
        found = self.succeed(result).json()["model"]
        self.assertEqual((found["name"], found["parameters"]), ("wide_resnet50_2", 68883240))

    def test_features_taken_away(self):
        result = self.run_program("info", "--json", "--without", "nonsense")
        self.fail_with(result, 1, "nonsense")
