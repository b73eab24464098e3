#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""usage: run.py DATA [EMULATOR [OPTION...]] PROGRAM

All tests of the `cardinal` program. Some of them alone: CARDINAL_TEST_CASES=files.Features run.py ...
"""

import os
import pathlib
import sys
import unittest

LEAST_TESTS = 20  # so that a suite that isn't found doesn't pass; of chosen cases, one


def main():
    here = pathlib.Path(__file__).resolve().parent
    sys.path.insert(0, str(here))
    os.environ["CARDINAL_TEST_DATA"] = str(pathlib.Path(sys.argv[1]).resolve())
    os.environ["CARDINAL_TEST_PROGRAM"] = "\n".join(sys.argv[2:])
    wanted = os.environ.get("CARDINAL_TEST_CASES")
    loader = unittest.defaultTestLoader
    every = sorted(path.stem for path in here.glob("*.py") if path.stem not in ("run", "support"))
    names = wanted.split(",") if wanted else every
    result = unittest.TextTestRunner(verbosity=2).run(loader.loadTestsFromNames(names))
    enough = result.testsRun >= (1 if wanted else LEAST_TESTS)
    if not enough:
        print("only %d tests were found" % result.testsRun, file=sys.stderr)
    return 0 if result.wasSuccessful() and enough else 1


sys.exit(main())
