#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""usage: run.py DATA [EMULATOR [OPTION...]] PROGRAM

All tests of the `cardinal` program. Some of them alone: CARDINAL_TEST_CASES=files.Features run.py ...
"""

import os
import pathlib
import sys
import unittest

LEAST_TESTS = 20  # in all files together, so that a suite that isn't found doesn't pass


def main():
    here = pathlib.Path(__file__).resolve().parent
    sys.path.insert(0, str(here))
    os.environ["CARDINAL_TEST_DATA"] = str(pathlib.Path(sys.argv[1]).resolve())
    os.environ["CARDINAL_TEST_PROGRAM"] = "\n".join(sys.argv[2:])
    wanted = os.environ.get("CARDINAL_TEST_CASES")
    loader = unittest.defaultTestLoader
    every = sorted(path.stem for path in here.glob("*.py") if path.stem not in ("run", "support"))
    found = loader.loadTestsFromNames(every)
    chosen = loader.loadTestsFromNames(wanted.split(",")) if wanted else found
    if found.countTestCases() < LEAST_TESTS or not chosen.countTestCases():
        print("%d tests were found, %d of them chosen" % (found.countTestCases(), chosen.countTestCases()),
              file=sys.stderr)
        return 1
    return 0 if unittest.TextTestRunner(verbosity=2).run(chosen).wasSuccessful() else 1


sys.exit(main())
