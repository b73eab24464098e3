# SPDX-License-Identifier: BSD-3-Clause
"""tools/cardinality.py: its table from made-up results, its errors, and that the benchmark knows its networks.

usage: cardinality.py BENCH, the program cardinal_bench.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "cardinality.py"


def result(model, milliseconds, **changes):
    return {"kind": "net", "model": model, "batch": 1, "threads": 1, "isa": "avx512", "format": "f32",
            "run_type": "iteration", "real_time": 1e3 * milliseconds, "time_unit": "us", "peak_pct": 95.04,
            "quiet_rounds": 20, "flops": 8.25e9, **changes}


def run(content, *options):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "results.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return subprocess.run([sys.executable, TOOL, path, *options], capture_output=True, text=True, check=False)


def document(*benchmarks):
    return {"context": {"cpu": "One CPU", "best_isa": "avx512", "compiler": "gcc", "started": "2026-11-25T00:00:00Z"},
            "benchmarks": list(benchmarks)}


class Table(unittest.TestCase):
    def test_figures_stand_beside_the_papers_errors(self):
        found = run(document(result("resnet50", 70.0), result("resnext50_32x4d", 77.0, quiet_rounds=4),
                             result("resnext50_32x4d", 9.0, isa="avx2"), result("resnext50_32x4d", 9.0, batch=8),
                             result("resnext50_32x4d", 9.0, threads=2), result("resnext50_4x24d", 35.0, format="int8"),
                             result("resnet50", 20.0, format="int8")))
        self.assertEqual(found.returncode, 0, found.stderr)
        lines = [line.split() for line in found.stdout.splitlines()]
        self.assertIn("50 1 x 64d 8.25 70.0 95.0 1.000 20.0 95.0 1.000 23.9".split(), lines)
        self.assertIn("50 4 x 24d 8.25 35.0 95.0 1.750 22.6".split(), lines)
        self.assertIn("50 32 x 4d 8.25 ~77.0 ~95.0 1.100 22.2".split(), lines)
        self.assertIn("One CPU", found.stdout)

    def test_markdown_has_a_row_for_each_network(self):
        found = run(document(result("resnet101", 140.0), result("resnext101_32x4d", 35.06, format="int8"),
                             result("resnext101_32x4d", 141.0, quiet_rounds=4)), "--markdown")
        self.assertEqual(found.stdout,
                         "| layers | cardinality × width | f32 | int8 | error |\n|---:|---|---:|---:|---:|\n"
                         "| 101 | 1 × 64d (ResNet) | 140.0, 95.0 | – | 22.0 |\n"
                         "| 101 | 32 × 4d | ~141.0, 95.0 | 35.1, 95.0 | 21.2 |\n")

    def test_other_files_are_refused(self):
        for content, reason in ((document(result("vgg", 1.0)), "holds none of the networks"),
                                ("{", "not a results file"), ({"context": {}}, "not a results file")):
            found = run(content)
            self.assertEqual(found.returncode, 1)
            self.assertIn(reason, found.stderr)
            self.assertNotIn("Traceback", found.stderr)

    def test_the_benchmark_knows_the_networks(self):
        models = subprocess.run([sys.executable, TOOL, "models"], capture_output=True, text=True, check=True).stdout
        self.assertEqual(models.count(",") + 1, 10)
        model = models.split(",")[3]  # one, since the benchmark makes what it lists
        listed = subprocess.run([sys.argv[1], f"--cardinal_models={model}", "--benchmark_list_tests",
                                 "--benchmark_filter=^net/.*/b1/f32/generic/t1$"], capture_output=True, text=True,
                                check=True).stdout
        self.assertEqual(listed, f"net/{model}/b1/f32/generic/t1\n")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
