# SPDX-License-Identifier: BSD-3-Clause
"""script/compare without any peer: its statistics, its tables, and what it makes of processes that misbehave."""

import json
import math
import os
import pathlib
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tools" / "peers"))
import measure
import processes
import report
import rounds

# A worker for each kind of trouble; what stands behind "answer" is what it does with each request.
WORKER = """
import json, os, struct, sys, time
print(json.dumps({about}), flush=True)
for line in sys.stdin:
    word, argument = line.split(maxsplit=1) if " " in line else (line.strip(), "")
    if word == "logits":
        open(argument.strip(), "wb").write(struct.pack("<4f", *{logits}))
        print('{{"logits": ""}}', flush=True)
    else:
        {answer}
"""


def turns(times, canaries=None):
    return [rounds.Turn(seconds, canary) for seconds, canary in zip(times, canaries or [100.0] * len(times))]


class Statistics(unittest.TestCase):
    def test_medians_and_ratios_are_of_the_same_rounds(self):
        ours, peer = turns([1.0, 2.0, 4.0, 1.0, 1.0]), turns([2.0, 3.0, 4.0, 5.0, 2.5])
        summary = rounds.summarise(peer, ours, 100.0)
        self.assertEqual(summary.seconds, 3.0)
        self.assertEqual((summary.ratio, summary.least, summary.most), (2.0, 1.0, 5.0))
        self.assertTrue(summary.firm)

    def test_only_quiet_rounds_count_if_there_are_enough(self):
        ours = turns([1.0] * 6, [100, 100, 100, 100, 100, 94])
        summary = rounds.summarise(turns([2.0] * 5 + [9.0]), ours, 100.0)
        self.assertEqual((summary.ratio, summary.most, summary.quiet, summary.rounds), (2.0, 2.0, 5, 6))

    def test_all_rounds_count_and_are_marked_if_too_few_were_quiet(self):
        ours = turns([1.0] * 5, [100, 100, 100, 100, 94])
        summary = rounds.summarise(turns([2.0] * 4 + [9.0]), ours, 100.0)
        self.assertEqual((summary.most, summary.quiet, summary.firm), (9.0, 4, False))
        self.assertTrue(report.ratio_cells(summary)[0].startswith("~"))

    def test_without_ours_there_is_no_ratio(self):
        self.assertTrue(math.isnan(rounds.summarise(turns([2.0] * 5), None, 100.0).ratio))

    def test_one_stray_peak_in_a_hundred_is_passed_over(self):
        self.assertEqual(rounds.peak_of([100.0] * 99 + [150.0]), 100.0)
        self.assertEqual(rounds.peak_of([100.0] * 98 + [150.0]), 150.0)


class Agreement(unittest.TestCase):
    expected = [[1.0, -2.0, 0.5], [3.0, 0.0, 10.0]]

    def test_f32_is_held_to_its_bound(self):
        near, far = [[1.0, -2.0, 0.5], [3.0, 0.0009, 10.0]], [[1.0, -2.0, 0.5], [3.0, 0.0011, 10.0]]
        self.assertEqual(rounds.disagreement(near, self.expected, "f32")[0], "")
        self.assertIn("more than 1e-04", rounds.disagreement(far, self.expected, "f32")[0])

    def test_bf16_is_held_to_cosine_and_class(self):
        self.assertEqual(rounds.disagreement([[1.01, -2.0, 0.5], [3.0, 0.01, 10.0]], self.expected, "bf16")[0], "")
        self.assertIn("cosine", rounds.disagreement([[1.0, -2.0, 0.9], [3.0, 0.0, 10.0]], self.expected, "bf16")[0])
        close = [[1.0, 0.9999], [1.0, 0.0]]
        self.assertIn("class 1 in image 0",
                      rounds.disagreement([[0.9998, 0.9999], [1.0, 0.0]], close, "bf16")[0])

    def test_what_is_no_number_or_of_another_shape_never_agrees(self):
        for precision in ("f32", "bf16", "int8"):
            self.assertIn("finite", rounds.disagreement([[1.0, math.nan, 0.5], [3.0, 0.0, 1.0]], self.expected,
                                                        precision)[0])
            self.assertIn("number", rounds.disagreement([[1.0, -2.0, 0.5]], self.expected, precision)[0])


class FakeBench(measure.Bench):
    """Starts scripts in place of peers."""

    def __init__(self, folder, scripts):
        super().__init__(folder=pathlib.Path(folder), build=None, cpus=[0], pythons={}, onednn=None, rounds=6,
                         seconds=60.0, turn=0.01, pause=0.001)
        self.scripts = scripts

    def cpus_of(self, threads):
        return os.sched_getaffinity(0)


GOOD = "print(json.dumps({'seconds': {'': [0.002, 0.001, 0.003]}}), flush=True)"
PEAK = "print(json.dumps({'rates': [100.0, 99.0]}), flush=True)"


def script(answer=GOOD, about="{'version': '1', 'settings': ''}", logits="[1.0, 2.0, 3.0, 4.0]"):
    return WORKER.format(answer=answer, about=about, logits=logits)


