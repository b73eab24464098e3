# SPDX-License-Identifier: BSD-3-Clause
"""Files that the program writes, and the streams and signals around them."""

import os
import signal
import stat
import subprocess
import threading
import time
import unittest

from support import COFFEE, FEATURES, NOBODY, PHOTO, SMALL, Case, read_npy


class Features(Case):
    def features(self, path, *photos, **options):
        return self.classify("--features", path, *(photos or [PHOTO]), **options)

    def device(self, name, minor):
        if os.geteuid():
            return "/dev/" + name
        # Root could do harm to the real one.
        os.mknod(self.directory / name, stat.S_IFCHR | 0o666, os.makedev(1, minor))
        return self.directory / name

    def test_a_new_file(self):
        result = self.succeed(self.features("x.npy", PHOTO, COFFEE))
        self.assertIn(f"wrote 2 x {FEATURES} features to x.npy", result.out)
        rows = read_npy(self.directory / "x.npy")
        self.assertEqual([len(row) for row in rows], [FEATURES, FEATURES])
        self.assertNotEqual(rows[0], rows[1])
        mask = os.umask(0)
        os.umask(mask)
        self.assertEqual(stat.S_IMODE((self.directory / "x.npy").stat().st_mode), 0o666 & ~mask)
        self.assertEqual(self.left_behind(), ["x.npy"])

    def test_a_file_is_replaced_whole_and_keeps_its_mode_and_owner(self):
        target = self.directory / "x.npy"
        target.write_text("old")
        target.chmod(0o640)
        if os.geteuid() == 0:
            os.chown(target, NOBODY, NOBODY)
        before = target.stat()
        self.succeed(self.features("x.npy"))
        self.assertEqual(len(read_npy(target)), 1)
        after = target.stat()
        self.assertEqual((after.st_mode, after.st_uid, after.st_gid), (before.st_mode, before.st_uid, before.st_gid))

    def test_a_failed_run_leaves_the_old_file(self):
        (self.directory / "x.npy").write_text("old")
        self.fail_with(self.classify("--features", "x.npy", "--weights", "absent.safetensors", PHOTO), 1, "absent")
        self.assertEqual((self.directory / "x.npy").read_text(), "old")
        self.assertEqual(self.left_behind(), ["x.npy"])

    def test_a_link_stays_a_link(self):
        (self.directory / "folder").mkdir()
        real = self.directory / "folder" / "real.npy"
        real.write_text("old")
        (self.directory / "x.npy").symlink_to("folder/real.npy")
        self.succeed(self.features("x.npy"))
        self.assertTrue((self.directory / "x.npy").is_symlink())
        self.assertEqual(len(read_npy(real)), 1)
        self.assertEqual(os.listdir(self.directory / "folder"), ["real.npy"])

    def test_a_link_to_nowhere(self):
        (self.directory / "x.npy").symlink_to("nowhere")
        self.fail_with(self.features("x.npy"), 1, "x.npy: a symbolic link to a file that doesn't exist")

    def test_a_folder_is_refused_before_any_photo_is_read(self):
        (self.directory / "x.npy").mkdir()
        result = self.fail_with(self.features("x.npy", "absent.jpg"), 1, "x.npy: Is a directory")
        self.assertNotIn("absent.jpg", result.err)
        self.assertEqual(self.left_behind(), ["x.npy"])

    def test_a_folder_that_is_absent(self):
        self.fail_with(self.features("nowhere/x.npy"), 1, "nowhere/x.npy: No such file or directory")

    @unittest.skipUnless(os.geteuid() == 0, "needs root to become another user")
    def test_a_file_that_may_not_be_written(self):
        target = self.directory / "x.npy"
        target.write_text("old")
        target.chmod(0o444)
        self.directory.chmod(0o777)
        result = self.features("x.npy", user=NOBODY, group=NOBODY, extra_groups=[])
        self.fail_with(result, 1, "x.npy: Permission denied")
        self.assertEqual(target.read_text(), "old")
        self.assertEqual(self.left_behind(), ["x.npy"])

    def test_devices_are_written_to(self):
        device = self.device("null", 3)
        before = os.stat(device)
        self.succeed(self.features(device))
        after = os.stat(device)
        self.assertEqual((before.st_ino, before.st_mode), (after.st_ino, after.st_mode))

    def test_a_full_device(self):
        self.fail_with(self.features(self.device("full", 7)), 1, "full: can't be written: No space left")

    def test_a_pipe_is_written_to(self):
        pipe = self.directory / "pipe"
        os.mkfifo(pipe)
        found = []
        reader = threading.Thread(target=lambda: found.append(pipe.read_bytes()))
        reader.start()
        self.succeed(self.features("pipe"))
        reader.join(60)
        self.assertEqual(len(found[0]), 128 + 4 * FEATURES)
        self.assertTrue(stat.S_ISFIFO(pipe.stat().st_mode))

    def test_where_the_standard_output_goes(self):
        result = self.shell('"$@" >out.txt', "classify", *SMALL, "--features", "/proc/self/fd/1", PHOTO)
        self.fail_with(result, 1, "/proc/self/fd/1: the standard output goes there already")


class Streams(Case):
    def test_closed_error_stream(self):
        result = self.shell('"$@" 2>&-', "classify", *SMALL, "--features", "x.npy", PHOTO)
        self.assertEqual(result.status, 0, result.out)
        self.assertEqual(len(read_npy(self.directory / "x.npy")), 1)

    def test_all_streams_closed(self):
        result = self.shell('"$@" <&- >&- 2>&-', "classify", *SMALL, "--features", "x.npy", PHOTO)
        self.assertEqual(result.status, 1, "nothing could be printed")
        self.assertEqual(len(read_npy(self.directory / "x.npy")), 1)

    def test_closed_output(self):
        for command in (["info"], ["classify", *SMALL, PHOTO], ["classify", *SMALL, "--json", PHOTO], ["--version"]):
            self.fail_with(self.shell('"$@" >&-', *command), 1, "the output can't be written: Bad file descriptor")

    def test_full_output(self):
        for command in (["info"], ["info", "--json"], ["classify", *SMALL, PHOTO], ["help", "classify"]):
            self.fail_with(self.shell('"$@" >/dev/full', *command), 1, "No space left on device")


class Signals(Case):
    def start(self, *arguments, **options):
        photos = [PHOTO] * 2000
        process = subprocess.Popen(self.command("classify", *SMALL, "--features", "x.npy", *photos),
                                   cwd=self.directory, env=self.environment(), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **options)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        end = time.monotonic() + 120
        while not self.left_behind() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        self.assertEqual(len(self.left_behind()), 1, "the file aside is to be seen")
        return process

    def test_nothing_is_left_behind(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process = self.start()
            process.send_signal(number)
            self.assertEqual(process.wait(60), -number)
            self.assertEqual(self.left_behind(), [])

    def test_ignored_signals_stay_ignored(self):
        process = self.start(preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        process.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), -signal.SIGTERM)
