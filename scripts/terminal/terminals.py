#!/usr/bin/env python3
"""Runs mpgtop on each kind of terminal, with and without a locale. It must work, or say in one line why it cannot.

    terminals.py BIN-FOLDER

It works when every screen shows the target, when it writes only ASCII in a locale without UTF-8, when after all screens and a
resize the cells are those of a repaint, and when `q` leaves the terminal as it was. On one terminal, while the target is busy,
`R` must show a request and `B` the boot, and Esc must close each.
Prints a table in Markdown. Exit code 1 when something was wrong.
"""
import pathlib
import re
import sys

import emulator
import verdict
from target import Target

TERMS = ["dumb", "vt100", "linux", "xterm", "xterm-256color", "tmux-256color", "", "nonsense-42"]
LOCALES = [("C.UTF-8", {"LC_ALL": "C.UTF-8"}), ("none", {"LC_ALL": None, "LANG": None, "LC_CTYPE": None}),
           ("no such", {"LC_ALL": "xx_YY.UTF-8"})]
COLORS = re.compile(rb"\x1b\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[0-9;]*)?m")


def visit(binaries, target, term, locale):
    """Tries one terminal and locale. Returns a text for the table, and problems as texts."""
    run = emulator.Run([binaries / "mpgtop", target.pid, "-d", "60"], 100, 30, term=term,
                       environment={**target.environment, **locale})
    try:
        run.wait_until(lambda: run.total > 0 or not run.is_running)
        run.settle()
        if not run.is_running:
            return refused(run)
        wrong, said, bytes_seen = [], [], b""
        for key in "2345678901":
            run.press(key)
            run.settle(0.15)
            bytes_seen += bytes(run.written)
            if f"pid {target.pid}" not in run.text():
                wrong.append(f"screen {key} shows no target:\n{run.text()}")
        run.resize(130, 40)
        run.settle()
        before = run.picture()
        if run.repaint():
            wrong += emulator.differences(before, run.picture())
        else:
            wrong.append("no repaint")
        is_ascii = all(byte < 0x80 for byte in bytes_seen)
        said.append("ASCII" if is_ascii else "UTF-8")
        said.append("colours" if COLORS.search(bytes_seen) else "no colours")
        said.append("mouse" if run.modes.get(1000) else "no mouse")
        if not is_ascii and locale.get("LC_ALL") != "C.UTF-8":
            wrong.append("bytes beyond ASCII without a locale that has them")
        run.press("q")
        wrong += run.end()
        if run.process.returncode != 0:
            wrong.append(f"q ended it with {run.process.returncode}")
        return ", ".join(said), wrong
    finally:
        run.close()


def refused(run):
    wrong = run.end()
    errors = run.errors
    if run.process.returncode != 64 or errors.count("\n") != 1 or not errors.startswith("mpgtop: "):
        wrong.append(f"no clear refusal: code {run.process.returncode}, {errors!r}")
    if run.total:
        wrong.append(f"it wrote {run.total} bytes to a terminal that it refuses")
    return f"code {run.process.returncode}: {errors.strip().removeprefix('mpgtop: ')}", wrong


def unsynchronized(binaries, target):
    """Checks that mpgtop uses synchronized output only on a terminal that says that it knows it. Returns problems as texts."""
    wrong = []
    for synchronizes in [False, True]:
        run = emulator.Run([binaries / "mpgtop", target.pid], 100, 30, environment=target.environment, synchronizes=synchronizes)
        try:
            run.wait_until(lambda: run.total > 2000)
            run.read(1)
            if (2026 in run.modes) != synchronizes:
                wrong.append(f"a terminal that {'knows' if synchronizes else 'does not know'} synchronized output "
                             f"{'is not' if synchronizes else 'is'} sent it")
            run.press("q")
            wrong += run.end()
        finally:
            run.close()
    return wrong


def overlays(binaries, target):
    """Checks the keys that open something over a screen, while requests come in. Returns problems as texts."""
    target.keep_busy(["/", "/spawn?n=300"])
    run, wrong = emulator.Run([binaries / "mpgtop", target.pid], 100, 30, environment=target.environment), []
    try:
        run.wait_until(lambda: run.frames > 3)
        for key, title in [("R", r"─ Request \d+ GET /"), ("B", r"─ Boot, [\d.]+ \w+ to the program's own code")]:
            run.press(key)
            if not run.wait_until(lambda: re.search(title, run.text())):
                wrong.append(f"{key} does not lead to {title!r}:\n{run.text()}")
            run.press("\x1b")
            if not run.wait_until(lambda: not re.search(title, run.text())):
                wrong.append(f"Esc does not close what {key} has opened:\n{run.text()}")
        run.press("q")
        return wrong + run.end()
    finally:
        run.close()


def main():
    binaries = pathlib.Path(sys.argv[1])
    target, failed = Target(binaries, "--procs", "2"), []
    try:
        print("| `TERM` | locale | seen |\n|---|---|---|", flush=True)
        for term in TERMS:
            for name, locale in LOCALES:
                seen, wrong = visit(binaries, target, term, locale)
                print(f"| `{term or '(empty)'}` | {name} | {seen} |", flush=True)
                failed += [f"TERM={term} locale {name}: {what}" for what in wrong]
        failed += [f"synchronized output: {what}" for what in unsynchronized(binaries, target)]
        failed += [f"over the screens: {what}" for what in overlays(binaries, target)]
    finally:
        target.close()
    verdict.end("terminals", failed)


if __name__ == "__main__":
    main()
