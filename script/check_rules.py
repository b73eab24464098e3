# SPDX-License-Identifier: BSD-3-Clause
"""The checks of script/check, on the files that git tracks here. Each prints what breaks its rule, and where."""

import pathlib
import re
import subprocess
import sys

WIDTH = 120
LINES = 480  # "about 400"
SUBJECT = 72
# Commits up to this one were made before their subjects were checked.
FIRST_CHECKED_AFTER = "72e727d"
# Longer than the rest for a reason: a table of a thousand names, one a line; the whole public core with its manual.
LONG = {"net/imagenet_classes.c", "include/cardinal/cardinal.h"}

C = (".c", ".h", ".cc", ".cpp")
ASSEMBLY = (".S", ".inc")
CODE = C + ASSEMBLY + (".py", ".cmake", ".sh")
SUBJECT_FORM = re.compile(r"[a-z0-9_./, +-]+: [A-Z].*[^.]")
# What kernels may take from the system: types, vectors, copies and rounding, but no memory, files or threads.
KERNEL_HEADERS = {"stddef.h", "stdint.h", "stdbool.h", "string.h", "math.h", "fenv.h", "immintrin.h", "xmmintrin.h",
                  "arm_neon.h", "cet.h", "cardinal/cardinal.h"}
SYSTEM_INCLUDE = re.compile(r"^\s*#\s*include\s+<([^>]+)>", re.MULTILINE)
# A function's body that begins at a line of a header; the second line of its head is indented.
DEFINITION = re.compile(r"^(?!static|CARDINAL_INLINE|typedef|#|//|/\*|\})\w[^;{}#]*\)\s*\{", re.MULTILINE)
ISA_FLAG = re.compile(r"-m(avx|fma|sse|arch=|cpu=|tune=)")
# An ISA's kernels; the naive loops that benchmarks compare with; a parent's flags, in a test.
ISA_FLAGS_IN = {"kernels/avx2.cmake", "kernels/avx512.cmake", "kernels/neon.cmake", "bench/CMakeLists.txt",
                "tests/install/CMakeLists.txt"}
# A line of the registry, and a row of the static model's tables, which begins with a kernel.
REGISTERED = re.compile(r"^CARDINAL_[A-Z0-9]+\s*\((\w+),", re.MULTILINE)
MODELLED = re.compile(r"^\| (\w+_(?:f32|bf16|int8)_\w+) \|", re.MULTILINE)
UNWANTED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b|^\s*#\s*if\s+0\b")


def git(*arguments):
    run = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    return run.stdout if run.returncode == 0 else None


def interpreter(path):
    """The program in a script's first line, or ""."""
    with open(path, "rb") as file:
        first = file.readline(200)
    return first.decode("utf-8", "replace").split("/")[-1].split()[-1] if first.startswith(b"#!") else ""


class Tree:
    """The tracked files, by what they are."""

    def __init__(self):
        listing = git("ls-files", "-z")
        if listing is None:
            sys.exit("check: not a git checkout, so there is no list of files to check")
        names = [name for name in listing.split("\0") if name and pathlib.Path(name).is_file()]
        self.c = [name for name in names if name.endswith(C)]
        self.shell = [name for name in names if name.endswith(".sh") or interpreter(name) in ("bash", "sh")]
        self.python = [name for name in names if name.endswith(".py") or interpreter(name) == "python3"]
        self.code = sorted({name for name in names if name.endswith(CODE) or name.endswith("CMakeLists.txt")}
                           | set(self.shell) | set(self.python))
        self.text = {name: pathlib.Path(name).read_text("utf-8") for name in self.code}


def formatted(tree):
    """C files are as clang-format leaves them"""
    run = subprocess.run(["clang-format", "--dry-run", *tree.c], capture_output=True, text=True, check=False)
    wrong = {line.split(":")[0] for line in run.stderr.splitlines() if "warning:" in line}
    found = [f"{name}: clang-format -i would change it" for name in sorted(wrong)]
    return found or ([f"clang-format failed: {run.stderr}"] if run.returncode else [])


