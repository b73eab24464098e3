#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""`cardinal report` on made-up runs: its page stands alone, is sound, and says what the files say.

usage: report.py CARDINAL [RESULTS.json...]: made-up files, and the ones that are kept
"""
import base64
import gzip
import html.parser
import json
import os
import random
import re
import subprocess
import sys
import tempfile

import runs

cardinal = sys.argv[1]
failures = 0
VOID = {"meta", "link", "br", "hr", "img", "input"}


def expect(what, condition, shown=""):
    global failures
    if not condition:
        failures += 1
        print(f"FAIL {what}: {str(shown)[:2000]}")


class Page(html.parser.HTMLParser):
    """Reads a page; tells unclosed elements, ids, texts of headings, labels of images, and the embedded data."""

    def __init__(self, text):
        super().__init__()
        self.open, self.faults, self.ids, self.uses, self.links = [], [], [], [], []
        self.headings, self.images, self.data, self.text = [], [], "", ""
        self.feed(text)
        self.faults += [f"<{tag}> isn't closed" for tag in self.open]

    def handle_starttag(self, tag, attrs):
        facts = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in facts:
            self.ids.append(facts["id"])
        if tag in ("use", "a"):
            self.uses.append(facts["href"])
        self.links += [value for key, value in attrs if key in ("src", "srcset", "action", "xlink:href", "poster")
                       or (key == "href" and tag == "link")]
        if facts.get("role") == "img":
            self.images.append(facts.get("aria-label", ""))
        if facts.get("id") == "data":
            self.in_data = True
        for key in facts:
            if key.startswith("on"):
                self.faults.append(f"<{tag} {key}>")

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"</{tag}> at {self.getpos()} closes <{self.open[-1] if self.open else ''}>")
        else:
            self.open.pop()

    def handle_data(self, text):
        if self.open and self.open[-1] in ("h1", "h2", "h3", "h4"):
            self.headings.append(text)
        if self.open[-1:] == ["script"] and text.startswith("{"):
            self.data += text
            self.files = json.loads(text)["files"]
        elif self.open[-1:] != ["script"] and self.open[-1:] != ["style"]:
            self.text += text


def page_from(done, options=()):
    expect(f"status {options}", done.returncode == 0 and not done.stderr, done.stderr)
    page = Page(done.stdout)
    page.bytes = len(done.stdout.encode())
    page.source = done.stdout
    return page


def page_of(*many, options=()):
    return page_from(runs.report(cardinal, many, *options), options)


def unpacked(file):
    """What a page has kept of a file: bytes, or None."""
    return gzip.decompress(base64.b64decode(file["gzip"])) if "gzip" in file else None


def everything():
    page = page_of(runs.bench(formats=("f32", "bf16", "int8")), runs.peers(), runs.sweep())
    expect("sound markup", not page.faults, page.faults)
    expect("no more than a megabyte", page.bytes < 1000000, page.bytes)
    expect("ids are unique", len(page.ids) == len(set(page.ids)), page.ids)
    expect("references lie in the page", all(use[1:] in page.ids for use in page.uses if use.startswith("#"))
           and all(use.startswith("#") for use in page.uses), page.uses[:20])
    expect("nothing is linked", page.links == ["data:,"], page.links)
    expect("nothing is fetched", not re.search(r"https?://|url\(|@import|fetch\(|XMLHttp", page.source), page.source)
    for heading in ("CPU A", "Beside other libraries", "Layers inside the networks", "Roofline", "Layers",
                    "resnext50_32x4d", "Threads and batches", "Cardinality at constant cost", "Every round",
                    "Where the figures come from"):
        expect(heading, heading in page.headings, page.headings)
    expect("a sweep's grid", any("Width and cardinality" in heading for heading in page.headings), page.headings)
    expect("every image has words", page.images and all(page.images), page.images)
    expect("a layer in words", "layer1.0.conv2, 128>128 3x3/1 g32 56x56, f32, % of the peak: naive loops 1.0; "
           "hand-written, AVX2 90.0; hand-written, AVX-512 96.0;" in page.images, page.images)
    for number_format, milliseconds in (("f32", "3.1"), ("bf16", "1.5"), ("int8", "0.8")):
        expect(number_format, re.search(f"resnext50_32x4d, {number_format}, avx512, batch 1, one thread"
                                        f"{milliseconds} ms95.0 % of the {number_format} peak", page.text), page.text)
    expect("x naive", "95 × naive loops" in page.text, page.text)
    expect("the fastest peer", "1.10 × as fast as openvino 1.2, the fastest peer" in page.text, page.text)
    expect("scaling", "617.0/s, 1.90×" in page.text, page.text)
    expect("cardinality", "3.1 ms, 95 %, error 22.2 %" in page.text, page.text)
    expect("a peer's layer", "openvino 3.00 times as long" in " ".join(page.images), page.images)
    expect("provenance", "abcdef123456" in page.text and "L1 32 KiB, L2 1 MiB" in page.text)
    expect("all files are in it", [json.loads(unpacked(file)) for file in page.files]
           == [runs.bench(formats=("f32", "bf16", "int8")), runs.peers(), runs.sweep()],
           [(file["name"], file["kept"]) for file in page.files])
    expect("and medians", abs(page.files[0]["milliseconds"]["net/resnext50_32x4d/b1/f32/avx512/t1"] - 3.08) < 0.01,
           page.files[0]["milliseconds"])
    expect("and their names", page.text.count(".json, ") == 3 and "no room" not in page.text, page.text[-500:])


def dots():
    """Every round is a dot, the disturbed ones as well."""
    page = page_of(runs.bench())
    drawn = re.findall('<path class="(s-[a-z0-9]*|hole)" d="((?:M[0-9.]+ 0h0)+)"/>', page.source)
    counts = {look: sum(path.count("M") for one, path in drawn if one == look)
              for look in ("s-avx512", "s-bad", "hole")}
    lines = len(runs.LAYERS) + len(runs.PAPER)
    expect("dots", counts == {"s-avx512": 20 * lines, "s-bad": 4 * lines, "hole": 4 * lines}, counts)


def doubt():
    few = runs.bench()
    for one in few["benchmarks"]:
        if one["name"] == "net/resnext50_32x4d/b1/f32/avx512/t1":
            one["round_quiet"] = [1] * 4 + [0] * 20
        if one["name"] == "layer/resnext50_32x4d/conv1/f32/avx512/t1":
            one["round_quiet"] = [1] * 4 + [0] * 20
    page = page_of(few)
    expect("a network in doubt", "batch 1, one thread~3." in page.text and "~95 × naive" in page.text, page.text)
    expect("a hollow mark", re.search(r'class="s-avx512 hollow" x="[^"]*" y="50%"><title>a_kernel_avx512: [^<]*'
                                      ", 4 quiet rounds", page.source), "")


def machines():
    """Files of one machine are one, the newest result counts; other CPUs stand apart."""
    old, new = runs.bench(slower=2, started="2026-11-20T00:00:00Z"), runs.bench(started="2026-11-24T00:00:00Z")
    for pair in ((old, new), (new, old)):
        page = page_of(*pair)
        expect("one machine", sum(heading == "CPU A" for heading in page.headings) == 1, page.headings)
        expect("the newest counts", "one thread3.1 ms" in page.text and "one thread6." not in page.text, page.text)
    other = page_of(new, runs.bench(cpu="CPU B", cpu_id="V 26/1/1"))
    expect("two machines", {"CPU A", "CPU B"} <= set(other.headings), other.headings)
    twins = page_of(new, runs.bench(cpu_id="V 26/1/1", cache_sizes="L1 48 KiB"))
    expect("told apart", {"CPU A, L1 32 KiB, L2 1 MiB", "CPU A, L1 48 KiB"} <= set(twins.headings), twins.headings)
    hidden = page_of(runs.bench(cpu="AMD EPYC", cpu_id="AuthenticAMD 25/17/1"),
                     runs.bench(cpu="AMD EPYC", cpu_id="AuthenticAMD 26/2/1"))
    expect("designs behind a name", {"AMD EPYC (Zen 4)", "AMD EPYC (Zen 5)"} <= set(hidden.headings), hidden.headings)
    named = runs.bench()
    named["context"]["machine"] = "the lab's"
    expect("a name of its own", "CPU A, the lab's" in page_of(named).headings)


def against():
    old, new = runs.bench(1, started="2026-11-20T00:00:00Z"), runs.bench(2, slower=1.05)
    with runs.files(old) as (path,):
        page = page_of(new, options=("--against", path))
        expect("a part", "Old against new" in page.headings, page.headings)
        expect("the old one's file", [json.loads(unpacked(file)) for file in page.files] == [new, old],
               [(file["name"], file["kept"]) for file in page.files])
        expect("a slow-down", re.search(r"ratio 1\.05\d, interval 1\.0\d+ to 1\.0\d+, slower", " ".join(page.images)),
               page.images)
        done = runs.report(cardinal, [runs.bench(cpu="CPU B", cpu_id="")], "--against", path)
        expect("another machine's", done.returncode == 1 and "same CPU and settings" in done.stderr, done)


def hostile():
    """Names from outside are text, whatever they hold."""
    evil = runs.bench(cpu='<img src=x onerror="alert(1)">&amp;</script><script>alert(2)</script>\x1b[2J')
    for one in evil["benchmarks"]:
        if one.get("layer") == "conv1":
            one["layer"] = one["shape"] = one["kernel"] = '</script><!--"\'><svg onload=alert(3)>'
    page = page_of(evil)
    expect("markup is sound", not page.faults and page.links == ["data:,"], page.faults)
    expect("no element of theirs", "<img" not in page.source and "<svg onload" not in page.source
           and "alert(2)</script>" not in page.source and "\x1b" not in page.source)
    expect("the data are whole", json.loads(unpacked(page.files[0])) == evil)


def noisy(letters, **facts):
    """A run with so many letters that don't pack well."""
    run = runs.bench(**facts)
    source = random.Random(letters)
    run["context"]["notes"] = base64.b64encode(source.randbytes(letters * 3 // 4)).decode()
    return run


def without_rounds(run):
    return {**run, "benchmarks": [{key: value for key, value in one.items() if not key.startswith("round_")}
                                  for one in run["benchmarks"]]}


def large():
    """What doesn't fit stays out: the oldest stays without its rounds, or is left out."""
    new, dates = noisy(10000, started="2026-11-24T00:00:00Z"), {"started": "2026-11-20T00:00:00Z"}
    empty, some = (page_of(new, noisy(letters, **dates)).bytes for letters in (0, 100000))
    room = (1000000 - empty) / (some - empty) * 100000  # in letters
    for more, kept, note in ((3000, "without rounds", "kept without its rounds, for which there is no room"),
                             (50000, "nothing", "left out, for there is no room for it")):
        old = noisy(int(room + more), **dates)
        for pair in ((new, old), (old, new)):
            page = page_of(*pair)
            found = {file["kept"]: unpacked(file) for file in page.files}
            expect(kept, page.bytes < 1000000 and set(found) == {"whole", kept} and json.loads(found["whole"]) == new
                   and page.text.count(note) == 1, (page.bytes, [(file["name"], file["kept"]) for file in page.files]))
            expect("the rest", found[kept] is None if kept == "nothing"
                   else json.loads(found[kept]) == without_rounds(old), kept)
    many = runs.bench()
    for one in many["benchmarks"]:
        one["kernel"] = "x" * 50000
    done = runs.report(cardinal, [many])
    expect("too large", done.returncode == 1 and "name fewer files" in done.stderr and not done.stdout, done.stderr)


def stored():
    """The results that are kept fit into one page, whole, byte for byte; so they do with a third machine's beside."""
    if not sys.argv[2:]:
        return
    contents = {}
    for path in sys.argv[2:]:
        with open(path, "rb") as file:
            contents[os.path.basename(path)] = file.read()
    with tempfile.TemporaryDirectory() as folder:
        third = os.path.join(folder, "third.json")
        run = json.loads(contents["resnext50-zen4-gcc12.json"])
        run["context"].update(cpu="A third", cpu_id="V 1/1/1")
        with open(third, "w", encoding="utf-8") as file:
            json.dump(run, file)
        for paths in (sys.argv[2:], [*sys.argv[2:], third]):
            page = page_from(subprocess.run([cardinal, "report", *paths], capture_output=True, text=True, timeout=300,
                                            check=False))
            found = {file["name"]: unpacked(file) for file in page.files}
            found.pop("third.json", None)
            expect(f"{len(paths)} files", page.bytes < 1000000 and found == contents,
                   (page.bytes, [(file["name"], file["kept"]) for file in page.files]))


def table_of_machines():
    """results/README.md has the rows that are printed, but for what stands in the last column by hand."""
    runs_of = [path for path in sys.argv[2:] if os.path.basename(path).startswith("resnext50-")]
    if not runs_of:
        return
    done = subprocess.run([cardinal, "report", "--markdown", *runs_of], capture_output=True, text=True, timeout=300,
                          check=False)
    with open(os.path.join(os.path.dirname(runs_of[0]), "README.md"), encoding="utf-8") as file:
        kept = [line.rsplit("|", 2)[0] for line in file if line.startswith("| ")]
    printed = [line.rsplit("|", 2)[0] for line in done.stdout.split("\n\n")[0].splitlines()]
    expect("a row for each machine", len(printed) == 2 + len(runs_of) and kept == [printed[0], *printed[2:]],
           (kept, printed))


def markdown():
    done = runs.report(cardinal, [runs.bench(formats=("f32", "bf16", "int8")), runs.peers()], "--markdown")
    lines = done.stdout.splitlines()
    expect("a row to paste", done.returncode == 0 and lines[0].startswith("| CPU | cores | compiler | network | f32 ")
           and lines[2].startswith("| CPU A | 2 | gcc 12.2.0 | resnext50_32x4d | 3.1 ms, 95.0 % | 1.5 ms, 95.0 % | "
                                   "0.8 ms, 95.0 % | abcdef123456 | 2026-11-24 |"), done.stdout)
    for line in ("| resnext50_32x4d | 8 | f32 | avx512 | 2 | 12.97 | 213.0 | 90.2 |",
                 "| resnext50_32x4d | f32 | 1 | 1 | openvino 1.2 | 3.52 | 1.10 | 1.05 | 1.15 |"):
        expect(line, line in lines, done.stdout)


def output():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "report.html")
        done = runs.report(cardinal, [runs.bench()], "-o", path)
        with open(path, encoding="utf-8") as file:
            written = file.read()
        expect("-o", done.returncode == 0 and not done.stdout and written.startswith("<!doctype html>"), done)
        done = runs.report(cardinal, [runs.bench(), "{"], "-o", os.path.join(folder, "none.html"))
        expect("nothing half-done", done.returncode == 1 and os.listdir(folder) == ["report.html"], done.stderr)
        done = runs.report(cardinal, [runs.bench()], "-o", os.path.join(folder, "no", "x.html"))
        expect("no such folder", done.returncode == 1 and "No such file" in done.stderr, done.stderr)


def refusals():
    for many, options, status, message in (([], (), 2, "no file was named"),
                                           (["[]"], (), 1, '"context"'),
                                           (['{"context": {"cpu": "x"}}'], (), 1, '"benchmarks"'),
                                           ([runs.bench()], ("--against", "/no/such.json"), 1, "/no/such.json"),
                                           ([runs.bench()], ("--markdown", "--against=x"), 2, "--against is for")):
        done = runs.report(cardinal, many, *options)
        expect(message, done.returncode == status and message in done.stderr and not done.stdout, done)


for test in (everything, dots, doubt, machines, against, hostile, large, stored, table_of_machines, markdown,
             output, refusals):
    test()
print("failed" if failures else "passed")
sys.exit(failures != 0)
