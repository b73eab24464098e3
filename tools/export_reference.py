#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes reference files for `cardinal verify --reference`: inputs and outputs that another program computed.

usage: export_reference.py cases FILE [--case DESCRIPTOR]... [--batch LIST] [--data integers|random] [--judge RULE]
       export_reference.py network FILE --model NAME [--weights FILE] [--size HEIGHTxWIDTH] [--images N]

`cases` takes single operators by their descriptors (docs/descriptors.md), or a small set of its own. Integers are exact
in any order of summation and judged by bits; random data by the error bound. `network` takes torchvision's ResNets and
ResNeXts, and made-up ones such as resnext14_32x4d_1-1-1-1, layer by layer; without --weights they get synthetic weights
(docs/synthetic-weights.md). docs/references.md says what the files hold.

Outputs are PyTorch's own in single precision (Debian: apt-get install python3-torch, and python3-torchvision for
networks); `--with numpy` computes them in double precision by what is written here instead, and needs NumPy alone.
Nothing of Cardinal's library takes part either way.
"""

import argparse
import importlib
import pathlib
import sys

try:
    import numpy as np
except ImportError:
    sys.exit("export_reference.py: NumPy is missing for this Python (Debian: apt-get install python3-numpy, and "
             "/usr/bin/python3)")

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "reference"))
import operators
import safetensors_files
import synthetic

# Widths, strides, dilation, padding, 1x1, fully connected, the stem and pools, small enough to be committed.
CASES = {
    "depthwise": "conv g20 ic20 oc20 ih4 iw5 k3 p1 bias",
    "width4": "conv g5 ic20 oc20 ih3 iw5 k3 p1 bias relu",
    "width8": "conv g2 ic16 oc16 ih3 iw4 k3 p1 bias residual relu",
    "width16": "conv g2 ic32 oc32 ih3 iw4 k3 p1 bias relu",
    "width32": "conv g2 ic64 oc64 i2 k3 p1 bias relu",
    "width7": "conv g3 ic21 oc21 ih2 iw5 k3 p1 bias",
    "width3": "conv g5 ic15 oc15 ih4 iw7 k3 p1 bias",
    "width5to3": "conv g3 ic15 oc9 i5 k3 p1",
    "strided": "conv g4 ic16 oc16 ih7 iw6 k3 s2 p1 bias relu",
    "strides_apart": "conv g2 ic8 oc8 ih6 iw7 k3 sh1 sw2 p1",
    "dilated": "conv g2 ic8 oc8 i7 k3 d2 p2 bias",
    "asymmetric": "conv ic5 oc7 ih5 iw6 kh3 kw2 pt0 pl1 pb2 pr0 n2 bias",
    "five": "conv ic4 oc3 i6 k5 p2",
    "dense": "conv ic17 oc5 ih3 iw5 k3 p1 bias residual",
    "pointwise": "conv ic20 oc33 ih2 iw5 bias residual relu",
    "pointwise_grouped": "conv g2 ic24 oc20 i3 bias",
    "projection": "conv ic24 oc18 ih5 iw4 s2 bias",
    "fc": "conv ic40 oc25 i1 n3 bias",
    "stem": "conv ic3 oc10 ih7 iw9 k7 s2 p3 bias relu",
    "maxpool": "maxpool c17 ih7 iw6 k3 s2 p1",
    "avgpool": "avgpool c35 i4",
}


def fail(message):
    sys.exit(f"export_reference.py: {message}")


def import_torch(networks):
    try:
        import torch
        if networks:
            importlib.import_module("torchvision")
    except ImportError as error:
        fail(f"{error}. Debian: apt-get install python3-torch{' python3-torchvision' if networks else ''}, and run "
             "this with /usr/bin/python3; or take --with numpy")
    return torch


def write(path, tensors, metadata):
    try:
        safetensors_files.write(path, {name: tensor.astype("<f4") for name, tensor in tensors.items()}, metadata)
    except OSError as error:
        fail(error)


# ---- single operators ------------------------------------------------------------------------------------------


def draw(seed, name, shape, integers):
    values = synthetic.uniform(seed, name, int(np.prod(shape))).reshape(shape)
    return np.rint(values * 8) + np.float32(0) if integers else values  # + 0: no negative zero


def make_case(name, descriptor, arguments, compute):
    operator = operators.parse(descriptor)
    shapes = operators.shapes(operator)
    tensors = {part: draw(arguments.seed, f"{name}.{part}", shape, arguments.data == "integers")
               for part, shape in shapes.items() if part != "expected"}
    expected = compute(operator, tensors)
    if expected.shape != shapes["expected"]:
        fail(f"{descriptor}: computed an output of shape {expected.shape}, expected {shapes['expected']}")
    tensors["expected"] = expected
    return {f"{name}.{part}": tensor for part, tensor in tensors.items()}


def read_batch(path):
    lines = (line.split("#")[0].strip() for line in pathlib.Path(path).read_text().splitlines())
    return [line for line in lines if line]


def export_cases(arguments):
    given = arguments.case + (read_batch(arguments.batch) if arguments.batch else [])
    wanted = arguments.only.split(",") if arguments.only else CASES
    for name in wanted:
        if name not in CASES:
            fail(f"--only: no case \"{name}\"; there are {', '.join(CASES)}")
    cases = {f"case{number}": descriptor for number, descriptor in enumerate(given)} or \
        {name: CASES[name] for name in wanted}
    if arguments.backend == "torch":
        torch = import_torch(False)
        torch.set_num_threads(1)
        compute = operators.torch_backend(torch)
    else:
        compute = operators.compute
    tensors = {}
    metadata = {"cardinal.reference": "1", "made_by": made_by(arguments)}
    for name, descriptor in cases.items():
        try:
            tensors.update(make_case(name, descriptor, arguments, compute))
        except ValueError as error:
            fail(f"{descriptor}: {error}")
        metadata[f"{name}.case"] = descriptor
        metadata[f"{name}.judge"] = arguments.judge or ("bits" if arguments.data == "integers" else "bound")
    write(arguments.file, tensors, metadata)


# ---- whole networks --------------------------------------------------------------------------------------------


def load_state(arguments, shapes):
    """Each tensor of the network's state, as float32."""
    if not arguments.weights:
        return {name: synthetic.tensor(arguments.seed, name, shape) for name, shape in shapes.items()}
    state = safetensors_files.read_floats(arguments.weights)
    for name, shape in shapes.items():
        if name not in state or state[name].shape != shape:
            fail(f"{arguments.weights}: tensor \"{name}\": expected shape {list(shape)}, found "
                 f"{list(state[name].shape) if name in state else 'none'}")
    return state


