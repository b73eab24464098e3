# SPDX-License-Identifier: BSD-3-Clause
"""`cardinal classify --output` and `--shard`, and `cardinal merge`."""

import json
import shutil

from support import CHELSEA, COFFEE, PHOTO, Case

PHOTOS = [PHOTO, COFFEE, "/no/such.jpg", CHELSEA, COFFEE]


class Shards(Case):
    def shard(self, which, *arguments, status=None, photos=PHOTOS, env=None):
        result = self.classify("--shard", which, *arguments, *photos, env=env)
        if status is not None:
            self.assertEqual(result.status, status, result.err)
        return result

    def merge(self, *arguments):
        return self.run_program("merge", "--output", "whole", *arguments)

    def content(self, name):
        return (self.directory / name).read_bytes()

    def make(self, of, *arguments, photos=PHOTOS):
        for i in range(1, of + 1):
            self.shard(f"{i}/{of}", *arguments, photos=photos)

    def test_output(self):
        printed = self.classify("--ndjson", PHOTO, COFFEE)
        self.assertEqual(self.succeed(self.classify("--ndjson", "--output", "out", PHOTO, COFFEE)).out, "")
        self.assertEqual(self.content("out").decode(), printed.out)
        self.fail_with(self.classify("--csv", "--output", "no/such/folder", PHOTO), 1, "no/such/folder: No such file")
        self.fail_with(self.classify("--output", "out", PHOTO), 2, "--output goes with --ndjson or --csv")
        self.assertEqual(self.left_behind(), ["out"])

    def test_formats(self):
        """Merged, in whatever order, shards are what one run writes; a photo without a result is in its place."""
        for arguments in (["--ndjson", "--output"], ["--csv", "--output"], ["--features"]):
            with self.subTest(arguments):
                self.assertEqual(self.classify(*arguments, "right", *PHOTOS).status, 1)
                self.make(3, *arguments, "part")
                done = self.succeed(self.merge("part.3-of-3", "part.1-of-3", "part.2-of-3"))
                self.assertEqual(done.out, "wrote the results of 5 photos to whole; 1 gave none\n")
                self.assertEqual(self.content("whole"), self.content("right"))
                for path in self.directory.iterdir():
                    path.unlink()

    def test_more_shards_than_photos(self):
        self.succeed(self.classify("--csv", "--output", "right", PHOTO, COFFEE))
        self.make(4, "--csv", "--output", "part", photos=[PHOTO, COFFEE])
        self.succeed(self.merge(*(f"part.{i}-of-4" for i in range(1, 5))))
        self.assertEqual(self.content("whole"), self.content("right"))

    def test_rows(self):
        """Rows are the whole's, not the shard's."""
        rows = self.shard("2/2", "--ndjson", "--features", "f", status=0, photos=[PHOTO, PHOTO, COFFEE]).json_lines()
        self.assertEqual([row["row"] for row in rows], [1, 2])

    def test_rerun(self):
        arguments = ["--csv", "--output", "part"]
        self.shard("1/2", *arguments, status=0)
        before = (self.directory / "part.1-of-2").stat().st_mtime_ns, self.content("part.1-of-2.json")
        self.assertIn("is there already: part.1-of-2", self.shard("1/2", *arguments, status=0).err)
        self.assertEqual(before, ((self.directory / "part.1-of-2").stat().st_mtime_ns,
                                  self.content("part.1-of-2.json")))
        # A shard whose photos failed isn't made again, and fails again.
        self.shard("2/2", *arguments, status=1)
        self.assertIn("1 of its 3 photos gave no result", self.shard("2/2", *arguments, status=1).err)
        # What was damaged, or never finished, is made again.
        right = self.content("part.1-of-2")
        (self.directory / "part.1-of-2").write_bytes(right[:-1] + b"?")
        self.assertIn("it is made again", self.shard("1/2", *arguments, status=0).err)
        self.assertEqual(self.content("part.1-of-2"), right)
        (self.directory / "part.1-of-2.json").unlink()
        self.assertEqual(self.shard("1/2", *arguments, status=0).err.count("already"), 0)
        # Another job's place isn't taken.
        for other in (["--top", "3"], ["--precision", "bf16"], ["--precision", "int8"]):
            result = self.shard("1/2", *arguments, *other, status=1)
            self.assertIn("part.1-of-2.json is of another job", result.err, other)
        self.assertIn("is there already", self.shard("1/2", *arguments, "--precision", "f32", status=0).err)
        self.assertEqual(self.content("part.1-of-2"), right)

    def test_slurm(self):
        def task(which, status, message="", **variables):
            for path in self.directory.iterdir():
                path.unlink()
            env = {f"SLURM_ARRAY_TASK_{name}": str(value) for name, value in variables.items()}
            result = self.shard(which, "--csv", "--output", "part", status=status, photos=[PHOTO], env=env)
            self.assertIn(message, result.err)
            return [name for name in self.left_behind() if not name.endswith(".json")]

        self.assertEqual(task("slurm", 0, ID=5, COUNT=3, MIN=4, MAX=6, STEP=1), ["part.2-of-3"])
        self.assertEqual(task("slurm", 0, ID=0, COUNT=2, MIN=0), ["part.1-of-2"])
        self.assertEqual(task("slurm", 0, ID=30, COUNT=4, MIN=10, MAX=40, STEP=10), ["part.3-of-4"])
        self.assertEqual(task("slurm/7", 0, ID=6, COUNT=1, MIN=6), ["part.6-of-7"])
        self.assertEqual(task("slurm", 2, "aren't numbered evenly", ID=7, COUNT=3, MIN=1, STEP=1), [])
        self.assertEqual(task("slurm", 2, "SLURM_ARRAY_TASK_ID isn't set"), [])
        self.assertEqual(task("slurm/7", 2, "expected I/N with I from 1 to N", ID=0), [])

    def test_usage(self):
        for bad in ("0/4", "5/4", "1/0", "1", "1/", "/4", "a/4", "1/4x", "-1/4", "1/99999999"):
            self.fail_with(self.classify("--shard", bad, "--csv", "--output", "o", PHOTO), 2, "--shard: expected I/N")
        self.fail_with(self.classify("--shard", "1/2", "--csv", PHOTO), 2, "--shard goes with --output or")
        self.fail_with(self.classify("--shard", "1/2", "--csv", "--output", "o", "--features", "f", PHOTO), 2,
                       "--shard goes with --output or")
        self.fail_with(self.run_program("merge", "part"), 2, "--output is missing")
        self.fail_with(self.run_program("merge", "--output", "whole"), 2, "no shard was named")
        self.assertEqual(self.left_behind(), [])


