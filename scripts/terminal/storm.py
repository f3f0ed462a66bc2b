#!/usr/bin/env python3
"""Sends random keys, mouse events, bytes and resizes to mpgtop in gusts, and checks what is left on the screen.

    storm.py BIN-FOLDER COUNT [SEED]

First the terminal changes its size and changes it back at once, so that mpgtop cannot see the size in between. Then the first
half of COUNT actions goes to mpgtop while it replays a recording that stands still. After each gust the screen must be, cell
by cell, what mpgtop draws when it repaints everything. The second half goes to mpgtop while it watches a busy server. In the
end the server is killed, which makes the picture stand still, and the same check is made. Whenever a key ends mpgtop, its exit
code must be 0 (or 5 after the end of the server), and the terminal must be as before.
Exit code 0: all was right; 1: prints what was wrong, with the seed that repeats it.
"""
import os
import pathlib
import random
import re
import sys
import time

import emulator
from target import Target

KEYS = ("? Z [ ] { } < > b n e + - = 1 2 3 4 5 6 7 8 9 0 : T k j g G / \\ s S i I y o t F x z m h l v w R B d u r a c f"
        .split() + [" ", "\t", "\r", "\x7f", "\x15", "\x0c", "\x02", "\x06", "\x13"]
        + ["\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1bOA", "\x1bOB", "\x1b[H", "\x1b[F", "\x1b[5~", "\x1b[6~", "\x1b[Z",
           "\x1bOP", "\x1bOR", "\x1bOS", "\x1b[15~", "\x1b[17~"]
        + ["/g:1\r", "/age>1ms\r", "/reason:netpoll\r", ":colours\r", "/ä€漢\r", "/((((\r"])
LEAVING = ["q", "\x1b", "\x03"]


class Storm:
    def __init__(self, words, environment, codes, dice):
        self.words, self.environment, self.codes, self.dice = words, environment, codes, dice
        self.actions = self.checks = self.starts = self.resizes = 0
        self.last = []
        self.run = None
        self.start()

    def start(self):
        self.run = emulator.Run(self.words, 100, 30, environment=self.environment)
        self.starts += 1
        if not self.run.wait_until(lambda: self.run.total > 2000):
            self.fail(f"no first picture; code {self.run.process.poll()}: {self.run.errors}")

    def fail(self, what):
        print(f"storm: after {self.actions} actions: {what}", file=sys.stderr)
        print("the last ones: " + " ".join(self.last[-40:]), file=sys.stderr)
        if self.run and self.run.is_running:
            print(self.run.text(), file=sys.stderr)
        raise SystemExit(1)

    def resize(self):
        dice = self.dice
        columns, rows = dice.choice([
            (dice.randint(1, 250), dice.randint(1, 80)), (dice.randint(40, 130), dice.randint(12, 50)), (80, 24)])
        self.resizes += 1
        self.last.append(f"{columns}x{rows}")
        self.run.resize(columns, rows)

    def key(self):
        dice, kind = self.dice, self.dice.random()
        if kind < 0.85:
            data = dice.choice(KEYS).encode()
        elif kind < 0.97:
            button, x, y = dice.choice([0, 0, 1, 2, 64, 65]), dice.randint(0, 260), dice.randint(0, 90)
            data = f"\x1b[<{button};{x};{y}M\x1b[<{button};{x};{y}m".encode()
        elif kind < 0.998:
            allowed = [byte for byte in range(256) if byte not in b"q\x03\x1a\x1cp"]
            data = bytes(dice.choice(allowed) for _ in range(dice.randint(1, 8)))
        else:
            data = dice.choice(LEAVING).encode()
        self.last.append(repr(data)[2:-1])
        self.run.press(data)

    def gust(self, count):
        """Sends `count` actions. The last twenty are keys only."""
        for index in range(count):
            self.actions += 1
            if self.dice.random() < 0.35 and index < count - 20:
                self.resize()
            else:
                self.key()
            if self.dice.random() < 0.1:
                self.run.read(0.004)
            if not self.run.is_running:
                self.check_end()
                self.start()
        del self.last[:-60]

    def check_end(self):
        wrong = self.run.end()
        # mpgtop reports at its end what it has recorded. That is no error message.
        code, errors = self.run.process.returncode, re.sub("mpgtop: recorded .*\n", "", self.run.errors)
        self.run.close()
        if code not in self.codes:
            wrong.append(f"it ended with {code}")
        if code == 0 and errors:
            wrong.append("it said on standard error:")
        if wrong:
            self.fail("; ".join(wrong) + "\n" + errors)

    def check_picture(self):
        """Checks that the screen equals a repaint of everything. The picture must stand still meanwhile."""
        # Many of the random sizes are too small to show anything. So half of the checks get a larger screen, and some keys.
        if self.dice.random() < 0.5:
            self.run.resize(self.dice.randint(60, 220), self.dice.randint(20, 60))
            self.run.read(0.05)
            for _ in range(20):
                self.key()
        if not self.run.is_running:
            return self.check_end()
        self.compare()

    def compare(self):
        """Compares the screen as it is with the screen after a repaint of everything."""
        if not self.run.settle():
            self.fail("the screen does not come to rest")
        before = self.run.picture()
        if not self.run.repaint():
            if not self.run.is_running:  # an Esc ended it late, when no further byte had come in time
                return self.check_end()
            self.fail("no repaint")
        wrong = emulator.differences(before, self.run.picture())
        if wrong:
            print("\n".join(before.display), file=sys.stderr)
            self.fail("garbage on the screen: " + "; ".join(wrong))
        self.checks += 1

    def check_there_and_back(self):
        """Changes the size and changes it back. A program that only compares sizes sees no change, but cells were lost."""
        for key in [":"] + ["e", "\x7f"] * 6:  # many tries: the fault showed in one of three
            for _ in range(self.dice.randint(1, 30)):
                self.run.resize(self.dice.randint(40, 70), self.dice.randint(12, 20))
                self.run.resize(80, 24)
            self.run.read(0.02)
            self.last.append("there and back, " + repr(key))
            self.run.press(key)  # changes a few cells only
            self.compare()

    def leave(self):
        """Ends mpgtop by keys, whatever is open over the screen."""
        deadline = time.monotonic() + 20
        while self.run.is_running and time.monotonic() < deadline:
            self.run.press(b"\x03")
            self.run.read(0.1)
        self.check_end()


