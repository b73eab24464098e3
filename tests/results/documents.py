# SPDX-License-Identifier: BSD-3-Clause
"""Figures that README.md and docs/peers.md quote, against the files in results/ that they are of."""

import json
import pathlib
import re
import subprocess
import sys
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
RESULTS = SOURCE / "results"
LAYERS = RESULTS / "resnext50-zen4-gcc12.json"
CARDINALITY = RESULTS / "cardinality-zen4-gcc12.json"
PEERS = sorted(RESULTS.glob("compare-zen4-gcc12-*.json"))  # the first is of one image
MODEL = "resnext50_32x4d"
MILLISECONDS = {"ns": 1e-6, "us": 1e-3, "ms": 1.0}


def text_of(name):
    return (SOURCE / name).read_text("utf-8")


def content(path):
    return json.loads(path.read_text("utf-8"))


def printed(tool, *arguments):
    return subprocess.run([sys.executable, SOURCE / "tools" / tool, *arguments], capture_output=True, text=True,
                          check=True).stdout


def milliseconds(row):
    return row["real_time"] * MILLISECONDS[row["time_unit"]]


def figure(row, value, digits=1):
    return f"{'' if row['quiet_rounds'] >= 5 else '~'}{value:.{digits}f}"


def rows_below(text, heading):
    """The cells of the lines of a code block, from below its heading to the next empty line."""
    lines = text[text.index(heading):].splitlines()[1:]
    return [re.split(r" {2,}", line.strip()) for line in lines[:next(i for i, line in enumerate(lines) if not line)]]


def origin(path):
    context = content(path)["context"]
    return f"commit {context['commit'][:7]}, {context['started'][:10]}"


class Cardinality(unittest.TestCase):
    def test_the_table_is_the_printed_one(self):
        table = printed("cardinality.py", CARDINALITY, "--markdown")
        self.assertTrue(f"\n\n{table}\n" in text_of("README.md"), f"not in README.md:\n{table}")

    def test_the_ratios_below_it(self):
        nets = {(row["model"], row["format"]): row for row in content(CARDINALITY)["benchmarks"]
                if row["kind"] == "net" and row["batch"] == row["threads"] == 1}
        told = re.search(r"So ResNeXt-50 costs ([\d.]+), ([\d.]+) and ([\d.]+) times the milliseconds of ResNet-50, of "
                         r"which its operations explain (\d+\.\d+)", " ".join(text_of("README.md").split()))
        ratio = {name: f"{milliseconds(nets[MODEL, name]) / milliseconds(nets['resnet50', name]):.2f}"
                 for name in ("f32", "bf16", "int8")}
        flops = nets[MODEL, "f32"]["flops"] / nets["resnet50", "f32"]["flops"]
        self.assertEqual((*ratio.values(), f"{flops:.2f}"), told.groups())


class LayerByLayer(unittest.TestCase):
    def setUp(self):
        self.readme = text_of("README.md").split("## Layer by layer")[1]
        self.rows = content(LAYERS)["benchmarks"]
        self.own = [row for row in self.rows if row.get("model") == MODEL and row["threads"] == 1]

    def test_where_it_is_of(self):
        self.assertIn(origin(LAYERS), self.readme)

    def test_layers(self):
        table = rows_below(self.readme, "    layer    ")
        self.assertGreater(len(table), 10)
        for name, *cells in table:
            layer, _, alike = name.partition(" (")
            row, = (row for row in self.own if row["kind"] == "layer" and row["layer"] == layer
                    and row["kernel"] == cells[1])
            self.assertEqual(cells, [row["shape"], row["kernel"], row["format"], figure(row, milliseconds(row), 3),
                                     figure(row, row["gflops"]), figure(row, row["peak_pct"]),
                                     f"{row['x_naive']:.1f}"], name)
            count = 1 + sum(other.get("measured_as") == row["name"] for other in self.rows)
            self.assertEqual(alike, f"{count} alike)" if count > 1 else "", name)

    def sums(self, kind, isa, number_format):
        """GFLOP and milliseconds of all convolutions."""
        layers = {row["layer"] for row in self.own if row["kind"] == "naive"}
        rows = [row for row in self.own if row["kind"] == kind and row["layer"] in layers
                and row["format"] == number_format and (not isa or row["isa"] == isa)]
        self.assertEqual(len(rows), len(layers), (kind, isa, number_format))
        return 1e-9 * sum(row["flops"] for row in rows), sum(map(milliseconds, rows))

    def test_all_convolutions(self):
        table = rows_below(self.readme, "    all convolutions  ")
        self.assertGreater(len(table), 4)
        naive = self.sums("naive", None, "f32")[1]
        for what, built, *cells in table:
            isa, _, number_format = built.partition(", ")
            kind = {"naive loops": "naive", "portable kernels": "plain", "hand-written kernels": "layer"}[what]
            flops, spent = self.sums(kind, {"naive": None, "plain": "avx512"}.get(kind, isa), number_format or "f32")
            expected = [f"{spent:.1f}", f"{1e3 * flops / spent:.1f}", f"{naive / spent:.1f}"]
            self.assertEqual([cell for cell in cells if cell != "-"], expected[:2 if cells[-1] == "-" else 3], built)

    def test_networks(self):
        table = rows_below(self.readme, "    network    ")
        self.assertGreater(len(table), 3)
        for model, batch, *cells in table:
            name = f"net/{model}/b{batch}/{cells[0]}/{cells[1]}/t{cells[2]}"
            row, = (row for row in self.rows if row["name"] == name)
            self.assertEqual(cells[3:], [figure(row, milliseconds(row)), figure(row, row["gflops"]),
                                         figure(row, row["peak_pct"])], name)

    def test_peaks(self):
        told = re.search(r"The peaks of that run were (\d+) GFLOP/s in f32, with AVX2 and AVX-512 alike, (\d+) in bf16 "
                         r"and (\d+) in int8", self.readme)
        peaks = {(row["format"], row["isa"]): f"{row['peak_gflops']:.0f}" for row in self.rows
                 if row["kind"] == "fma" and row["threads"] == 1}
        self.assertEqual(tuple(peaks[name, "avx512"] for name in ("f32", "bf16", "int8")), told.groups())
        self.assertEqual(peaks["f32", "avx2"], told[1])


