#!/usr/bin/env python3
"""Measures what it costs to look at a Go program, beside what Go's own ways cost the program.

    bench_go.py BIN-FOLDER GO WORK [--rounds N] [--turn S] [--update FILE]

GO is a `go` command; programs are built into WORK. Three programs are looked at: `parked` (scripts/go/parked) with a hundred
goroutines under wrk, the same with 100,000, and `large` (scripts/go/large), as it is and stripped. In each round everything
is measured once, ours and Go's in turns, so that other work on the machine meets both. Prints medians, the least and the
most. With --update the table also takes the place of what stands between the two marks in FILE.
Exit codes: 0; 1 a program could not be built or run.
"""
import argparse
import collections
import math
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time
import urllib.request

import bench_http
from watched import Viewer, cpu_seconds

MANY = 100_000
MARKS = ("<!-- bench-go begins -->", "<!-- bench-go ends -->")


class Go:
    """A Go program that prints `ready PID VERSION ADDRESS`."""

    def __init__(self, program, *arguments):
        self.process = subprocess.Popen([program, *arguments], stdout=subprocess.PIPE, text=True)
        words = self.process.stdout.readline().split()
        if len(words) != 4:
            sys.exit(f"bench_go.py: {program} did not start")
        self.pid, self.version, self.address = self.process.pid, words[2], words[3]

    def get(self, path):
        with urllib.request.urlopen(f"http://{self.address}{path}", timeout=60) as reply:
            return reply.read()

    def stop(self):
        self.process.kill()
        self.process.wait()


def build(go, work, source):
    """Builds the programs. Returns their paths by name."""
    programs = {}
    for name, package, flags in [("parked", "parked", []), ("large", "large", []),
                                 ("large-stripped", "large", ["-ldflags=-s -w"])]:
        programs[name] = work / name
        subprocess.run([go, "build", *flags, "-o", programs[name], f"./{package}"], cwd=source, check=True,
                       env={**os.environ, "GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GOFLAGS": "",
                            "GOCACHE": os.environ.get("GOCACHE", str(work / "gocache")), "GOPATH": str(work / "gopath")})
    return programs


