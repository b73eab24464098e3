# SPDX-License-Identifier: BSD-3-Clause
"""Made-up runs of cardinal_bench and script/compare, with everything that a report shows."""
import contextlib
import json
import os
import random
import subprocess
import tempfile

LAYERS = [("conv1", "3>64 7x7/2 224x224", 236027904, 3.9e6, False), ("layer1.0.conv1", "64>128 1x1/1 56x56", 51380224,
          2.4e6, False), ("layer1.0.conv2", "128>128 3x3/1 g32 56x56", 28901376, 3.2e6, True),
          ("layer4.1.conv2", "1024>1024 3x3/1 g32 7x7", 28901376, 1.6e6, True)]
PEAK = 118.0
SHARES = {"naive": 0.01, "avx2": 0.9, "avx512": 0.96}
PAPER = ["resnet50", "resnext50_2x40d", "resnext50_4x24d", "resnext50_8x14d", "resnext50_32x4d"]


def context(**facts):
    return {"library_build_type": "release", "cardinal_version": "0.1.0", "cpu": "CPU A", "cpu_id": "V 25/17/1",
            "cache_sizes": "L1 32 KiB, L2 1 MiB", "caches_are": "warm", "commit": "abcdef123456",
            "compiler": "gcc 12.2.0", "compiler_flags": "-O3", "governor": "unknown", "affinity": "0-1",
            "all_threads": "2", "started": "2026-11-24T00:00:00Z", **facts}


def row(source, name, kind, seconds, quiet=20, count=24, **members):
    # In pairs around the median, so that it is exact.
    deviations = [source.gauss(0, 0.004) for _ in range(count // 2)]
    times = [round(1e6 * seconds * (1 + sign * deviation), 9) for deviation in deviations for sign in (-1, 1)]
    return {"name": name, "run_name": name, "run_type": "iteration", "repetitions": 1, "repetition_index": 0,
            "threads": 1, "iterations": quiet, "real_time": 1e6 * seconds, "cpu_time": 1e6 * seconds,
            "time_unit": "us", "rounds": count, "quiet_rounds": quiet, "kind": kind, **members,
            "round_time": times, "round_canary_pct": [99.0] * count, "round_quiet": [1] * quiet + [0] * (count - quiet)}


def rates(flops, seconds, peak=PEAK):
    return {"gflops": 1e-9 * flops / seconds, "peak_pct": 1e-7 * flops / seconds / peak, "peak_gflops": peak}


def bench(seed=1, slower=1.0, formats=("f32",), **facts):
    """Peaks, copies, the layers of a network, and networks, in all formats: bf16 twice as fast, int8 four times."""
    source = random.Random(seed)
    rows = []
    for number, number_format in enumerate(formats):
        peak = PEAK * 2 ** number
        rows.append(row(source, f"peak/fma/{number_format}/avx512/t1", "fma", 1e6 / peak * 1e-9, format=number_format,
                        isa="avx512", kernel="fma_avx512", **rates(1e6, 1e6 / peak * 1e-9, peak)))
        for layer, shape, flops, bytes_moved, grouped in LAYERS:
            common = {"format": number_format, "model": "resnext50_32x4d", "layer": layer, "shape": shape,
                      "flops": flops, "bytes": bytes_moved, "grouped_3x3": grouped}
            for isa, share in SHARES.items():
                seconds = 1e-9 * flops / (PEAK if isa == "naive" else peak) / share * slower
                if isa == "naive" and number == 0:
                    rows.append(row(source, f"naive/resnext50_32x4d/{layer}/f32", "naive", seconds, kernel="naive",
                                    **common, **rates(flops, seconds)))
                elif isa != "naive":
                    rows.append(row(source, f"layer/resnext50_32x4d/{layer}/{number_format}/{isa}/t1", "layer",
                                    seconds, isa=isa, kernel=f"a_kernel_{isa}", x_naive=90.0, x_naive_firm=True,
                                    **common, **rates(flops, seconds, peak)))
        flops = sum(layer[2] for layer in LAYERS)
        for model in PAPER:
            for batch in (1, 8):
                for threads in (1, 2):
                    seconds = 1e-9 * batch * flops / peak / 0.95 / (1 + 0.9 * (threads - 1)) * slower
                    rows.append(row(source, f"net/{model}/b{batch}/{number_format}/avx512/t{threads}", "net", seconds,
                                    format=number_format, model=model, batch=batch, isa="avx512", kernel="avx512",
                                    flops=batch * flops, threads=threads,
                                    **rates(batch * flops, seconds, threads * peak)))
    for level, speed in (("l1", 205), ("l2", 112), ("memory", 19)):
        rows.append(row(source, f"peak/copy/{level}/t1", "copy", 1e-5, level=level, bytes_per_second=1e9 * speed))
    return {"context": context(**facts), "benchmarks": rows}


def peers():
    """OpenVINO takes 1.1 times as long for the network, 3 times for a grouped layer; a slower one comes first."""
    source = random.Random(7)
    rows = []
    for peer, factor in (("slowpoke", 1.5), ("cardinal", 1.0), ("openvino", 1.1), ("sloth", 1.4)):
        about = {"peer": peer, "peer_version": "1.2", "model": "resnext50_32x4d", "batch": 1, "format": "f32",
                 "peak_gflops": PEAK}
        ours = {} if peer == "cardinal" else {"x_ours": factor, "x_ours_min": 1.05, "x_ours_max": 1.15}
        rows.append(row(source, f"peer_network/{peer}/resnext50_32x4d/b1/f32/t1", "peer_network", 3.2e-3 * factor,
                        **about, **ours))
        ours = {} if peer == "cardinal" else {"x_ours": 3.0, "x_ours_min": 2.9, "x_ours_max": 3.1}
        rows.append(row(source, f"peer_layers/{peer}/resnext50_32x4d/layer1.0.conv2/b1/f32/t1", "peer_layers",
                        0.25e-3 * (3 if ours else 1), layer="layer1.0.conv2", **about, **ours))
    return {"context": {"executable": "script/compare", "cpu": "CPU A", "commit": "abc", "cores": 2,
                        "started": "2026-11-25T00:00:00Z"}, "benchmarks": rows}


def sweep():
    source = random.Random(9)
    rows = []
    for width in (4, 8):
        for groups in (1, 32):
            channels = width * groups
            shape = f"{channels}>{channels} 3x3/1 {f'g{groups} ' if groups > 1 else ''}28x28"
            rows.append(row(source, f"layer/sweep/conv_g{groups}_w{width}/f32/avx2/t1", "layer", 1e-4, format="f32",
                            model="sweep", layer=f"conv_g{groups}_w{width}", shape=shape, isa="avx2", kernel="k",
                            flops=1e7, bytes=1e5, grouped_3x3=True, gflops=100.0, peak_pct=80.0 + width + groups,
                            peak_gflops=PEAK))
    return {"context": context(started="2026-11-24T12:00:00Z"), "benchmarks": rows}


@contextlib.contextmanager
def files(*runs):
    """The runs as files, given as dicts or texts."""
    with tempfile.TemporaryDirectory(prefix="cardinal-report-") as folder:
        paths = []
        for number, run in enumerate(runs):
            paths.append(os.path.join(folder, f"{number}.json"))
            with open(paths[-1], "w", encoding="utf-8") as file:
                file.write(run if isinstance(run, str) else json.dumps(run))
        yield paths


def report(cardinal, runs, *options):
    with files(*runs) as paths:
        return subprocess.run([cardinal, "report", *options, *paths], capture_output=True, text=True, timeout=300)
