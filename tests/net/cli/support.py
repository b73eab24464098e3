# SPDX-License-Identifier: BSD-3-Clause
"""Runs the `cardinal` program from the outside: what it prints, what it leaves behind, and how it ends."""

import json
import math
import os
import pathlib
import random
import struct
import subprocess
import tempfile
import unittest
import zlib

PROGRAM = os.environ["CARDINAL_TEST_PROGRAM"].split("\n")  # an emulator, if any, and the program
DATA = pathlib.Path(os.environ["CARDINAL_TEST_DATA"])
PHOTO = str(DATA / "photos" / "rocket.jpg")
COFFEE = str(DATA / "photos" / "coffee.jpg")
CHELSEA = str(DATA / "photos" / "chelsea.png")
# So small that reading a photo takes longer; what networks compute is tested elsewhere.
SMALL = ["--model", "resnext14_2x4d_1-1-1-1_16to32"]
LAYERS = 20
FEATURES = 256
NOBODY = 65534


class Result:
    def __init__(self, process):
        self.status, self.out, self.err = process.returncode, process.stdout, process.stderr

    def json(self):
        return json.loads(self.out)

    def json_lines(self):
        return [json.loads(line) for line in self.out.splitlines()]


class Case(unittest.TestCase):
    """Each test has an empty working directory of its own."""

    maxDiff = None

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="cardinal-cli-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def command(self, *arguments):
        return [*PROGRAM, *map(str, arguments)]

    def environment(self, extra=None):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("CARDINAL_")}
        return {**clean, "OMP_WAIT_POLICY": "passive", **(extra or {})}

    def run_program(self, *arguments, env=None, input=None, **options):
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        if input is None:
            options.setdefault("stdin", subprocess.DEVNULL)
        return Result(subprocess.run(self.command(*arguments), cwd=self.directory, env=self.environment(env),
                                     input=input, text=True, errors="surrogateescape", timeout=600, **options))

    def shell(self, script, *arguments, **options):
        """Runs the program with redirections that only a shell can make: `script` says "$@" where it is to be."""
        return Result(subprocess.run(["bash", "-c", script, "bash", *self.command(*arguments)], cwd=self.directory,
                                     env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE, text=True, timeout=600, **options))

    def classify(self, *arguments, **options):
        return self.run_program("classify", *SMALL, *arguments, **options)

    def succeed(self, result):
        self.assertEqual(result.status, 0, result.err + result.out)
        return result

    def fail_with(self, result, status, *texts):
        """Ends with `status`; each text is on the standard error stream, nothing of a result is on the other."""
        self.assertEqual(result.status, status, result.err + result.out)
        for text in texts:
            self.assertIn(text, result.err)
        self.assertEqual(result.out, "")
        return result

    def write_png(self, name, size):
        """A grey picture of size x size pixels, no two rows of which are alike."""
        def chunk(kind, content):
            return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

        rows = b"".join(b"\0" + bytes((7 * row + 3 * column * row) % 256 for column in range(size))
                        for row in range(size))
        (self.directory / name).write_bytes(
            b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
        return name

    def write_weights(self, name):
        """Weights of a network of the family that has no name: 14 layers, 2 groups of width 4, narrow streams, 3
        classes."""
        shapes, channels = {"conv1.weight": (16, 3, 7, 7)}, 16
        norms = {"bn1": 16}
        for stage in range(4):
            block, width, outputs = f"layer{stage + 1}.0.", 8 << stage, 32 << stage
            shapes.update({block + "conv1.weight": (width, channels, 1, 1),
                           block + "conv2.weight": (width, width // 2, 3, 3),
                           block + "conv3.weight": (outputs, width, 1, 1),
                           block + "downsample.0.weight": (outputs, channels, 1, 1)})
            norms.update({block + "bn1": width, block + "bn2": width, block + "bn3": outputs,
                          block + "downsample.1": outputs})
            channels = outputs
        shapes.update({"fc.weight": (3, channels), "fc.bias": (3,)})
        for norm, count in norms.items():
            shapes.update({f"{norm}.{part}": (count,) for part in ("weight", "bias", "running_mean", "running_var")})
        generator, header, data = random.Random(1), {}, b""
        for tensor, shape in shapes.items():
            count = math.prod(shape)
            spread = (3 / math.prod(shape[1:])) ** 0.5
            values = [generator.uniform(0.5, 1.5) if tensor.endswith(("var", "bn1.weight", "bn2.weight", "bn3.weight",
                                                                      "downsample.1.weight"))
                      else generator.uniform(-spread, spread) for _ in range(count)]
            content = struct.pack("<%df" % count, *values)
            header[tensor] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
            data += content
        text = json.dumps(header).encode()
        (self.directory / name).write_bytes(struct.pack("<Q", len(text)) + text + data)
        return name

    def left_behind(self):
        return sorted(path.name for path in self.directory.iterdir())


def read_npy(path):
    """The rows of a float32 matrix; complains about anything else."""
    content = pathlib.Path(path).read_bytes()
    if content[:8] != b"\x93NUMPY\x01\x00":
        raise ValueError("not a .npy file: %r" % content[:32])
    (length,) = struct.unpack("<H", content[8:10])
    header = eval(content[10:10 + length].decode(), {"__builtins__": {}})  # the format's own definition
    rows, columns = header["shape"]
    if header["descr"] != "<f4" or header["fortran_order"] or len(content) != 10 + length + 4 * rows * columns:
        raise ValueError("%r with %d bytes" % (header, len(content)))
    values = struct.unpack("<%df" % (rows * columns), content[10 + length:])
    return [values[row * columns:(row + 1) * columns] for row in range(rows)]
