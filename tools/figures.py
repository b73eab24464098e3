# SPDX-License-Identifier: BSD-3-Clause
"""What the programs that draw figures of results share."""

import argparse
import json
import os
import sys

FIRM_ROUNDS = 5  # CARDINAL_FIRM_ROUNDS of bench/measure.h


def parser(description, results_help, several=False):
    """Of options: files of results, the figure, the network, the CPU's name."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("results", nargs="+" if several else None, help=results_help)
    made.add_argument("output", help="figure to write, .svg or .png")
    made.add_argument("--model", default="resnext50_32x4d", help="network to plot (default: %(default)s)")
    made.add_argument("--cpu", help="what to call the CPU in the title, where its own name says little")
    return made


def read(path, script):
    """The context and the benchmarks of a file that a script has written; ends the program if it isn't one."""
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        return content["context"], content["benchmarks"]
    except OSError as error:
        sys.exit(f"{path}: {error.strerror}")
    except (ValueError, KeyError, TypeError) as error:
        sys.exit(f"{path}: not a results file of {script} ({type(error).__name__}: {error})")


def pyplot():
    """Matplotlib's, set up so that the same results give the same file."""
    try:
        import matplotlib
    except ModuleNotFoundError:
        sys.exit(f"{sys.executable} has no matplotlib; Debian's python3 has it after: "
                 "apt-get install python3-matplotlib")

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.fonttype"] = "none"
    matplotlib.rcParams["svg.hashsalt"] = "cardinal"
    from matplotlib import pyplot as made
    return made


def save(figure, output):
    """Written beside its place first: an interrupted run leaves no half of a figure."""
    partial = f"{output}.partial"
    try:
        kind = os.path.splitext(output)[1].lstrip(".") or "svg"
        figure.savefig(partial, format=kind, metadata={"Date": None} if kind == "svg" else None, dpi=120)
        os.replace(partial, output)
    except (OSError, ValueError) as error:
        if os.path.exists(partial):
            os.remove(partial)
        sys.exit(f"{output}: {error}")
