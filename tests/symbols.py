#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Compares what a library shows to its users with the checked-in list.

usage: symbols.py LIST HEADERS STATIC SHARED NEEDED

LIST     the functions that the library exports, one a line
HEADERS  its public headers, separated by commas
STATIC   the archive, whose global symbols all begin with "cardinal_"; may be empty
SHARED   the shared object, which exports the list and nothing else; may be empty
NEEDED   libraries that the shared object may need, as a regular expression of their sonames

What is marked CARDINAL_API in the objects must be in the list, in the headers, and in the shared object's dynamic
table.
"""
import os
import re
import subprocess
import sys

HELP = """
A new public function is declared with CARDINAL_API in a header under include/cardinal, and named in {list}
(the linker's version script is made from it). A function that has left breaks programs: CARDINAL_SOVERSION in
include/cardinal/version.h moves with it; CONTRIBUTING.md has the rule."""


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def defined(path):
    """(name, visibility) of each global or weak symbol that an object or the objects of an archive define."""
    symbols = set()
    for line in run("readelf", "--wide", "--syms", path).splitlines():
        # number: value size type bind visibility section name
        fields = line.split()
        if len(fields) >= 8 and fields[4] in ("GLOBAL", "WEAK", "UNIQUE") and fields[6] != "UND":
            symbols.add((fields[7], fields[5]))
    return symbols


def exported(path):
    """Names in the dynamic table, without their versions."""
    lines = run("nm", "--dynamic", "--defined-only", path).splitlines()
    return {line.split()[2].split("@")[0] for line in lines if line.split()[1] != "A"}


def needed(path):
    return re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "--wide", "--dynamic", path))


def differences(what, names, listed, source):
    for name in sorted(names - listed):
        yield f"{name} is {what}, but not in {source}"
    for name in sorted(listed - names):
        yield f"{name} is in {source}, but not {what}"


def main():
    listing, headers, static, shared, allowed = sys.argv[1:]
    source = os.path.join("abi", os.path.basename(listing))
    with open(listing, encoding="utf-8") as file:
        lines = [line.strip() for line in file if not line.startswith("#")]
    listed = set(lines)
    faults = []
    if not listed:
        faults.append(f"{source} is empty")
    if lines != sorted(listed):
        faults.append(f"{source} isn't sorted, or names something twice")
    faults += [f"{name} in {source} doesn't begin with cardinal_"
               for name in listed if not name.startswith("cardinal_")]

    declared = set()
    for header in headers.split(","):
        with open(header, encoding="utf-8") as file:
            text = re.sub(r"/\*.*?\*/|^\s*#.*?$", "", file.read(), flags=re.S | re.M)
        declared |= set(re.findall(r"\bCARDINAL_API\b[^;(]*?(\w+)\s*\(", text))
    faults += differences("declared with CARDINAL_API", declared, listed, source)

    if static:
        symbols = defined(static)
        faults += differences(f"marked for export in {os.path.basename(static)}",
                              {name for name, visibility in symbols if visibility != "HIDDEN"}, listed, source)
        faults += [f"{name}, a global symbol of {os.path.basename(static)}, doesn't begin with cardinal_"
                   for name in sorted({name for name, _ in symbols}) if not name.startswith("cardinal_")]
    if shared:
        faults += differences(f"exported by {os.path.basename(shared)}", exported(shared), listed, source)
        faults += [f"{os.path.basename(shared)} needs {name}; it may need {allowed}"
                   for name in needed(shared) if not re.fullmatch(allowed, name)]
    if faults:
        sys.exit("\n".join(faults) + HELP.format(list=source))
    print(f"{len(listed)} functions, as listed in {source}")


main()
