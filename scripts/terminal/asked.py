#!/usr/bin/env python3
"""Measures how long the keys `x` and `R` take while a million events a second come in, and whether events are lost by them.

    asked.py BIN-FOLDER [--base BIN-FOLDER] [--rounds N]

mpgtop, at 100x30 and ten frames a second, first watches about a million events a second for ten seconds, so that it has
something to search. Then a key is pressed. The script measures the time to the last byte of the first picture with words of
the answer, the time to the first picture with all of it, and how many events mpgtop lost until its next live view.
There are two targets. `paced` is the program of `make watched`: exactly that rate, and no requests. `storm` is the demo
server under wrk with one connection: requests, and a little more events. With --base another build is measured after ours,
beside the same target. Prints medians, minima and maxima. Exit code 1 when an answer of our build never came, when its median
is above 100 ms for the first words or 500 ms in all, or when events were lost.
"""
import argparse
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

import answers
import verdict
from target import Target

LOOKING = r"(?s:(?!.*looking through))"
# Name, target, keys pressed before, the key, and patterns of the first words and of the whole answer.
QUESTIONS = [
    ("x, Overview", "paced", "1", "x", r"The scheduler .(?s:.*)Gs live:", r"The scheduler ." + LOOKING),
    ("x, a P", "paced", "2", "x", r"─ P\d ─(?s:.*)│ P\d (runs|is) ", r"─ P\d ─" + LOOKING),
    ("x, Overview", "storm", "1", "x", r"The scheduler .(?s:.*)Gs live:", r"The scheduler ." + LOOKING),
    ("x, a G", "storm", "3", "x", r"─ G\d+ ─(?s:.*)│ (Now )?G\d+ ", r"─ G\d+ ─" + LOOKING),
    ("R", "storm", "1", "R", r"(The last request that had ended|Request \d)", r"Request \d"),
]


class Paced:
    """A program that makes a million events a second, for a number of seconds."""

    def __init__(self, binaries, seconds):
        self.process = subprocess.Popen([binaries / "mpg-bench", "-n", str(seconds * 1_000_000), "paced"],
                                        stdout=subprocess.DEVNULL)
        self.pid, self.environment = str(self.process.pid), dict(os.environ)
        time.sleep(1)

    def close(self):
        self.process.kill()
        self.process.wait()


class Storm:
    """The demo server on two Ps. One client asks it to spawn a few Gs, as fast as it answers: over a million events a second."""

    def __init__(self, binaries, seconds):
        self.target = Target(binaries, "--procs", "2")
        self.pid, self.environment = self.target.pid, self.target.environment
        self.wrk = subprocess.Popen(["wrk", "-t1", "-c1", f"-d{seconds}s", "--timeout", "10",
                                     f"http://127.0.0.1:{self.target.port}/spawn?n=6"], stdout=subprocess.DEVNULL)

    def close(self):
        self.wrk.kill()
        self.wrk.wait()
        self.target.close()


def number(pattern, text):
    found = re.search(pattern, text)
    return int(found[1].replace(",", "")) if found else 0


def moments(run, patterns):
    """For each pattern, when a picture first matched it, or None. All pieces are consumed."""
    found = [None] * len(patterns)
    for moment, data in run.pieces:
        run._feed(data)
        if answers.emulator.SYNC_END not in data[-24:]:
            continue
        text = "\n".join(run.grid.display)
        for index, pattern in enumerate(patterns):
            if found[index] is None and pattern.search(text):
                found[index] = moment
    run.pieces.clear()
    return found


def ask(run, screen, key, patterns):
    """Milliseconds to the first words, milliseconds to the whole answer, and the number of events lost meanwhile."""
    run.press("1")
    run.read(0.3)
    before = number(r"([\d,]+) events lost", run.shown())
    run.press(screen)
    run.read(0.5)
    run.shown()
    pressed = time.monotonic()
    run.press(key)
    run.read(3)
    times = moments(run, [re.compile(pattern) for pattern in patterns])
    run.press("\x1b")
    run.read(0.2)
    run.press("n1")
    if not run.wait_until(lambda: "LIVE" in run.shown(), 10):
        raise SystemExit(f"asked: no live view after {key!r}:\n" + run.shown())
    run.read(0.5)
    lost = number(r"([\d,]+) events lost", run.shown()) - before
    return [None if time is None else (time - pressed) * 1e3 for time in times] + [lost]


def measure(builds, kind, questions, rounds):
    """Asks each question in each round, one build after the other, with one target. Returns the results by question and build."""
    results = {}
    seconds = 60 + len(builds) * len(questions) * rounds * 8
    target = (Paced if kind == "paced" else Storm)(builds[0][1], seconds)
    runs = {}
    try:
        for name, binaries in builds:
            runs[name] = answers.Watched([binaries / "mpgtop", target.pid], 100, 30, environment=target.environment)
            # One viewer runs at a time.
            for round in range(rounds + 1):
                if round == 0:
                    runs[name].read(10)
                    continue
                for question in questions:
                    _, _, screen, key, *patterns = question
                    results.setdefault((question[0], kind, name), []).append(ask(runs[name], screen, key, patterns))
            rate = re.search(r"([\d.]+[kM]?) events/s", runs[name].shown())
            print(f"{kind}, {name}: {rate[1] if rate else '?'} events/s", flush=True)
            runs.pop(name).close()
    finally:
        for run in runs.values():
            run.close()
        target.close()
    return results


def line(values, unit="ms"):
    known = sorted(value for value in values if value is not None)
    if not known:
        return "never"
    missing = f", {len(values) - len(known)} never came" if len(known) < len(values) else ""
    return f"{statistics.median(known):8,.0f} {unit} ({known[0]:,.0f}-{known[-1]:,.0f}){missing}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin", type=pathlib.Path)
    parser.add_argument("--base", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    builds = [("ours", options.bin)] + ([("base", options.base)] if options.base else [])
    problems = []
    for kind in ("paced", "storm"):
        results = measure(builds, kind, [question for question in QUESTIONS if question[1] == kind], options.rounds)
        for (question, _, name), rows in results.items():
            first, whole, lost = zip(*rows)
            print(f"  {question:12} {name}: first words {line(first)}, all {line(whole)}, lost {line(lost, 'events')}",
                  flush=True)
            if name != "ours":
                continue
            for what, values, limit in (("first words", first, 100), ("all", whole, 500)):
                if None in values or statistics.median(values) > limit:
                    problems.append(f"{question}, {kind}, {what}: {line(values)}")
            if sum(lost) > 0:
                problems.append(f"{question}, {kind}: {sum(lost):,} events lost")
    verdict.end("asked", problems)


if __name__ == "__main__":
    main()