class News(unittest.TestCase):
    def test_the_networks(self):
        nets = {row["name"]: row for row in content(LAYERS)["benchmarks"]}
        told = re.search(r"ResNeXt-50 takes ([\d.]+) ms at (\d+) % of the FMA peak, ResNet-50 ([\d.]+) ms at (\d+) %",
                         " ".join(text_of("NEWS.md").split()))
        found = []
        for model in (MODEL, "resnet50"):
            row = nets[f"net/{model}/b1/f32/avx512/t1"]
            found += [figure(row, milliseconds(row)), figure(row, row["peak_pct"], 0)]
        self.assertEqual(list(told.groups()), found)


class Peers(unittest.TestCase):
    names = {"Cardinal": "cardinal", "OpenVINO": "openvino", "ONNX Runtime": "onnxruntime", "PyTorch": "torch",
             "ncnn": "ncnn"}

    def test_the_tables_are_the_printed_ones(self):
        tables = printed("peers/tables.py", *PEERS).strip().split("\n\n")
        self.assertEqual(len(tables), 3)
        for table in tables:
            self.assertGreater(table.count("\n"), 5)
            self.assertTrue(f"\n\n{table}\n\n" in text_of("docs/peers.md"), f"not in docs/peers.md:\n{table}")

    def test_the_first_figure(self):
        """Its words: each library's milliseconds in f32, bf16 and int8, those that were timed."""
        words = " ".join(re.search(r"!\[(Milliseconds of [^\]]*)\]", text_of("README.md"))[1].split())
        for name, peer in self.names.items():
            rows = {row["format"]: row for row in content(PEERS[0])["benchmarks"]
                    if (row["peer"], row["model"], row["batch"], row["threads"]) == (peer, MODEL, 1, 1)}
            found = [f"{milliseconds(rows[name]):.1f}" for name in ("f32", "bf16", "int8") if name in rows]
            told = re.search(name + r" (\d[\d.,and ]*\d)", words)[1]
            self.assertEqual(re.split(r", | and ", told), found, name)
            for value in found:
                self.assertTrue(f"  {value} ms" in text_of("docs/img/peers-zen4.svg"), value)

    def test_the_ratios_below_it(self):
        words = " ".join(text_of("README.md").split())
        told = re.search(r"on ResNeXt-50 the fastest of the others takes ([\d.]+) times as long in f32, ([\d.]+) in "
                         r"bf16 and (~?[\d.]+) in int8(?: \(~: fewer than five quiet rounds\))?\. OpenVINO's grouped "
                         r"3×3 of width 4 take ([\d.]+), ([\d.]+) and ([\d.]+) times as long", words)
        lines = [line.strip("| ").split(" | ") for line in printed("peers/tables.py", *PEERS).splitlines()]
        rows = {line[0]: line for line in lines if len(line) > 5}
        found = [rows[f"ResNeXt-50 32x4d, {name}"][2] for name in ("f32", "bf16", "int8")]
        found += [f"{float(ratio):.1f}" for ratio in rows["4, 56×56"][1:4]]
        self.assertEqual(list(told.groups()), found)

    def test_origin_and_versions(self):
        versions = {(row["peer"], row["peer_version"]) for path in PEERS for row in content(path)["benchmarks"]}
        self.assertEqual(len(versions), len(dict(versions)))
        versions = dict(versions)
        for path in PEERS:
            self.assertTrue(f"commit {content(path)['context']['commit'][:7]}" in text_of("docs/peers.md"), path)
        for document in ("README.md", "docs/peers.md"):
            text = " ".join(text_of(document).split())
            self.assertTrue(origin(PEERS[0]) in text, f"{document}: {origin(PEERS[0])}")
            for name, peer in (*self.names.items(), ("oneDNN", "onednn")):
                version = re.match(r"[\d.]+", versions[peer])[0]  # Debian's PyTorch calls 1.13.0 1.13.0a0
                self.assertTrue(peer == "cardinal" or f"{name} {version}" in text, f"{document}: {name} {version}")


if __name__ == "__main__":
    unittest.main()
