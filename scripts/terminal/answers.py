#!/usr/bin/env python3
"""Measures how long mpgtop takes to answer a key while its target is flooded with requests. The time counts from the press
to the last byte of the first whole picture that shows the answer. A picture that says that mpgtop is still looking for it
does not count.

    answers.py BIN-FOLDER [ROUNDS]

The flood is that of `make demo`; mpgtop draws ten frames a second at 100x30. Prints for each key the median of ROUNDS (20),
the shortest and the longest time. Exit code 1 when an answer never came, or a median is above a second.
"""
import pathlib
import re
import statistics
import subprocess
import sys
import time

import emulator
import verdict
from target import Target

FLOOD = pathlib.Path(__file__).resolve().parent.parent / "flood.sh"
# Name of the key, what is typed, and a pattern of its answer.
KEYS = [("Space", " ", r" PAUSED "), ("x", "x", r"The scheduler .(?s:(?!.*looking through))"), ("R", "R", r"Request \d"),
        ("B", "B", r"Boot, \d")]


class Watched(emulator.Run):
    """A run that stores the output in pieces, each with the moment at which it came."""

    def __init__(self, *words, **options):
        self.pieces = []
        super().__init__(*words, **options)
        self.grid = emulator.Grid(self.columns, self.rows)
        self.stream = emulator.Stream(self.grid)

    def _take(self):
        before = self.total
        is_open = super()._take()
        if self.total > before:
            self.pieces.append((time.monotonic(), bytes(self.written[before - self.total:])))
        return is_open

    def shown(self):
        """The present picture as text. All pieces are consumed."""
        for _, data in self.pieces:
            self._feed(data)
        self.pieces.clear()
        return "\n".join(self.grid.display)

    def first(self, pattern):
        """When a whole picture first matched the pattern; None: none did. All pieces are consumed."""
        found = None
        for moment, data in self.pieces:
            self._feed(data)
            if found is None and emulator.SYNC_END in data[-24:] and pattern.search("\n".join(self.grid.display)):
                found = moment
        self.pieces.clear()
        return found

    def _feed(self, data):
        self.stream.feed(emulator.UNSEEN.sub(b"", data))


def answer(run, key, pattern):
    """Milliseconds until the answer was shown; None: it was not. Afterwards mpgtop shows its live view again."""
    run.shown()
    pressed = time.monotonic()
    run.press(key)
    run.read(2)
    moment = run.first(pattern)
    if re.search(r"[ =]-\d", run.grid.display[2]):
        raise SystemExit(f"answers: {key!r} leads to Gs below zero:\n" + run.shown())
    if key != " ":
        run.press("\x1b")
        run.read(0.3)
    run.press("n")
    if not run.wait_until(lambda: "LIVE" in run.shown(), 10):
        raise SystemExit(f"answers: no live view after {key!r}:\n" + run.shown())
    return None if moment is None else (moment - pressed) * 1e3


def main():
    binaries, rounds = pathlib.Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 20
    target, slow = Target(binaries, "--procs", "4"), []
    flood = subprocess.Popen([FLOOD, f"http://127.0.0.1:{target.port}"], stdout=subprocess.DEVNULL)
    run = Watched([binaries / "mpgtop", target.pid], 100, 30, environment=target.environment)
    try:
        run.read(3)
        for name, key, pattern in KEYS:
            took = [answer(run, key, re.compile(pattern)) for _ in range(rounds)]
            times = sorted(time for time in took if time is not None)
            if len(times) < rounds:
                slow.append(f"{name}: {rounds - len(times)} of {rounds} answers never came")
            if times:
                median = statistics.median(times)
                print(f"  {name:6} median {median:6.1f} ms of {len(times)}, {times[0]:.1f} to {times[-1]:.1f}", flush=True)
                if median > 1000:
                    slow.append(f"{name}: {median:.0f} ms")
    finally:
        run.close()
        flood.terminate()
        flood.wait()
        target.close()
    verdict.end("answers", [f"too slow: {line}" for line in slow])


if __name__ == "__main__":
    main()