def licensed(tree):
    """Sources begin with their SPDX line, after #! if there is one"""
    return [f"{name}:1: no \"SPDX-License-Identifier: BSD-3-Clause\"" for name, text in tree.text.items()
            if "SPDX-License-Identifier: BSD-3-Clause" not in "\n".join(text.split("\n", 2)[:2])]


def narrow(tree):
    """Lines of code have at most 120 columns"""
    return [f"{name}:{number}: {len(line)} columns" for name, text in tree.text.items()
            for number, line in enumerate(text.split("\n"), 1) if len(line) > WIDTH]


def short(tree):
    """Files of code have about 400 lines at most"""
    return [f"{name}: {text.count(chr(10))} lines" for name, text in tree.text.items()
            if text.count("\n") > LINES and name not in LONG]


def clean(tree):
    """Nothing is left to do, and no code is switched off by the preprocessor"""
    return [f"{name}:{number}: {line.strip()}" for name, text in tree.text.items()
            for number, line in enumerate(text.split("\n"), 1) if UNWANTED.search(line)]


def bare(tree):
    """Kernels take no memory, files or threads from the system: they include none of their headers"""
    return [f"{name}: includes <{header}>" for name, text in tree.text.items() if name.startswith("kernels/")
            for header in SYSTEM_INCLUDE.findall(text) if header not in KERNEL_HEADERS]


def inline(tree):
    """Headers define no function that isn't static"""
    return [f"{name}: {found.group().split(chr(10))[0]}" for name, text in tree.text.items() if name.endswith(".h")
            for found in DEFINITION.finditer(text)]


def flags_apart(tree):
    """Flags of an instruction set stand in the build of its kernels alone"""
    return [f"{name}:{number}: {line.strip()}" for name, text in tree.text.items()
            if name.endswith((".cmake", "CMakeLists.txt")) and name not in ISA_FLAGS_IN
            for number, line in enumerate(text.split("\n"), 1) if ISA_FLAG.search(line)]


def modelled(_):
    """results/mca.md names kernels of the registry alone; script/mca --results renews it"""
    registry = {name for path in pathlib.Path("kernels").glob("kernels*.def")
                for name in REGISTERED.findall(path.read_text("utf-8"))}
    named = set(MODELLED.findall(pathlib.Path("results/mca.md").read_text("utf-8")))
    if not registry or not named:
        return [f"{len(registry)} kernels in the registry, {len(named)} in results/mca.md: nothing was compared"]
    return [f"results/mca.md: {name} is not in the registry" for name in sorted(named - registry)]


def shellchecked(tree):
    """shellcheck has nothing to say of the shell scripts"""
    run = subprocess.run(["shellcheck", "--shell=bash", "--format=gcc", *tree.shell], capture_output=True, text=True,
                         check=False)
    return (run.stdout + run.stderr).splitlines()


def flaked(tree):
    """pyflakes has nothing to say of the Python programs"""
    run = subprocess.run(["pyflakes3", *tree.python], capture_output=True, text=True, check=False)
    return (run.stdout + run.stderr).splitlines()


def subjects(_):
    """Subjects of commits have the form "scope: What", in at most 72 characters"""
    log = git("log", "--no-merges", "--format=%h %s", FIRST_CHECKED_AFTER + "..HEAD")
    if log is None:
        return []  # a checkout without that much history
    found = []
    for line in log.splitlines():
        commit, subject = line.split(" ", 1)
        if len(subject) > SUBJECT:
            found.append(f"{commit}: {len(subject)} characters: {subject}")
        elif not SUBJECT_FORM.fullmatch(subject):
            found.append(f"{commit}: not \"scope: What\": {subject}")
    return found


def main():
    tree = Tree()
    passed = failed = 0
    for check in (formatted, licensed, narrow, short, clean, bare, inline, flags_apart, modelled, shellchecked, flaked,
                  subjects):
        complaints = check(tree)
        print(("FAILED " if complaints else "ok     ") + check.__doc__)
        for complaint in complaints:
            print(f"  {complaint}")
        passed += not complaints
        failed += bool(complaints)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