class Reader:
    """mpg-go-bench: does what a word says, and tells how long that took in ms, on the wall and on its CPU, and how many."""

    def __init__(self, binary, pid):
        self.process = subprocess.Popen([binary / "mpg-go-bench", str(pid)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def does(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        words = self.process.stdout.readline().split()
        if len(words) != 3:
            sys.exit(f"bench_go.py: mpg-go-bench could not {word}")
        return int(words[0]) / 1e6, int(words[1]) / 1e6, int(words[2])

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)


class Table(collections.defaultdict):
    """Numbers by what they measure, one a round."""

    def __init__(self):
        super().__init__(list)

    def cell(self, name, unit="", digits=1):
        values = self[name]
        if not values:
            return "–"
        low, high = min(values), max(values)
        return f"{statistics.median(values):,.{digits}f} ({low:,.{digits}f}–{high:,.{digits}f}){unit and ' ' + unit}"


def reading(table, reader, many):
    """The lists of 100,000 Gs, ours and Go's."""
    for word in ["look", "list", "again", "stacks"]:
        wall, cpu, count = reader.does(word)
        if word not in ["look"] and not MANY <= count < MANY + 100:
            sys.exit(f"bench_go.py: {word} saw {count} goroutines")
        table[word].append(wall)
        table[word + " cpu"].append(cpu)
    for level in [0, 2]:
        own, began = cpu_seconds(many.pid), time.monotonic()
        table[f"debug={level} bytes"].append(len(many.get(f"/debug/pprof/goroutine?debug={level}")) / 1e6)
        table[f"debug={level}"].append((time.monotonic() - began) * 1e3)
        table[f"debug={level} own"].append((cpu_seconds(many.pid) - own) * 1e3)


def worst(table, reader, many):
    """The slowest answer to one client that asks again and again, while others do what they do all the time."""
    def pprof(level):
        return lambda: many.get(f"/debug/pprof/goroutine?debug={level}")
    for name, work in [("nothing", lambda: time.sleep(0.1)), ("stacks", lambda: reader.does("stacks")),
                       ("debug=2", pprof(2)), ("list", lambda: reader.does("again")), ("debug=0", pprof(0))]:
        # An answer that has not come when wrk ends is not counted, so wrk outlasts what goes on beside it.
        once = table[name][-1] / 1e3 if table[name] else 0
        seconds = 2 + math.ceil(2 * once)
        wrk = subprocess.Popen(["wrk", "-t1", "-c1", f"-d{seconds}s", "--timeout", "10", "--latency", f"http://{many.address}/"],
                               stdout=subprocess.PIPE, text=True)
        ends = time.monotonic() + 1.7
        time.sleep(0.2)
        while time.monotonic() < ends:
            work()
        text = wrk.communicate()[0]
        # Average, deviation, and the most.
        found = re.search(r"Latency\s+\S+\s+\S+\s+([\d.]+)(us|ms|s)\s", text)
        if not found:
            sys.exit(f"bench_go.py: wrk said: {text.strip()[-300:]}")
        table["worst " + name].append(float(found[1]) * bench_http.MICROSECONDS[found[2]] / 1e3)


def attaching(table, binary, targets):
    """Each time in a process of its own, so that nothing is remembered of the last."""
    for name, target in targets.items():
        reader = Reader(binary, target.pid)
        wall, cpu, _ = reader.does("attach")
        reader.stop()
        table["attach " + name].append(wall)
        table["attach " + name + " cpu"].append(cpu)


def memory(table, binary, many):
    """Memory of mpgtop itself, after some frames: its screen on the list of Gs, and its text."""
    viewer = Viewer(binary, many.pid)
    time.sleep(2)
    os.write(viewer.master, b"g")
    time.sleep(4)
    used, began = viewer.cpu, time.monotonic()
    time.sleep(2)
    table["screen, % of a core"].append((viewer.cpu - used) / (time.monotonic() - began) * 100)
    table["screen MB"].append(bench_http.memory_bytes(viewer.process.pid) / 1e6)
    viewer.stop()
    batch = subprocess.Popen([binary / "mpgtop", "-b", "-d", "0.25", str(many.pid)], stdout=subprocess.DEVNULL)
    time.sleep(4)
    table["batch MB"].append(bench_http.memory_bytes(batch.pid) / 1e6)
    batch.terminate()
    batch.wait(10)


class Turns:
    """A server under wrk, watched by the screen and not watched, in turns: on, off, off, on. Off, the viewer is stopped.

    `alone`, the server has a core of its own, and what watches it another one, as on a machine that is not full. Otherwise
    all share all cores, and the CPU time that the viewer and its terminal take is missing for the server.
    """

    def __init__(self, binary, program, seconds, is_alone):
        self.prefix, self.everybody = "alone " if is_alone else "", os.sched_getaffinity(0)
        first = {min(self.everybody)}
        if is_alone:
            os.sched_setaffinity(0, first)
        self.server = Go(program)
        if is_alone:
            os.sched_setaffinity(0, self.everybody - first or first)
        self.viewer = Viewer(binary, self.server.pid)
        self.wrk = subprocess.Popen(["wrk", "-t1", "-c64", f"-d{seconds}s", "--timeout", "10", f"http://{self.server.address}/"],
                                    stdout=subprocess.DEVNULL)
        time.sleep(2)

    def turn(self, table, seconds, is_watched):
        self.viewer.rest(not is_watched)
        time.sleep(0.15)
        used, began, before, own = self.viewer.cpu, time.monotonic(), self.count(), cpu_seconds(self.server.pid)
        time.sleep(seconds)
        wall, count = time.monotonic() - began, self.count() - before
        word = "on" if is_watched else "off"
        table[f"{self.prefix}requests {word}"].append(count / wall)
        table[f"{self.prefix}own {word}"].append((cpu_seconds(self.server.pid) - own) / count * 1e6)
        if is_watched:
            table["watching, % of a core"].append((self.viewer.cpu - used) / wall * 100)

    def count(self):
        return int(self.server.get("/requests"))

    def round(self, table, seconds):
        for is_watched in [True, False, False, True]:
            self.turn(table, seconds, is_watched)
        for key in ["requests", "own"]:
            on, off = sum(table[f"{self.prefix}{key} on"][-2:]), sum(table[f"{self.prefix}{key} off"][-2:])
            table[f"{self.prefix}{key} ratio"].append(on / off)

    def stop(self):
        self.viewer.stop()
        self.wrk.kill()
        self.wrk.wait()
        self.server.stop()
        os.sched_setaffinity(0, self.everybody)


def standard_error(values):
    return statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0


def watched(table, prefix, what):
    """The rows of a server that is watched in turns."""
    ratio, own = table[prefix + "requests ratio"], table[prefix + "own ratio"]
    return [
        (f"requests/s of the watched server, {what}", "within noise" if prefix else "–",
         f"{table.cell(prefix + 'requests on', digits=0)}; watched / not {statistics.mean(ratio):.3f} ± {standard_error(ratio):.3f}",
         "not watched: " + table.cell(prefix + "requests off", digits=0)),
        ("its CPU for a request, µs", "–",
         f"{table.cell(prefix + 'own on')}; watched / not {statistics.mean(own):.3f} ± {standard_error(own):.3f}",
         "not watched: " + table.cell(prefix + "own off")),
    ]


def report(table, sizes, version):
    looks = [value * 1e3 for value in table["look"]]
    table["look us"] = looks
    rows = [
        ("a look at the scheduler and two Ps", "10 µs", table.cell("look us", "µs"), "–"),
        ("watching at 500 Hz, a screen, ten frames a second, % of a core", "2 %", table.cell("watching, % of a core", "%"),
         "–"),
        *watched(table, "alone ", "which has a core of its own"),
        *watched(table, "", "which shares all cores with viewer, terminal and wrk"),
        ("list of 100,000 Gs with states and reasons, as each frame takes it", "12 ms",
         f"{table.cell('again', 'ms')}, of it CPU {table.cell('again cpu')}",
         f"`debug=0`: {table.cell('debug=0', 'ms', 0)}, of the target's own CPU {table.cell('debug=0 own', digits=0)}"),
        ("the same for the first time", "–", f"{table.cell('list', 'ms')}, CPU {table.cell('list cpu')}", "–"),
        ("the slowest answer meanwhile", "unchanged", f"{table.cell('worst list', 'ms')}; with nobody {table.cell('worst nothing')}",
         f"`debug=0`: {table.cell('worst debug=0', 'ms')}"),
        ("stacks of 100,000 Gs, grouped, with the list", "60 ms", f"{table.cell('stacks', 'ms')}, CPU {table.cell('stacks cpu')}",
         f"`debug=2`: {table.cell('debug=2', 'ms', 0)}, of the target's own CPU {table.cell('debug=2 own', digits=0)}; "
         f"{statistics.median(table['debug=2 bytes']):.0f} MB"),
        ("the slowest answer meanwhile", "unchanged",
         f"{table.cell('worst stacks', 'ms')}; with nobody {table.cell('worst nothing')}",
         f"`debug=2`: {table.cell('worst debug=2', 'ms', 0)}"),
        (f"attaching to a default program of {sizes['large']:.0f} MB", "40 ms",
         f"{table.cell('attach default', 'ms')}, CPU {table.cell('attach default cpu')}", "gospy: not there"),
        (f"attaching to the same, stripped, {sizes['large-stripped']:.0f} MB", "60 ms",
         f"{table.cell('attach stripped', 'ms')}, CPU {table.cell('attach stripped cpu')}", "gospy: not there"),
        ("memory of the viewer on 100,000 Gs: the screen of Gs", "60 MB", table.cell("screen MB", "MB", 0), "–"),
        ("memory of `mpgtop -b`", "60 MB", table.cell("batch MB", "MB", 0), "–"),
        ("the screen of Gs on 100,000, ten frames a second, % of a core", "–", table.cell("screen, % of a core", "%"), "–"),
    ]
    lines = [f"`make bench-go`, {len(looks)} rounds, {version}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs; "
             "medians (least–most):", "", "| what | aim | mpgtop | beside it |", "| --- | --- | --- | --- |"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def update(path, text):
    before, mark, rest = path.read_text().partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    if not (mark and end):
        sys.exit(f"bench_go.py: {path} has not both marks")
    path.write_text(f"{before}{mark}\n{text}\n{end}{after}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("go", type=os.path.abspath)
    parser.add_argument("work", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--turn", type=float, default=1)
    parser.add_argument("--update", type=pathlib.Path)
    options = parser.parse_args()
    programs = build(options.go, options.work, pathlib.Path(__file__).parent / "go")
    sizes = {name: path.stat().st_size / 1e6 for name, path in programs.items()}
    table = Table()
    running = []
    try:
        many = Go(programs["parked"], "-n", str(MANY))
        targets = {"default": Go(programs["large"]), "stripped": Go(programs["large-stripped"])}
        running += [many, *targets.values()]
        reader = Reader(options.bin, many.pid)
        for number in range(options.rounds):
            reading(table, reader, many)
            worst(table, reader, many)
            attaching(table, options.bin, targets)
            memory(table, options.bin, many)
            for is_alone in [True, False]:
                turns = Turns(options.bin, programs["parked"], int(options.turn * 4 + 10), is_alone)
                running.append(turns.server)
                turns.round(table, options.turn)
                turns.stop()
            print(f"bench_go.py: round {number + 1} of {options.rounds}", file=sys.stderr)
        reader.stop()
    finally:
        for program in running:
            program.stop()
    text = report(table, sizes, many.version)
    print(text)
    if options.update:
        update(options.update, text)


main()