def export_network(arguments):
    import networks
    try:
        spec = networks.parse(arguments.model)
        height, width = (int(size) for size in arguments.size.split("x"))
    except ValueError as error:
        fail(error)
    images = synthetic.images(arguments.seed, (arguments.images, 3, height, width))
    state = load_state(arguments, networks.state_shapes(spec))
    if arguments.backend == "torch":
        layers = networks.run_torchvision(import_torch(True), spec, state, images)
    else:
        layers = networks.run(spec, state, images)
    wanted = arguments.layers.split(",") if arguments.layers else list(layers)
    for name in wanted:
        if name not in layers:
            fail(f"--layers: {arguments.model} has no layer \"{name}\"; it has {', '.join(layers)}")
    metadata = {"cardinal.reference": "1", "made_by": made_by(arguments), "model": arguments.model,
                "weights": arguments.weights or f"synthetic, seed {arguments.seed}"}
    write(arguments.file, {"input": images} | {name: layers[name] for name in wanted}, metadata)


def made_by(arguments):
    if arguments.backend == "numpy":
        return f"export_reference.py, NumPy, double precision, seed {arguments.seed}"
    import torch
    return f"export_reference.py, PyTorch {torch.__version__}, single precision, seed {arguments.seed}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_subparsers(dest="what", required=True)
    cases = what.add_parser("cases", help="single operators")
    cases.add_argument("--case", action="append", default=[], metavar="DESCRIPTOR", help="may be repeated")
    cases.add_argument("--batch", metavar="LIST", help="a file of descriptors, one a line; # begins a comment")
    cases.add_argument("--only", metavar="NAMES", help="these of the script's own set, with commas between: "
                       + ",".join(CASES))
    cases.add_argument("--data", choices=("integers", "random"), default="random")
    cases.add_argument("--judge", help="bits, ulp:N or bound (default: bits for integers, else bound)")
    cases.set_defaults(run=export_cases)
    network = what.add_parser("network", help="a network, layer by layer")
    network.add_argument("--model", required=True, help="such as resnet50, resnext50_32x4d, resnext14_32x4d_1-1-1-1")
    network.add_argument("--weights", metavar="FILE", help="safetensors with torchvision's names")
    network.add_argument("--size", default="224x224", metavar="HEIGHTxWIDTH")
    network.add_argument("--images", type=int, default=1, metavar="N")
    network.add_argument("--layers", help="only these, with commas between")
    network.set_defaults(run=export_network)
    for part in (cases, network):
        part.add_argument("file", metavar="FILE", help="the safetensors file to write")
        part.add_argument("--seed", type=int, default=1, help="of data and synthetic weights (default 1)")
        part.add_argument("--with", dest="backend", choices=("torch", "numpy"), default="torch")
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
