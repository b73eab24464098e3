#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""`cardinal verify --reference`: the golden vectors are what they were and pass; planted faults are told.

usage: references.py CARDINAL WRONG_KERNELS.so EXAMPLE.so SOURCE_FOLDER
"""
import hashlib
import json
import pathlib
import shlex
import struct
import subprocess
import sys
import tempfile

cardinal, wrong, example, source = sys.argv[1:]
golden = pathlib.Path(source) / "tests" / "data" / "golden"
exporter = pathlib.Path(source) / "tools" / "export_reference.py"
folder = tempfile.TemporaryDirectory()
planted = pathlib.Path(folder.name) / "planted.safetensors"
MODEL = "resnext14_32x4d_1-1-1-1"
ONE_KERNEL = ("--kernel-name", "conv_f32_generic", "--cases", "1")
failures = 0


def run(*arguments):
    return subprocess.run([cardinal, "verify", *arguments], capture_output=True, text=True, timeout=900)


def expect(what, condition, shown=""):
    global failures
    if not condition:
        failures += 1
        print(f"FAIL {what}: {shown}")


class Reference:
    """A file that can be changed: its header, and the floats of each tensor."""

    def __init__(self, path):
        content = path.read_bytes()
        length, = struct.unpack("<Q", content[:8])
        header = json.loads(content[8:8 + length])
        self.metadata = header.pop("__metadata__")
        self.shapes = {name: entry["shape"] for name, entry in header.items()}
        self.dtypes = {name: entry["dtype"] for name, entry in header.items()}
        self.values = {}
        for name, entry in header.items():
            begin, end = entry["data_offsets"]
            values = content[8 + length + begin:8 + length + end]
            self.values[name] = list(struct.unpack(f"<{len(values) // 4}f", values))

    def remove(self, name):
        for part in (self.shapes, self.dtypes, self.values):
            del part[name]

    def place(self, name, at):
        """How the program tells of element `at`."""
        _, channels, height, width = (self.shapes[name] + [1, 1])[:4]
        return (f"image {at // width // height // channels}, channel {at // width // height % channels}, "
                f"row {at // width % height}, column {at % width}")

    def write(self):
        header, data = {"__metadata__": self.metadata}, b""
        for name, values in self.values.items():
            content = struct.pack(f"<{len(values)}f", *values)
            header[name] = {"dtype": self.dtypes[name], "shape": self.shapes[name],
                            "data_offsets": [len(data), len(data) + len(content)]}
            data += content
        text = json.dumps(header).encode()
        planted.write_bytes(struct.pack("<Q", len(text)) + text + data)
        return str(planted)


def next_float(value):
    bits, = struct.unpack("<i", struct.pack("<f", value))
    return struct.unpack("<f", struct.pack("<i", bits + 1))[0]


def hashes():
    lines = [line.split() for line in (golden / "SHA256SUMS").read_text().splitlines()]
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in golden.glob("*.safetensors")}
    expect("the golden vectors are frozen", len(files) >= 4 and files == {name: value for value, name in lines}, files)


def golden_pass():
    for name, least in (("integers", 21), ("random", 8), ("pytorch", 8)):
        done = run("--reference", str(golden / f"{name}.safetensors"), "--cases", "1", "--json")
        told = json.loads(done.stdout)
        expect(name, done.returncode == 0 and told["right"] and told["references_off"] == 0, done.stdout[-2000:])
        expect(f"{name}: all cases", len(told["references"]) >= least and told["trials"] > 2 * least, told["trials"])
        bits = sum(reference["other_bits"] for reference in told["references"])
        expect(f"{name}: bits", (bits == 0) == (name == "integers"), bits)


def one_ulp():
    for case, at in (("width32", 77), ("stem", 139), ("maxpool", 31), ("asymmetric", 300)):
        file = Reference(golden / "integers.safetensors")
        name = f"{case}.expected"
        if not file.values[name][at]:
            at = next(i for i in range(at, len(file.values[name])) if file.values[name][i])
        file.values[name][at] = next_float(file.values[name][at])
        kernel = "maxpool" if case == "maxpool" else "conv_f32_generic"
        done = run("--reference", file.write(), "--kernel-name", kernel, "--isa", "generic", "--cases", "1")
        expect(f"one ULP of {case}", done.returncode == 1 and done.stdout.count("FAIL") == 1
               and "off the reference" in done.stdout and f"{file.place(name, at)} is" in done.stdout
               and "1 ULP apart; 1 of" in done.stdout, done.stdout)
        again = next(line for line in done.stdout.splitlines() if "--reference-case" in line)
        repeated = subprocess.run([cardinal, *shlex.split(again)[1:]], capture_output=True, text=True)
        expect(f"the line repeats {case}", repeated.returncode == 1 and "1 ULP apart" in repeated.stdout, repeated)
        expect(f"one ULP of {case} under ulp:0", run("--reference", str(planted), "--kernel-name", kernel, "--isa",
               "generic", "--cases", "1", "--judge", "ulp:0").returncode == 1, "")
        expect(f"one ULP of {case} under ulp:1", (run("--reference", str(planted), "--kernel-name", kernel, "--isa",
               "generic", "--cases", "1", "--judge", "ulp:1").returncode == 0) == (case != "maxpool"), "")


def rules():
    random = str(golden / "random.safetensors")
    expect("other bits", run("--reference", random, *ONE_KERNEL, "--judge", "bits").returncode == 1)
    expect("a few ULP", run("--reference", random, *ONE_KERNEL, "--judge", "ulp:3").returncode == 1)
    expect("many ULP", run("--reference", random, *ONE_KERNEL, "--judge", "ulp:100000").returncode == 0)
    file = Reference(golden / "random.safetensors")
    file.values["dilated.expected"][40] += 0.001
    done = run("--reference", file.write(), *ONE_KERNEL)
    expect("a wrong reference", done.returncode == 1
           and f"DISAGREES with double precision: {file.place('dilated.expected', 40)}" in done.stdout, done.stdout)
    file.values["dilated.expected"][40] = float("nan")
    done = run("--reference", file.write(), *ONE_KERNEL)
    expect("NaN is no wildcard", done.returncode == 1 and "off the reference" in done.stdout
           and "DISAGREES" in done.stdout, done.stdout)
    told = json.loads(run("--reference", str(planted), *ONE_KERNEL, "--reference-case", "strides_apart",
                          "--json").stdout)
    expect("--reference-case", told["right"] and [case["name"] for case in told["references"]] == ["strides_apart"],
           told)


def plugins():
    random = str(golden / "random.safetensors")
    done = run("--reference", random, "--kernel", example)
    expect("the example", done.returncode == 0 and ", 0 failures" in done.stdout, done.stdout)
    done = run("--reference", random, "--kernel", wrong, "--kernel-name", "zeros", "--cases", "1")
    expect("a wrong kernel", done.returncode == 1 and "FAIL zeros: wrong value, off the reference" in done.stdout,
           done.stdout + done.stderr)


def error(what, change, message, *arguments, base="random"):
    file = Reference(golden / f"{base}.safetensors")
    change(file)
    done = run("--reference", file.write(), *arguments)
    expect(what, done.returncode == 1 and message in done.stderr and not done.stdout, (done.stderr, done.stdout[:200]))


def bad_files():
    def mark(key, text):
        return lambda file: file.metadata.update({key: text})

    error("no version", lambda file: file.metadata.pop("cardinal.reference"), 'lack "cardinal.reference"')
    error("another version", mark("cardinal.reference", "2"), 'version "2", this program reads 1')
    error("no tensor", lambda file: file.remove("width4.bias"), 'tensor "width4.bias": it is missing')
    error("a tensor too many", mark("width4.case", "conv g5 ic20 oc20 ih3 iw5 k3 p1 relu"),
          "\"width4.bias\": the case's descriptor doesn't ask for it")
    error("another shape", mark("width4.case", "conv g5 ic20 oc20 ih3 iw6 k3 p1 bias relu"),
          'tensor "width4.input": expected shape [1, 20, 3, 6], found [1, 20, 3, 5]')
    error("no case", lambda file: file.metadata.pop("width4.case"), 'have "width4.judge" but no "width4.case"')
    error("a stranger", lambda file: [file.metadata.pop("width4.case"), file.metadata.pop("width4.judge")],
          'no case of the metadata has this name')
    error("no descriptor", mark("width4.case", "conv ic3"), '"width4.case": the image\'s size is missing')
    error("layouts", mark("width4.case", "conv g5 ic20 oc20 ih3 iw5 k3 p1 bias relu x:nhwc"), "are NCHW")
    error("no rule", mark("width4.judge", "roughly"), 'expected bits, ulp:N or bound, found "roughly"')
    error("another number format", lambda file: file.dtypes.update({"fc": "F16"}) or file.shapes.update(
        {"width4.bias": [2 * len(file.values["width4.bias"])]}) or file.dtypes.update({"width4.bias": "F16"}),
        'tensor "width4.bias": expected dtype F32')
    error("no such case", lambda file: None, 'none of its 8 cases is named "stem"', "--reference-case", "stem")
    done = run("--reference", "/no/such/file")
    expect("no such file", done.returncode == 1 and "/no/such/file" in done.stderr, done.stderr)
    for what, arguments, message in (
            ("--judge", ("--reference", "x", "--judge", "ulp:-1"), "expected bits, ulp:N or bound"),
            ("--judge alone", ("--judge", "bits"), "need a --reference"),
            ("--case beside it", ("--reference", "x", "--case", "avgpool c3 i4"), "brings its own problems"),
            ("--model alone", ("--model", "resnet50"), "need a --reference"),
            ("--tolerance", ("--reference", "x", "--tolerance", "0.1"), "operators have --judge"),
            ("--tolerance of 2", ("--model", "resnet50", "--tolerance", "2"), "from 0 to 1"),
            ("two precisions of a network", ("--reference", "x", "--model", "resnet50", "--precision", "f32,bf16"),
             "computes in one format"),
            ("bf16 without --tolerance", ("--reference", "x", "--model", "resnet50", "--precision", "bf16"),
             "--tolerance must say"),
            ("a network's kernels", ("--reference", "x", "--model", "resnet50", "--kernel-name", "w4"), "--tolerance")):
        done = run(*arguments)
        expect(what, done.returncode == 2 and message in done.stderr, done.stderr)


def network_faults():
    network = str(golden / "network.safetensors")
    for isa in ((), ("--isa", "generic")):
        done = run("--model", MODEL, "--reference", network, "-v", *isa)
        expect("the golden network", done.returncode == 0 and "pass layer4.0.conv3" in done.stdout
               and "3 of 20 layers compared, 0 depart" in done.stdout, done.stdout)
    told = json.loads(run("--model", MODEL, "--reference", network, "--json").stdout)["layers"]
    expect("cosines and classes", all(0.999999 < layer["cosine"] <= 1 for layer in told)
           and [layer.get("images_of_the_same_class") for layer in told] == [None, None, 1], told)
    for precision, tolerance in (("bf16", 0.02), ("int8", 0.1)):
        asked = ("--model", MODEL, "--reference", network, "--precision", precision)
        done = run(*asked, "--tolerance", str(tolerance))
        expect(f"the golden network in {precision}", done.returncode == 0 and f"in {precision}," in done.stdout,
               done.stdout)
        done = run(*asked, "--tolerance", "0.0001")
        expect(f"{precision} isn't f32", done.returncode == 1 and "departs first" in done.stdout, done.stdout)
    quantised = str(pathlib.Path(folder.name) / "quantised.safetensors")
    subprocess.run([cardinal, "quantize", "--model", MODEL, "--seed", "1", "--synthetic=1", "--crop", "32", "-o",
                    quantised], check=True, capture_output=True)
    done = run("--weights", quantised, "--reference", network)
    expect("weights in int8 without --tolerance", done.returncode == 1 and not done.stdout
           and "int8 rounds what each layer gives; --tolerance must say" in done.stderr, done.stderr + done.stdout)
    expect("weights in int8", run("--weights", quantised, "--reference", network, "--tolerance", "0.2").returncode == 0)
    file = Reference(golden / "network.safetensors")
    for name, at in (("fc", 7), ("layer4.0.conv3", 1234)):
        file.values[name][at] += 0.01 * max(map(abs, file.values[name]))
    done = run("--model", MODEL, "--reference", file.write())
    expect("a planted layer", done.returncode == 1 and "FAIL layer4.0.conv3 departs first: "
           + file.place("layer4.0.conv3", 1234) in done.stdout and "2 depart" in done.stdout, done.stdout)
    file.values["fc"] = [-value for value in file.values["fc"]]
    told = json.loads(run("--model", MODEL, "--reference", file.write(), "--json").stdout)["layers"][2]
    expect("another direction", -1.000001 < told["cosine"] < -0.99 and told["images_of_the_same_class"] == 0, told)
    file.values["fc"] = [-value for value in file.values["fc"]]
    file.write()
    told = json.loads(run("--model", MODEL, "--reference", str(planted), "--json").stdout)
    expect("JSON", told["first_departing"] == "layer4.0.conv3" and not told["right"]
           and 0.0099 < told["layers"][1]["share_of_largest"] < 0.0101, told)
    expect("--tolerance", run("--model", MODEL, "--reference", str(planted), "--tolerance", "0.02").returncode == 0)
    file.values["fc"][7] = float("nan")
    done = run("--model", MODEL, "--reference", file.write(), "--tolerance", "1", "--json")
    expect("NaN in a layer", done.returncode == 1 and json.loads(done.stdout)["layers"][2]["cosine"] is None,
           done.stdout)
    done = run("--model", MODEL, "--reference", network, "--seed", "2")
    expect("other weights", done.returncode == 1 and "FAIL layer4.0.conv2 departs first" in done.stdout, done.stdout)
    model = ("--model", MODEL)
    error("no images", lambda file: file.remove("input"), 'tensor "input", the images, is missing', *model,
          base="network")
    error("no layer", lambda file: [file.remove(name) for name in ("fc", "layer4.0.conv2", "layer4.0.conv3")],
          "holds no output of a layer", *model, base="network")
    error("another layer", lambda file: file.shapes.update({"fc": [1000, 1]}),
          'tensor "fc": expected shape [1, 1000, 1, 1], found [1000, 1]', *model, base="network")
    error("an unknown layer", lambda file: [part.update({"layer9": part["fc"]}) for part in (
        file.values, file.shapes, file.dtypes)], 'tensor "layer9"', *model, base="network")
    error("weights that aren't", lambda file: None, "/no/weights", "--weights", "/no/weights", base="network")


def numpy_python():
    """A Python that has NumPy, or None."""
    for python in (sys.executable, "/usr/bin/python3"):
        if subprocess.run([python, "-c", "import numpy"], capture_output=True, check=False).returncode == 0:
            return python
    return None


def exported():
    python = numpy_python()
    if not python:
        print("no NumPy here: tools/export_reference.py isn't tried")
        return
    made, weights = pathlib.Path(folder.name) / "made.safetensors", pathlib.Path(folder.name) / "weights.safetensors"

    def export(*arguments):
        return subprocess.run([python, str(exporter), *map(str, arguments)], capture_output=True, text=True)

    done = export("cases", made, "--with", "numpy", "--case", "conv ic5 oc9 i6 k3 p1 relu",
                  "--case", "maxpool c3 i5 k2")
    expect("exported cases", done.returncode == 0
           and run("--reference", str(made), "--cases", "1").returncode == 0, done)
    done = export("cases", made, "--with", "numpy", "--case", "conv ic5 oc9 k3")
    expect("a bad descriptor", done.returncode == 1 and "conv ic5 oc9 k3" in done.stderr, done)

    # A network of several blocks a stage, with the weights of a file.
    subprocess.run([python, "-c", f"""
import sys
sys.path[:0] = [{str(exporter.parent)!r}, {str(exporter.parent / "reference")!r}]
import networks, safetensors_files, synthetic
shapes = networks.state_shapes(networks.parse("resnext20_8x4d_2-1-2-1"))
safetensors_files.write({str(weights)!r}, {{n: synthetic.tensor(5, n, s) for n, s in shapes.items()}}, {{}})
"""], check=True)
    done = export("network", made, "--with", "numpy", "--model", "resnext20_8x4d_2-1-2-1", "--weights", weights,
                  "--size", "48x64", "--images", "2")
    expect("an exported network", done.returncode == 0, done)
    done = run("--weights", str(weights), "--reference", str(made), "-v")
    expect("every layer", done.returncode == 0 and "26 of 26 layers compared, 0 depart" in done.stdout, done)


hashes()
golden_pass()
one_ulp()
rules()
plugins()
bad_files()
network_faults()
exported()
print("failed" if failures else "passed")
sys.exit(failures != 0)
