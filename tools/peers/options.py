# SPDX-License-Identifier: BSD-3-Clause
"""The command line of script/compare. Needs Python alone, so that --help and mistakes don't wait for installations."""

import argparse
import pathlib
import re
import sys

MODELS = ("resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d", "resnet50")
PRECISIONS = ("f32", "bf16", "int8")
PEERS = ("openvino", "onnxruntime", "ncnn", "torch", "onednn")
QUICK = {"models": "resnext50_32x4d", "batches": "1", "threads": "1", "rounds": 7, "seconds": 12.0, "turn": 0.15}


def choice(known, what):
    """Reads a list such as "f32,bf16"."""
    def read(text):
        wrong = [word for word in text.split(",") if word not in known]
        if wrong:
            raise argparse.ArgumentTypeError(f"no {what} is called \"{wrong[0]}\"; there are {', '.join(known)}")
        return tuple(dict.fromkeys(text.split(",")))
    return read


def model_names(text):
    for name in text.split(","):
        if not re.fullmatch(r"(wide_)?resnet\d+(_2)?|resnext\d+_\d+x\d+d(_\d+-\d+-\d+-\d+)?", name):
            raise argparse.ArgumentTypeError(f"no network is called \"{name}\"; there are such as {', '.join(MODELS)}, "
                                             "and resnext50_8x14d")
    return tuple(dict.fromkeys(text.split(",")))


def numbers(text):
    try:
        found = tuple(dict.fromkeys(int(word) for word in text.split(",")))
    except ValueError:
        found = ()
    if not found or min(found) < 1 or max(found) > 4096:
        raise argparse.ArgumentTypeError(f"'{text}' isn't a list of numbers from 1 to 4096, such as 1,8")
    return found


def threads(text):
    if text == "all":
        return ("all",)
    return tuple("all" if word == "all" else numbers(word)[0] for word in text.split(","))


def above_zero(kind):
    def read(text):
        try:
            value = kind(text)
        except ValueError:
            value = 0
        if not 0 < value < 1e6:
            raise argparse.ArgumentTypeError(f"'{text}' isn't a number above 0")
        return value
    return read


def parse():
    parser = argparse.ArgumentParser(prog="script/compare", usage=argparse.SUPPRESS, add_help=False)
    parser.add_argument("--quick", action="store_true",
                        help="ResNeXt-50 32x4d, one image, one thread, fewer rounds; under 3 minutes once all is "
                             "installed")
    parser.add_argument("--models", type=model_names, default=MODELS, metavar="A,B",
                        help=f"networks ({','.join(MODELS)})")
    parser.add_argument("--formats", type=choice(PRECISIONS, "format"), default=PRECISIONS, metavar="A,B",
                        help=f"of the numbers ({','.join(PRECISIONS)})")
    parser.add_argument("--batches", type=numbers, default=(1, 8), metavar="N,N", help="images a run (1,8)")
    parser.add_argument("--threads", type=threads, default=(1, "all"), metavar="N,N",
                        help="one a core (1,all)")
    parser.add_argument("--peers", type=choice(PEERS, "peer"), default=PEERS, metavar="A,B",
                        help=f"beside Cardinal ({','.join(PEERS)})")
    parser.add_argument("--only", choices=("networks", "layers"),
                        help="leave out the grouped layers inside the networks, or all but them")
    parser.add_argument("--rounds", type=above_zero(int), default=15, metavar="N", help="for each configuration (15)")
    parser.add_argument("--seconds", type=above_zero(float), default=60.0, metavar="S",
                        help="after so long a configuration ends, once it has 5 rounds (60)")
    parser.add_argument("--turn", type=above_zero(float), default=0.3, metavar="S",
                        help="how long a peer runs in its turn (0.3)")
    parser.add_argument("--pause", type=above_zero(float), default=0.05, metavar="S", help="before each turn (0.05)")
    parser.add_argument("--output", type=pathlib.Path, metavar="FILE", help="instead of a new file in results/")
    # What script/compare says of what it has installed.
    for option in ("--onednn", "--build", "--folder"):
        parser.add_argument(option, type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--peer-python", action="append", default=[], help=argparse.SUPPRESS)
    parser.add_argument("-h", "--help", action="help", help="this")
    if "--quick" in sys.argv:
        parser.set_defaults(quick=True, **{name: parser_type(parser, name, value) for name, value in QUICK.items()})
    return parser.parse_args()


def parser_type(parser, name, value):
    """A default as the option's own type reads it."""
    action = next(action for action in parser._actions if action.dest == name)
    return action.type(str(value))


if __name__ == "__main__":
    parse()
