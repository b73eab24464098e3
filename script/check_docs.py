# SPDX-License-Identifier: BSD-3-Clause
"""Reads Doxygen's XML and fails unless each public function is documented, and each that can fail says how."""

import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def functions(folder):
    """Yields (name, type, documentation) of each function of the headers."""
    for path in sorted(pathlib.Path(folder).glob("*_8h.xml")) + sorted(pathlib.Path(folder).glob("group__*.xml")):
        for member in ElementTree.parse(path).iter("memberdef"):
            if member.get("kind") == "function":
                text = [" ".join(member.find(part).itertext()) for part in ("briefdescription", "detaileddescription")]
                yield member.findtext("name"), "".join(member.find("type").itertext()), " ".join(text).strip()


def main():
    found = {name: (kind, text) for name, kind, text in functions(sys.argv[1])}
    if not found:
        sys.exit(f"check_docs: no function found in {sys.argv[1]}")
    wrong = [f"{name} isn't documented" for name, (_, text) in found.items() if not text]
    wrong += [f"{name} can fail and doesn't say how: its comment needs \"Errors: ...\""
            for name, (kind, text) in found.items() if "cardinal_status" in kind and "Errors:" not in text]
    for line in wrong:
        print(f"check_docs: {line}", file=sys.stderr)
    if wrong:
        sys.exit(1)
    print(f"{len(found)} public functions are documented")


main()