class Peers(unittest.TestCase):
    """A whole case with fake processes."""

    def run_case(self, kind="network", **scripts):
        scripts = {"cardinal": script(), "yardstick": script(PEAK), **scripts}
        with tempfile.TemporaryDirectory() as folder:
            bench = FakeBench(folder, scripts)
            original = measure.command_of, measure.start_yardstick
            measure.command_of = lambda bench, case, peer, layers: [sys.executable, "-c", bench.scripts[peer]]
            measure.start_yardstick = lambda bench, case: processes.Worker(
                [sys.executable, "-c", bench.scripts["yardstick"]], bench.cpus_of(1), bench.folder / "yardstick.log")
            try:
                bench.layers = {"layer1.0.conv2"}
                bench.pythons = dict.fromkeys(scripts, sys.executable)
                peers = [peer for peer in scripts if peer != "yardstick"]
                return measure.measure(bench, measure.Case("resnet50", "f32", 1, 1, kind), peers)
            finally:
                measure.command_of, measure.start_yardstick = original

    def test_medians_of_turns_and_rounds(self):
        result = self.run_case(openvino=script(GOOD.replace("0.002, 0.001, 0.003", "0.003, 0.004, 0.005")))
        self.assertEqual(result.skipped, {})
        summary = result.summaries("")["openvino"]
        self.assertEqual((summary.seconds, summary.ratio, summary.quiet), (0.004, 2.0, 6))

    def test_only_grouped_layers_are_kept(self):
        answer = GOOD.replace("''", "'layer1.0.conv2': [0.002], 'layer1.0.conv3'")
        result = self.run_case("layers", cardinal=script(answer), openvino=script(answer))
        self.assertEqual({peer: set(turns) for peer, turns in result.turns.items()},
                         {"cardinal": {"layer1.0.conv2"}, "openvino": {"layer1.0.conv2"}})

    def test_trouble_in_one_peer_leaves_the_others(self):
        third = "n = globals().get('n', 0) + 1; os._exit(3) if n == 3 else " + GOOD
        result = self.run_case(
            other=script("print(json.dumps({'times': []}), flush=True)"), anonymous=script(about="{}"),
            wrong=script(logits="[1.0, 2.0, 3.0, 4.1]"), garbage=script(about="'not an object'"),
            dies=script(third), signalled=script("os.kill(os.getpid(), 9)"),
            unserved=script(about="{'error': 'it has no bf16'}"), openvino=script())
        self.assertIn("differ by", result.skipped["wrong"])
        self.assertIn("answered", result.skipped["garbage"])
        self.assertIn("answered", result.skipped["other"])
        self.assertIn("who it is", result.skipped["anonymous"])
        self.assertRegex(result.skipped["dies"], r"status 3; see [^/]+/[^/]+/[^/]+\.log$")
        self.assertIn("SIGKILL", result.skipped["signalled"])
        self.assertEqual(result.skipped["unserved"], "it has no bf16")
        self.assertEqual(set(result.turns), {"cardinal", "openvino"})
        self.assertEqual(len(result.turns["openvino"][""]), 6)

        text = "\n".join(report.network_table([result]))
        self.assertIn("openvino 1", text)
        self.assertNotIn("wrong", text)
        self.assertIn("unserved is left out: it has no bf16 (resnet50 in f32)", report.skipped_lines([result]))
        document = json.loads(json.dumps(report.document({"cpu": "one"}, [result]), allow_nan=False))
        found = {entry["name"]: entry for entry in document["benchmarks"]}
        self.assertEqual(set(found), {"peer_network/cardinal/resnet50/b1/f32/t1",
                                      "peer_network/openvino/resnet50/b1/f32/t1"})
        self.assertEqual(len(found["peer_network/openvino/resnet50/b1/f32/t1"]["round_time"]), 6)
        self.assertEqual(len(document["context"]["skipped"]), 7)

    def test_the_end_of_cardinal_itself_leaves_the_peers(self):
        result = self.run_case(cardinal=script("os._exit(1)"), openvino=script())
        self.assertIn("status 1", result.skipped["cardinal"])
        self.assertTrue(math.isnan(result.summaries("")["openvino"].ratio))

    def test_a_worker_that_hangs_is_given_up(self):
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaisesRegex(processes.Failed, "no answer in"):
                processes.Worker([sys.executable, "-c", "import time; time.sleep(60)"], os.sched_getaffinity(0),
                                 pathlib.Path(folder) / "log", timeout=0.2)


class Layers(unittest.TestCase):
    def test_layers_of_one_shape_are_their_mean(self):
        result = measure.Result(measure.Case("resnext50_32x4d", "f32", 1, 1, "layers"), peak=100.0)
        for peer, factor in (("cardinal", 1.0), ("openvino", 3.0)):
            result.about[peer] = {"version": "1", "settings": ""}
            result.turns[peer] = {"a": turns([factor] * 5), "b": turns([2 * factor] * 5)}
        summary = report.shape_summaries(result, ["a", "b"])["openvino"]
        self.assertEqual((summary.seconds, summary.ratio), (4.5, 3.0))
        lines = report.layer_table([result], lambda model: {(4, "128>128 3x3/1 g32 56x56"): ["a", "b"]})
        self.assertEqual(len(lines), 3)
        self.assertIn("3.00", lines[2])


if __name__ == "__main__":
    unittest.main()
