#!/usr/bin/env python3
"""Looks at a server and at a Go program through a real ssh, over a link that is slow to answer.

    remote.py BIN-FOLDER [GO-PROGRAM] [--delay MILLISECONDS] [--pictures FOLDER]

A server of ssh runs on the loopback address. All bytes are held up for 200 ms in each direction. On terminals of several
sizes, and without colours, the screens 1, 3 and 7 must show what they show beside the process; keys must be answered from
what is here, long before an answer could have come from there; the past, `x`, `R`, holding and stepping must work, and a
connection that breaks must come again. The other commands are given the same host. GO-PROGRAM is the crowd of GoAttach's tests.
With --pictures the texts of the screens are kept in a folder. Exit code 1 when something is not as it should be.
"""
import argparse
import atexit
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

import emulator
import verdict
from sshd import Server
from target import Target

SIZES = [(80, 24), (120, 40), (200, 60)]
# A screen's key, and what is on it at every size.
SCREENS = [("1", [r"\[1 Over", r"Processors \(P\)"]), ("3", [r"\[3 Gs\]", r"G\d+"]), ("7", [r"\[7 Time", r"P0|no events"])]


class Looker:
    """What is needed to look at one process from elsewhere."""

    def __init__(self, binaries, server, environment, options):
        self.binaries, self.server, self.environment = binaries, server, environment
        self.delay, self.pictures = options.delay, options.pictures
        self.wrong = []

    def words(self, pid, *more):
        return [self.binaries / "mpgtop", "--ssh", "there", "--remote-path", str(self.binaries / "mpgtop"), str(pid), *more]

    def surroundings(self, **more):
        return {**self.environment, "MPGTOP_SSH": self.server.words(self.delay), **more}

    def open(self, pid, size=(120, 40), *more, **environment):
        run = emulator.Run(self.words(pid, *more), *size, environment=self.surroundings(**environment))
        self.expect(run, f"opens at {size}", r" on there .* LIVE")
        return run

    def expect(self, run, what, pattern, seconds=20):
        """Whether a pattern comes onto the screen. Returns the seconds that it took."""
        start = time.monotonic()
        if not run.wait_until(lambda: re.search(pattern, run.text()), seconds):
            self.wrong.append(f"{what}: no {pattern!r} in\n{run.text()}")
        return time.monotonic() - start

    def keep(self, run, name):
        if self.pictures:
            (self.pictures / f"{name}.txt").write_text(run.text() + "\n")

    def command(self, what, words, pattern, code=0):
        """Runs another command; what it prints must have the pattern."""
        done = subprocess.run([self.binaries / "mpgtop", *words], capture_output=True, text=True, timeout=60,
                              env={**os.environ, **{k: v for k, v in self.surroundings().items() if v is not None}})
        said = done.stdout + done.stderr
        is_so = done.returncode == code and re.search(pattern, said)
        if not is_so:
            self.wrong.append(f"{what}: code {done.returncode}, no {pattern!r} in {said[-800:]}")
        print(f"{what}: {'as it should be' if is_so else 'NOT SO'}", flush=True)


def look_at_screens(look, pid, name):
    """The screens at each size, with colours and without."""
    for size in SIZES:
        for colour in (True, False):
            run = look.open(pid, size, *([] if colour else ["--no-color"]))
            for key, patterns in SCREENS:
                run.press(key)
                for pattern in patterns:
                    look.expect(run, f"{name}: screen {key} at {size}", pattern)
                run.read(1)
                look.keep(run, f"{name}-{key}-{size[0]}x{size[1]}{'' if colour else '-mono'}")
            run.press("q")
            look.wrong += [f"{name} at {size}: {what}" for what in run.end()]
    print(f"{name}: screens at {', '.join(f'{c}x{r}' for c, r in SIZES)}, with and without colours", flush=True)


def answer_keys(look, pid, name):
    """How long keys take that are answered from what is here, in milliseconds: less than the way there and back.

    On a busy machine one may take longer, so the best of three counts. One that is answered there never takes less.
    """
    run = look.open(pid)
    run.read(3)
    keys = [("2", r"\[2 Ps"), ("4", r"\[4 Ms"), ("1", r"\[1 Over"), (" ", r" PAUSED"), ("n", r" LIVE")]
    best = {}
    for _ in range(3):
        for key, pattern in keys:
            run.press(key)
            took = look.expect(run, f"{name}: key {key!r}", pattern) * 1000
            best[key] = min(took, best.get(key, took))
    times = list(best.values())
    run.press("q")
    run.end()
    print(f"{name}: keys take {min(times):.0f} to {max(times):.0f} ms; a way there and back {2 * look.delay} ms", flush=True)
    if max(times) > 2 * look.delay:
        look.wrong.append(f"{name}: a key was not answered here: {times}")


def look_back(look, pid):
    """Pause, the past, explanations and requests, from the history that is here."""
    run = look.open(pid)
    run.read(4)
    # x and R pause the view.
    for key, pattern in [(" ", r" PAUSED"), ("[", r" PAST"), ("{", r" PAST"), ("n", r" LIVE"), ("x", r"The scheduler"),
                         ("\x1bn", r" LIVE"), ("R", r"Request \d"), ("\x1bn", r" LIVE")]:
        for letter in key:
            run.press(letter)
            run.read(0.7)  # Esc and a letter that come together are Alt and that letter
        look.expect(run, f"the past: key {key!r}", pattern)
        look.keep(run, f"past-{ord(key[0]):02x}")
    print("pause, the past, x and R: tried", flush=True)
    return run