class Refused(Case):
    """What doesn't make a whole isn't merged, and leaves the output alone."""

    def setUp(self):
        super().setUp()
        for i in (1, 2, 3):
            self.succeed(self.classify("--shard", f"{i}/3", "--csv", "--output", "a", PHOTO, COFFEE, CHELSEA))
        (self.directory / "whole").write_text("before")

    def refuse(self, *arguments, message):
        self.fail_with(self.run_program("merge", "--output", "whole", *arguments), 1, message)
        self.assertEqual((self.directory / "whole").read_text(), "before")

    def note(self, name, **members):
        path = self.directory / f"{name}.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **members}))

    def test_gaps_and_duplicates(self):
        self.refuse("a.1-of-3", "a.3-of-3", message="shard 2 of 3 is missing")
        self.refuse("a.2-of-3", "a.3-of-3", message="shard 1 of 3 is missing")
        self.refuse("a.1-of-3", "a.2-of-3", message="shard 3 of 3 is missing")
        self.refuse("a.1-of-3", "a.2-of-3", "a.2-of-3", "a.3-of-3", message="shard 2 is given twice")
        self.refuse("a.1-of-3", "a.4-of-3", message="a.4-of-3.json: No such file")

    def test_foreign(self):
        self.succeed(self.classify("--shard", "2/3", "--csv", "--output", "b", PHOTO, CHELSEA, COFFEE))
        self.succeed(self.classify("--shard", "2/3", "--csv", "--output", "c", "--precision", "bf16", PHOTO, COFFEE,
                                   CHELSEA))
        for other in ("b.2-of-3", "c.2-of-3"):
            self.refuse("a.1-of-3", other, "a.3-of-3", message=f"a.1-of-3 and {other} are shards of different jobs")
        self.succeed(self.classify("--shard", "2/2", "--csv", "--output", "a", PHOTO, COFFEE, CHELSEA))
        self.refuse("a.1-of-3", "a.2-of-2", message="a.1-of-3 is one of 3 shards, a.2-of-2 one of 2")

    def test_damaged(self):
        every = [f"a.{i}-of-3" for i in (1, 2, 3)]
        right = (self.directory / "a.2-of-3").read_bytes()
        for wrong in (right[:-5], right + b"x", right.replace(b"0", b"1", 1)):
            (self.directory / "a.2-of-3").write_bytes(wrong)
            self.refuse(*every, message="a.2-of-3 isn't what its note says")
        (self.directory / "a.2-of-3").unlink()
        self.refuse(*every, message="a.2-of-3: No such file")
        self.refuse(*every[:2], "whole", message="whole.json: No such file")

    def test_bad_notes(self):
        every = [f"a.{i}-of-3" for i in (1, 2, 3)]
        shutil.copy(self.directory / "a.2-of-3.json", self.directory / "saved")
        for members in ({"shard": 4}, {"first": 2}, {"count": 0}, {"of": 0}, {"hash": "no"}, {"schema": "other"},
                        {"failed": 9}, {"photos": -1}):
            with self.subTest(members):
                self.note("a.2-of-3", **members)
                self.refuse(*every, message="a.2-of-3.json: is no note of a shard")
            shutil.copy(self.directory / "saved", self.directory / "a.2-of-3.json")
        (self.directory / "a.2-of-3.json").write_text("{")
        self.refuse(*every, message="a.2-of-3.json: line 1, column")
        (self.directory / "a.2-of-3.json").write_text("{}")
        self.refuse(*every, message="a.2-of-3.json: is no note of a shard")
