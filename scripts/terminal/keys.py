#!/usr/bin/env python3
"""Measures how long mpgtop takes to answer keys when there are many Gs. The time counts from the press to the last byte of
the first whole picture that shows the answer; for `q`, to the end of the process.

    keys.py BIN-FOLDER [GS] [ROUNDS] [--only NAME] [--most MS]

mpg-demo has GS (120,000) parked Gs, and requests come all the time. mpgtop runs at 100x30 with ten pictures a second. On each
of its screens, ROUNDS (1) times:

1. Down is held for five seconds, at 30 presses a second like a keyboard's repeat, then `q` is pressed. In a list of Gs, the
   answer to a Down is the next picture in which another G is selected; in other lists, one in which a lower row is.
2. `?` opens the help, and closes it.
3. A thousand Downs are typed at once, and `q` after them.

Then single keys are typed one after the other: to the end of a list and back, orders, filters and searches letter by letter,
help, palette, `x`, the past and its report, a recording. The answer to each is the picture that the key is meant to bring.

Prints the median and the longest time of each. Exit code 1 when an answer took more than MS (100; 0: no limit), or never came.
"""
import argparse
import os
import pathlib
import re
import statistics
import time

import answers
import emulator
import verdict
from target import Target

DOWN, UP, END, HOME, PAGE = "\x1b[B", "\x1b[A", "\x1b[F", "\x1b[H", "\x1b[6~"
SCREENS = {
    "Overview": "1", "Ps": "2", "Gs": "3", "Gs by age": "3ssss", "Gs by place": "3S", "Gs, filtered": "3/chan\r",
    "Gs in groups": "3o", "Gs as a tree": "3t", "tree, filtered": "3t/chan\r", "tree by age": "3tssss", "Ms": "4",
    "Steals": "5", "Netpoll": "6", "Timeline": "7", "Latency": "8", "Events": "9", "Tracer": "0", "Gs of the past": "3{",
    "tree of the past": "3t{"}

def without(pattern):
    return r"\A(?!(?s:.*)" + pattern + ")"


def letters(text):
    return [("/", "filter: ")] + [(letter, "filter: " + re.escape(text[:n + 1])) for n, letter in enumerate(text)]


MOVES = [(END, r"↑[\d,]+ +$"), (HOME, without(r"↑\d")), (PAGE, r"↑\d+ ↓")]
HELP = [("?", "Help: "), ("?", without("Help: "))]
# For each talk: keys typed before, and pairs of a key and a pattern of its answer.
TALKS = {
    "list": ("3", MOVES + [("s", r"\bG↑"), ("s", "state↑"), ("s", "waits for↑"), ("s", "since↓"), ("i", "since↑"),
                           ("o", "state or wait reason"), ("o", " spawned at")]),
    "tree": ("3t", MOVES + [("s", r"\bG↑"), ("S", " G +state"), ("t", " fd "), ("t", " below ")]),
    "filter of the list": ("3", letters("leak age>1") + [("\r", without("filter: "))]),
    "filter of the tree": ("3t", letters("g1|chan !p=1") + [("\x1b", without("filter: "))]),
    "search in the tree": ("3t", [("\x13", "go to: "), ("n", "go to: n"), ("o", "go to: no"), ("\r", "no row with 'no'")]),
    "over the tree": ("3t", HELP + [(":", "action: "), ("h", "action: h"), ("\x1b", without("action: ")), ("x", r"Now G\d+ "),
                                    ("\x1b", " PAUSED "), (" ", " LIVE "), ("w", r"wrote \d+ events")]),
    "past of the tree": ("3t", [("{", r"│ *-|PAST|-\d"), ("[", r"PAST|-\d"), (END, r"↑[\d,]+ +$"), ("n", " LIVE ")]),
    "report of the past": ("1{", [("\r", "after the first known moment"), (PAGE, without("after the first known")),
                                 ("\x1b", without("Last events of"))]),
}


class Keyboard(answers.Watched):
    """A run that can hold a key, and knows which row of a list is selected."""

    def type_held(self, key, seconds, rate=30):
        """Presses a key again and again. Returns the moments of the presses."""
        moments, begin = [], time.monotonic()
        for number in range(int(seconds * rate)):
            self.read(max(0, begin + number / rate - time.monotonic()))
            moments.append(time.monotonic())
            os.write(self.master, key.encode())
        return moments

    def selections(self):
        """For each picture: its moment, what was selected, and whether there was a row below. All pieces are consumed."""
        found = []
        for moment, data in self.pieces:
            self._feed(data)
            if emulator.SYNC_END in data[-24:]:
                found.append((moment, self.selected, self.has_below))
        self.pieces.clear()
        return found

    @property
    def selected(self):
        """The G of the selected row, or the row's number when it is no G's; None: no row is selected."""
        lines = self.grid.display
        above = re.search(r"↑([\d,]+)", "\n".join(lines[:12]))
        for y, line in enumerate(lines):
            if line[0] == "▸":
                g = re.match(r"▸(G\d+) ", line)
                return g[1] if g else y + (int(above[1].replace(",", "")) if above else 0)
        return None

    @property
    def has_below(self):
        """Whether there is a row below the selected one. In a short list whose rows come and go there often is none."""
        lines = self.grid.display
        if re.search(r"↓\d", "\n".join(lines[:12])):
            return True
        places = [y for y, line in enumerate(lines[:-2]) if line[0] == "▸"]
        return any(lines[y + 1].strip() for y in places)

    def quit(self):
        """Milliseconds from `q` to the end of the process; None: it did not end."""
        pressed = time.monotonic()
        self.press("q")
        while self.is_running and time.monotonic() < pressed + 60:
            if self.is_open:
                self.read(0.002)
            else:
                time.sleep(0.002)
        return None if self.is_running else (time.monotonic() - pressed) * 1e3