def pace(look, run, target):
    """Holds, steps and lets go; what was held is answered."""
    run.press("v")
    run.read(1)
    run.press("z")
    look.expect(run, "z holds", r"HELD")
    look.keep(run, "held")
    asked = subprocess.Popen(["curl", "-sS", "-m", "30", "-o", "/dev/null", "-w", "%{http_code}",
                              f"http://127.0.0.1:{target.port}/"], stdout=subprocess.PIPE, text=True)
    for _ in range(5):
        run.press(".")
        run.read(0.8)
    look.keep(run, "stepped")
    if asked.poll() is not None:
        look.wrong.append("a held scheduler has answered a request")
    run.press("z")
    if asked.communicate(timeout=40)[0] != "200":
        look.wrong.append("what was held was not answered")
    print("held, stepped five times, let go: tried", flush=True)


def break_off(look, run):
    """The connection breaks, and comes again."""
    run.press("1")
    run.read(1)
    if look.server.cut() == 0:
        look.wrong.append("there was no connection to break")
    look.expect(run, "a broken connection is told", r"connecting again")
    look.keep(run, "broken")
    look.expect(run, "the connection comes again", r" LIVE(?s:(?!.*connecting again))", 30)
    run.press("q")
    look.wrong += run.end()
    print("broken off, connected again: tried", flush=True)


def give_commands(look, pid):
    """The other commands, with the same host."""
    there = ["--ssh", "there", "--remote-path", str(look.binaries / "mpgtop"), str(pid)]
    with tempfile.TemporaryDirectory(prefix="mpgtop-remote-") as folder:
        look.command("list", ["-l", *there[:-1]], rf"{pid} .*live")
        look.command("json", [*there, "--json", "-n", "2", "-d", "0.5"], rf'"pid":{pid}\b')
        look.command("why", ["why", *there, "--for", "2s", "--slowest", "1"], r"G\d+")
        look.command("record", ["record", *there, "-o", f"{folder}/a.rec", "--for", "2s"], r"\d+ events")
        look.command("replay", ["replay", f"{folder}/a.rec", "-b", "-n", "1"], rf"pid {pid}\b")
        look.command("export --perfetto", ["export", *there, "--perfetto", "-o", f"{folder}/p", "--for", "1s"], r"events")
        look.command("export --go-trace", ["export", *there, "--go-trace", "-o", f"{folder}/g", "--for", "1s"], r"events")


def look_at_go(look, program):
    """A Go program: screens, stacks that are asked for through the stream, sockets, and what sampling finds."""
    go = subprocess.Popen([program, "-receive", "20", "-read", "5", "-unread", "2", "-mutex", "8", "-hog", "1"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True)
    try:
        if "ready" not in go.stdout.readline():
            look.wrong.append("the Go program did not start")
            return
        look_at_screens(look, go.pid, "go")
        answer_keys(look, go.pid, "go")
        run = look.open(go.pid)
        run.press("3")
        look.expect(run, "go: stacks come", r"main\.")
        look.keep(run, "go-stacks")
        run.press("6")
        look.expect(run, "go: addresses of sockets come", r"127\.0\.0\.1:\d+")
        look.keep(run, "go-sockets")
        run.press("3")
        look.expect(run, "go: the list of Gs", r"\[3 Gs\]")
        run.press("x")
        look.expect(run, "go: x explains a G, with its stack and its socket", r"fd \d+ (?s:.*)Its stack now")
        look.keep(run, "go-x")
        run.press("\x1b")
        run.read(0.7)
        run.press("q")
        run.end()
        there = ["--ssh", "there", "--remote-path", str(look.binaries / "mpgtop"), str(go.pid)]
        look.command("go: json", [*there, "--json", "-n", "2", "-d", "1"], r'"gs":')
        with tempfile.TemporaryDirectory(prefix="mpgtop-remote-") as folder:
            look.command("go: record", ["record", *there, "-o", f"{folder}/a.rec", "--for", "2s"], r"the time is over")
    finally:
        go.kill()
        go.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("go", nargs="?")
    parser.add_argument("--delay", type=int, default=200)
    parser.add_argument("--pictures", type=pathlib.Path)
    options = parser.parse_args()
    if options.pictures:
        options.pictures.mkdir(parents=True, exist_ok=True)
    # A server with a key that opens this account must not stay, whatever happens.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    server = Server()
    atexit.register(server.close)
    target = Target(options.bin, "--procs", "2", "--control")
    look = Looker(options.bin, server, target.environment, options)
    try:
        target.keep_busy(["/spawn?n=50", "/", "/sleep?ms=20", "/pipeline?n=20"])
        look_at_screens(look, target.pid, "mpg")
        answer_keys(look, target.pid, "mpg")
        run = look_back(look, target.pid)
        pace(look, run, target)
        break_off(look, run)
        give_commands(look, target.pid)
        if options.go:
            look_at_go(look, options.go)
        else:
            print("remote.py: no Go program was given, so none was looked at", flush=True)
    finally:
        target.close()
    verdict.end("remote", look.wrong)


if __name__ == "__main__":
    main()
