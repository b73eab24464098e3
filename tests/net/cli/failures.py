# SPDX-License-Identifier: BSD-3-Clause
"""Whatever call fails while results are written: an error, the old file as it was, nothing left beside it."""

import os
import resource
import signal
import unittest

from support import FEATURES, PHOTO, PROGRAM, Case, read_npy

SHIM = os.environ.get("CARDINAL_TEST_SHIM")


class Writing(Case):
    def check(self, result, what):
        self.fail_with(result, 1, "cardinal classify: x.npy: ")
        self.assertEqual((self.directory / "x.npy").read_text(), "old", what)
        self.assertEqual(self.left_behind(), ["x.npy"], what)

    @unittest.skipUnless(SHIM and len(PROGRAM) == 1, "needs a program of this machine, without sanitizers")
    def test_each_call(self):
        for function in ("realpath", "mkostemp", "fchown", "fchmod", "fdopen", "fsync", "fclose", "rename"):
            with self.subTest(function):
                (self.directory / "x.npy").write_text("old")
                self.check(self.classify("--features", "x.npy", PHOTO,
                                         env={"LD_PRELOAD": SHIM, "CARDINAL_TEST_FAIL": function}), function)
        self.succeed(self.classify("--features", "x.npy", PHOTO, env={"LD_PRELOAD": SHIM}))
        self.assertEqual(len(read_npy(self.directory / "x.npy")), 1)

    def test_a_full_disk_at_any_byte(self):
        photos = [PHOTO] * 9
        size = 128 + len(photos) * 4 * FEATURES

        def limit(most):
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

        for most in (0, 1, 127, 128, 4096, 8320, size - 1):
            (self.directory / "x.npy").write_text("old")
            result = self.classify("--features", "x.npy", *photos, preexec_fn=lambda: limit(most))
            self.check(result, most)
        self.succeed(self.classify("--features", "x.npy", *photos, preexec_fn=lambda: limit(size)))
        self.assertEqual(len(read_npy(self.directory / "x.npy")), len(photos))