def start(binaries, target, keys):
    run = Keyboard([binaries / "mpgtop", target.pid], 100, 30, environment=target.environment)
    run.wait_until(lambda: run.total > 2000)
    run.read(0.5)
    for key in keys:
        run.press(key)
        run.read(0.3)
    run.read(1)
    run.shown()
    return run


def hold(binaries, target, keys):
    """Holds Down, then presses `q`. Returns the milliseconds of each Down that led to another row, and those of `q`."""
    run = start(binaries, target, keys)
    try:
        before = (time.monotonic(), run.selected, run.has_below)
        pressed = run.type_held(DOWN, 5)
        took = run.quit()
        seen, answered = [before, *run.selections()], []
        for moment in pressed:
            _, was, has_below = [picture for picture in seen if picture[0] <= moment][-1]
            later = (when for when, what, _ in seen if when > moment and what is not None and what != was)
            then = next(later, None)
            if has_below and then is not None:
                answered.append((then - moment) * 1e3)
        return answered, took
    finally:
        run.close()


def talk(binaries, target, keys, script):
    """Types the keys of a talk. Returns pairs of a key and its milliseconds; None: it was not answered."""
    run = start(binaries, target, keys)
    try:
        times = []
        for key, pattern in script:
            pressed = time.monotonic()
            run.press(key)
            moment, wanted = None, re.compile(pattern, re.M)
            while moment is None and time.monotonic() < pressed + 10:
                run.read(0.02)
                moment = run.first(wanted)
            times.append((key, None if moment is None else (moment - pressed) * 1e3))
            run.read(0.25)
            run.shown()
        return times
    finally:
        run.close()


def flood(binaries, target, keys):
    run = start(binaries, target, keys)
    try:
        run.press(DOWN * 1000)
        return run.quit()
    finally:
        run.close()


class Report:
    def __init__(self, most):
        self.most, self.wrong = most, []

    def tell(self, name, what, times):
        """Prints a line about `times`: pairs of a key and its milliseconds, None when it was not answered."""
        known = [(took, key) for key, took in times if took is not None]
        self.wrong += [f"{name}, {what}: {key!r} was never answered" for key, took in times if took is None]
        if not known:
            return
        longest, key = max(known)
        note = f"  ({key!r})" if len({key for _, key in known}) > 1 else ""
        print(f"  {name:20} {what:8} median {statistics.median(took for took, _ in known):6.1f} ms of {len(known):3}, "
              f"longest {longest:6.1f}{note}", flush=True)
        if self.most and longest > self.most:
            self.wrong.append(f"{name}, {what}: {longest:.0f} ms for {key!r}")


def main():
    words = argparse.ArgumentParser()
    words.add_argument("binaries", type=lambda word: pathlib.Path(word).resolve())
    words.add_argument("gs", type=int, nargs="?", default=120_000)
    words.add_argument("rounds", type=int, nargs="?", default=1)
    words.add_argument("--only", default="")
    words.add_argument("--most", type=float, default=100)
    given = words.parse_args()
    target, report, rounds = Target(given.binaries, "--procs", "2"), Report(given.most), range(given.rounds)
    os.chdir(target.folder)  # mpgtop writes recordings into its working folder
    try:
        for left in range(given.gs, 0, -10_000):
            target.get(f"/leak?n={min(left, 10_000)}")
        target.keep_busy(["/", "/spawn?n=300", "/sleep?ms=5", "/pipeline?n=20"], 0.02)
        print(f"{given.gs:,} Gs, load {os.getloadavg()[0]:.1f}", flush=True)
        for name, keys in SCREENS.items():
            if given.only not in name:
                continue
            held = [hold(given.binaries, target, keys) for _ in rounds]
            report.tell(name, "Down", [("Down", took) for times, _ in held for took in times])
            report.tell(name, "q", [("q", took) for _, took in held])
            report.tell(name, "?", [pair for _ in rounds for pair in talk(given.binaries, target, keys, HELP)])
            report.tell(name, "1000, q", [("q", flood(given.binaries, target, keys)) for _ in rounds])
        for name, (keys, script) in TALKS.items():
            if given.only in name:
                report.tell(name, "each", [pair for _ in rounds for pair in talk(given.binaries, target, keys, script)])
        print(f"load {os.getloadavg()[0]:.1f}")
    finally:
        target.close()
    verdict.end("keys", report.wrong)


if __name__ == "__main__":
    main()