def main():
    binaries, count = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 and sys.argv[3] else random.randrange(1 << 32)
    print(f"storm: {count} actions, seed {seed}", flush=True)
    dice, began = random.Random(seed), time.monotonic()
    target = Target(binaries, "--procs", "4")
    os.chdir(target.folder)  # the keys `a` and `w` write files into mpgtop's working folder
    try:
        target.keep_busy(["/", "/spawn?n=300", "/sleep?ms=5", "/pipeline?n=20", "/cpu?ms=3", "/block?ms=5"])
        recording = target.record(binaries / "mpgtop", 2)
        gust = max(50, min(400, count // 30))
        replay = [binaries / "mpgtop", "replay", recording]
        back = Storm(replay, target.environment, {0}, dice)
        back.check_there_and_back()
        back.leave()
        still = Storm(replay, target.environment, {0}, dice)
        while still.actions < count // 2:
            still.gust(gust)
            still.check_picture()
            if not still.run.is_running:
                still.start()
        still.leave()
        live = Storm([binaries / "mpgtop", target.pid], target.environment, {0}, dice)
        while live.actions < count - still.actions:
            live.gust(gust)
        target.busy, live.codes = None, {0, 5}
        target.process.kill()
        if not live.run.is_running:
            live.check_end()
        else:
            live.run.resize(120, 40)
            # mpgtop computes a moment of the past anew for each frame. A debug build takes much CPU time for that, so more
            # than usual counts as at rest.
            live.run.most_busy = 2
            if not live.run.settle(1.5, 30):
                live.fail("the screen does not come to rest after the end of the server")
            live.check_picture()
            if live.run.is_running:
                live.leave()
        storms = (back, still, live)
        print(f"storm: {sum(s.actions for s in storms)} actions, {sum(s.resizes for s in storms)} of them resizes; "
              f"{sum(s.checks for s in storms)} pictures compared; {sum(s.starts for s in storms)} starts and good ends; "
              f"{time.monotonic() - began:.0f} s")
    except SystemExit:
        print(f"storm: do it again with: make storm COUNT={count} SEED={seed}", file=sys.stderr)
        raise
    finally:
        target.close()


if __name__ == "__main__":
    main()
