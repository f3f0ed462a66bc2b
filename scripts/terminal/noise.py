#!/usr/bin/env python3
"""Types a million bytes that are no keys, on every screen of mpgtop on a real terminal. They must not act: mpgtop must not
end, and must write no recording.

    noise.py BIN-FOLDER [COUNT] [SEED]

The bytes are whole sequences of every kind, known and unknown; pastes of any bytes; and sequences that break off, after which
a pause follows. After each screen's share, Esc and a digit must act as usual; in the end `q` must. Ctrl-Z must switch the
terminal's modes off, and on again afterwards. Exit code 0: all was right; 1: prints what was wrong, with the seed.
"""
import os
import pathlib
import random
import re
import sys
import time

import emulator
from target import Target

TAILS = b"aqwcnuRIOyz@^p"


class Modes(dict):
    """The terminal modes that are switched on, and a log of all switches."""

    def __init__(self, modes):
        super().__init__(modes)
        self.log = []

    def __setitem__(self, mode, is_on):
        super().__setitem__(mode, is_on)
        self.log.append((mode, is_on))

    def switched(self, wanted):
        return [is_on for mode, is_on in self.log if mode == wanted]


class Noise:
    def __init__(self, seed):
        self.dice = random.Random(seed)

    def text(self, most, low=0x20, high=0x7e):
        return bytes(self.dice.randint(low, high) for _ in range(self.dice.randint(0, most)))

    def sequence(self):
        dice, end = self.dice, self.dice.choice([b"\x07", b"\x1b\\"])
        letter = bytes([dice.choice(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMQRSTUVWYZ0123456789")])
        tail = bytes([dice.choice(TAILS)])
        return dice.choice([
            b"\x1b" + letter, b"\x1b[" + self.text(6, 0x30, 0x3b) + tail, b"\x1b]" + self.text(40) + end,
            b"\x1b" + bytes([dice.choice(b"P_^X")]) + self.text(40) + b"\x1b\\",
            b"\x1b[200~" + self.text(200, 0, 255).replace(b"\x1b", b"q") + b"\x1b[201~",
            b"\x1b[<%d;%d;%d%s" % (dice.randint(0, 70), dice.randint(0, 120), dice.randint(0, 40), dice.choice([b"M", b"m"])),
            b"\x1bO" + bytes([dice.choice(b"jklmnopqrstuvwxyEI")]), b"\x1b[M qq", b"\x1b[%d;%d~" % (dice.randint(23, 40), dice.randint(1, 9)),
            b"\x1b[?%d;%d%s" % (dice.randint(1, 99), dice.randint(1, 9), dice.choice([b"c", b"n", b"$y", b"u"])),
            "\x1bé".encode(), b"\x1b[113;5u", b"\x1b]11;rgb:ffff/aaaa/wwww\x1b\\", b"\x1b[I", b"\x1b[O",
        ])

    def gust(self, count):
        """Whole sequences, and at the end a sequence that breaks off, or bytes that are no character."""
        gust = b""
        while len(gust) < count:
            gust += self.sequence()
        whole = self.sequence()
        return gust + self.dice.choice([whole[:self.dice.randint(1, len(whole))], self.text(4, 0x80, 0xff)])


def screen(run, noise, digit, count, problems):
    def check(what):
        if not run.is_running:
            problems.append(f"screen {digit}: {what} ended it: {run.process.returncode} {run.errors}")
        if found := [name for name in os.listdir(".") if ".mpgrec" in name]:
            problems.append(f"screen {digit}: {what} left {found}")
        return not problems

    sent = 0
    while sent < count:
        gust = noise.gust(2000)
        run.press(gust)
        run.read(0.6 if noise.dice.random() < 0.03 else 0.11)
        sent += len(gust)
        if not check(f"a gust ending in {gust[-80:]!r}"):
            return
    run.read(0.7)
    for _ in range(3):
        run.press("\x1b")
        run.read(0.05)
    run.press(digit)
    if not run.wait_until(lambda: re.search(r"\[%s " % digit if digit != "1" else r"Last |Parked", run.text())):
        problems.append(f"screen {digit} is not shown when it is asked for:\n{run.text()}")
    check("Esc and a digit")


def main():
    binaries, count = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 32)
    print(f"noise: {count} bytes, seed {seed}", flush=True)
    target, problems, noise, began = Target(binaries, "--procs", "2"), [], Noise(seed), time.monotonic()
    os.chdir(target.folder)
    try:
        target.keep_busy(["/", "/spawn?n=30"])
        run = emulator.Run([binaries / "mpgtop", target.pid], 120, 40, environment=target.environment)
        run.wait_until(lambda: run.total > 0)
        for digit in "2345678901":
            run.press(digit)
            run.read(0.3)
            screen(run, noise, digit, count // 10, problems)
            if problems:
                break
        else:
            seen, run.modes = run.total, Modes(run.modes)
            run.press(b"\x1a")
            run.wait_until(lambda: run.total > seen)
            run.read(0.3)
            if run.modes.switched(2004) != [False, True]:
                problems.append(f"Ctrl-Z does not give bracketed paste back and ask for it again: {run.modes.log}")
            run.press("q")
            problems += run.end()
            if run.process.returncode != 0:
                problems.append(f"q ended it with {run.process.returncode}: {run.errors}")
        run.close()
    finally:
        target.close()
    if problems:
        print("\n".join(f"noise: {line}" for line in problems), file=sys.stderr)
        print(f"noise: do it again with: noise.py {sys.argv[1]} {count} {seed}", file=sys.stderr)
        raise SystemExit(1)
    print(f"noise: nothing acted, in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
