#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The page of `cardinal report` in a headless Chromium: it asks for nothing, complains of nothing, fits a phone, sorts
its tables, saves its files, and can be read in light and in dark. Skipped without Chromium (Debian: chromium).

usage: in_browser.py CARDINAL [FOLDER], where screenshots are left in FOLDER
"""
import os
import sys
import tempfile
import time

import browser
import runs

SCHEMES = {"light": False, "dark": True}
# The least contrast of small text, by WCAG 2.1 level AA.
CONTRAST = 4.5
# Texts whose colour stands too little out against the page's ground.
PALE = """(() => {
  const channel = (c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const colour = numbers(getComputedStyle(e).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const pale = [];
  for (const e of document.querySelectorAll("h1,h2,h3,h4,p,a,li,span,td,th,dt,dd,summary,figcaption,i,b,text,button")) {
    const style = getComputedStyle(e);
    const ink = light(numbers(e.tagName === "text" ? style.fill : style.color)), back = light(ground(e));
    const contrast = (Math.max(ink, back) + 0.05) / (Math.min(ink, back) + 0.05);
    if (contrast < %f) pale.push(e.tagName + " " + e.textContent.slice(0, 30) + " " + contrast.toFixed(2));
  }
  return pale.slice(0, 5);
})()""" % CONTRAST
# Letters too small for a phone.
SMALL = """Array.from(document.querySelectorAll("body *")).filter((e) =>
  e.childNodes.length && Array.from(e.childNodes).some((n) => n.nodeType === 3 && n.textContent.trim()) &&
  parseFloat(getComputedStyle(e).fontSize) < 11 && !["SCRIPT", "STYLE", "TITLE", "title"].includes(e.tagName))
  .map((e) => e.tagName + " " + e.textContent.slice(0, 20)).slice(0, 5)"""
# Scrolls sideways only inside tables.
WIDE = """Array.from(document.querySelectorAll("body *")).filter((e) => !e.closest(".scroll") && !e.closest("svg") &&
  !e.closest("script") && e.getBoundingClientRect().right > innerWidth + 0.5)
  .map((e) => e.tagName + "." + e.className).slice(0, 5)"""
OPEN = 'document.querySelectorAll("details").forEach((one) => { one.open = true; })'
BUTTONS = 'Array.from(document.querySelectorAll("#files ~ ul button"), (one) => one.getAttribute("aria-label"))'
SORT = """(() => {
  const table = Array.from(document.querySelectorAll("table.sortable")).find((t) => t.rows.length > 20);
  const column = Array.from(table.tHead.rows[0].cells).findIndex((c) => c.textContent.startsWith("ms"));
  const button = table.tHead.rows[0].cells[column].querySelector("button");
  const values = () => Array.from(table.tBodies[0].rows, (row) => parseFloat(row.cells[column].textContent));
  const before = values();
  button.focus();
  const focused = document.activeElement === button;
  button.click();
  const up = values();
  const told = table.tHead.rows[0].cells[column].getAttribute("aria-sort");
  button.click();
  return {focused, told, rows: before.length, same: before.length === up.length,
          up: up.every((v, i) => !i || up[i - 1] <= v), down: values().every((v, i, all) => !i || all[i - 1] >= v)};
})()"""


def save(window, number, name, folder):
    """Presses a file's button and reads what it saves."""
    path = os.path.join(folder, name)
    window.downloads_to(folder)
    window.value(f'document.querySelectorAll("#files ~ ul button")[{number}].click()')
    end = time.monotonic() + 30
    while not os.path.exists(path) and time.monotonic() < end:
        window.value("0")  # its answer comes after what the browser has done meanwhile
        time.sleep(0.05)
    if not os.path.exists(path):
        return None
    with open(path, "rb") as file:
        return file.read()


def check_files(window, paths):
    """The buttons save the very files."""
    faults = []
    labels = window.value(BUTTONS)
    if labels != [f"Save {os.path.basename(path)}" for path in paths]:
        faults.append(f"buttons: {labels}")
    for number, path in enumerate(paths):
        with open(path, "rb") as file:
            content = file.read()
        with tempfile.TemporaryDirectory() as folder:
            if save(window, number, os.path.basename(path), folder) != content:
                faults.append(f"another file than {path} was saved")
    return faults


def check(window, url, folder):
    faults = []

    def expect(what, condition, shown=""):
        if not condition:
            faults.append(f"{what}: {shown}")

    for scheme, dark in SCHEMES.items():
        for width in (360, 1200):
            where = f"{scheme}, {width} pixels"
            window.open(url, width, dark)
            expect(f"{where}: complaints", not window.complaints(), window.complaints())
            expect(f"{where}: requests", window.requests() == [url], window.requests())
            if folder:
                window.screenshot(os.path.join(folder, f"report-{scheme}-{width}.png"))
            window.value(OPEN)
            expect(f"{where}: overflow", window.value("document.documentElement.scrollWidth") <= width,
                   window.value(WIDE))
            expect(f"{where}: wide elements", not window.value(WIDE), window.value(WIDE))
            expect(f"{where}: pale text", not window.value(PALE), window.value(PALE))
            expect(f"{where}: small text", not window.value(SMALL), window.value(SMALL))
            ground = window.value("getComputedStyle(document.body).backgroundColor")
            expect(f"{where}: the ground", (ground == "rgb(255, 255, 255)") != dark, ground)
    expect("marks are drawn", window.value("""Array.from(document.querySelectorAll("use")).every((one) =>
        one.getBoundingClientRect().width > 0)"""))
    sorted_by = window.value(SORT)
    expect("sorting", sorted_by == {"focused": True, "told": "ascending", "rows": sorted_by["rows"], "same": True,
                                    "up": True, "down": True}, sorted_by)
    expect("complaints in the end", not window.complaints(), window.complaints())
    return faults


def main():
    if not browser.program():
        print("no Chromium here (Debian: chromium): not tried")
        sys.exit(77)
    folder = sys.argv[2] if len(sys.argv) > 2 else None
    old = runs.bench(5, slower=1.02, started="2026-11-01T00:00:00Z")
    with runs.files(runs.bench(formats=("f32", "bf16", "int8")), runs.peers(), runs.sweep(), old) as paths:
        done = runs.report(sys.argv[1], [], "--against", paths[3], *paths[:3])
        page = f"{paths[0]}.html"
        with open(page, "w", encoding="utf-8") as file:
            file.write(done.stdout)
        window = browser.Browser()
        try:
            faults = check(window, f"file://{page}", folder) + check_files(window, paths)
            faults += [f"complaints while saving: {event}" for event in window.complaints()]
        finally:
            window.close()
    print("\n".join(faults) if faults else "passed")
    sys.exit(bool(faults))


main()
