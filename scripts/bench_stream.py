#!/usr/bin/env python3
"""Measures what a stream costs: the CPU of the sender, and the bytes that an event takes on the wire.

    bench_stream.py BIN-FOLDER [--seconds S] [--rounds N] [--update FILE]

Three programs make events: `mpg-bench paced`, a million a second and a hundred thousand a second, by yields; and the demo server
while many kinds of requests come as fast as they are answered, whose events differ more from each other. Four things watch
each of them, one after the other in each round: a sender whose bytes are counted and dropped, one that does not compress,
one with --rate, and beside them a viewer on this machine (`mpgtop record`, which drains and packs the same events). CPU times
come from schedstat. Prints a table in Markdown; --update puts it into a page. Exit code 1 when a program could not be run.
"""
import argparse
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time

MARKS = ("<!-- bench-stream begins -->", "<!-- bench-stream ends -->")
TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    return sum(int(file.read_text().split()[0]) for file in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def machine_seconds():
    """CPU time of all programs on this machine so far, and time that the hypervisor took."""
    user, nice, system, _, _, irq, softirq, steal = map(int, pathlib.Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICK


def events(binary, pid, environment):
    """The events that a process has written, and when that was, in seconds."""
    out = subprocess.run([binary / "mpgtop", "--json", "-n", "1", str(pid)], capture_output=True, text=True, check=True,
                         timeout=60, env=environment).stdout
    return int(re.search(r'"events":\s*(\d+)', out)[1]), int(re.search(r'"t_ns":\s*(\d+)', out)[1]) / 1e9


class Reader(threading.Thread):
    """Counts and drops what comes from a pipe."""

    def __init__(self, pipe):
        super().__init__(daemon=True)
        self.pipe, self.count = pipe, 0
        self.start()

    def run(self):
        while piece := os.read(self.pipe.fileno(), 1 << 16):
            self.count += len(piece)


class Paced:
    """A program that makes so many events a second."""

    def __init__(self, binary, rate, seconds):
        self.environment = dict(os.environ)
        name = "paced" if rate == 1_000_000 else "paced-100k"
        self.process = subprocess.Popen([binary / "mpg-bench", "-n", str(int(rate * seconds)), name], stdout=subprocess.DEVNULL)
        self.name = f"`{name}`"

    def close(self):
        self.process.kill()
        self.process.wait()


class Mixed:
    """The demo server under requests of many kinds, from the load generator."""

    def __init__(self, binary):
        self.folder = tempfile.TemporaryDirectory(prefix="mpgtop-bench-")
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": self.folder.name}
        port = 20000 + os.getpid() % 10000
        self.process = subprocess.Popen([binary / "mpg-demo", "--port", str(port)], env=self.environment,
                                        stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()
        paths = [word for path in ("4:/", "/spawn?n=20", "/pipeline?n=10", "/sleep?ms=5") for word in ("--path", path)]
        self.load = subprocess.Popen([binary / "mpg-load", "-d", "3600", *paths, f"http://127.0.0.1:{port}/"],
                                     env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.name = "the demo, mixed requests"

    def close(self):
        for process in (self.load, self.process):
            process.kill()
            process.wait()
        self.folder.cleanup()


def measure(binary, target, words, seconds):
    """Runs mpgtop with these words. Returns events a second, its share of a core, bytes a second, and the CPUs that others took."""
    pid = target.process.pid
    process = subprocess.Popen([binary / "mpgtop", *[str(pid) if word == "PID" else word for word in words]],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=target.environment)
    reader = Reader(process.stdout)
    time.sleep(1)
    before, began = events(binary, pid, target.environment)
    wall, cpu, count = time.monotonic(), cpu_seconds(process.pid), reader.count
    work = machine_seconds() - cpu - cpu_seconds(pid)
    time.sleep(seconds)
    work = machine_seconds() - cpu_seconds(process.pid) - cpu_seconds(pid) - work
    cpu, count, wall = cpu_seconds(process.pid) - cpu, reader.count - count, time.monotonic() - wall
    after, ended = events(binary, pid, target.environment)
    process.terminate()
    process.wait(10)
    return (after - before) / (ended - began), cpu / wall, count / wall, work / wall


WAYS = [("stream", ["stream", "PID"]), ("stream --plain", ["stream", "PID", "--plain"]),
        ("stream --rate 200k", ["stream", "PID", "--rate", "200k"]), ("record, for comparison", ["record", "PID", "-o", "-"])]


def measure_all(binary, make, rounds, seconds, lines):
    target = make()
    results = {name: [] for name, _ in WAYS}
    try:
        time.sleep(1)
        for _ in range(rounds):
            for name, words in WAYS:
                results[name].append(measure(binary, target, words, seconds))
    finally:
        target.close()
    for name, _ in WAYS:
        real, cpu, count, work = zip(*results[name])
        rate, written = statistics.median(real), statistics.median(count)
        each = f"{written / rate:.2f}" if "--rate" not in name else "-"
        lines.append(f"| {target.name} | {rate:,.0f} | `{name}` | {statistics.median(cpu) * 100:.2f} "
                     f"({min(cpu) * 100:.2f}–{max(cpu) * 100:.2f}) | {written / 1000:,.0f} | {each} | {statistics.median(work):.2f} |")
        print(lines[-1], flush=True)


def update(path, text):
    before, mark, rest = path.read_text().partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    if not (mark and end):
        sys.exit(f"bench_stream.py: {path} has not both marks")
    path.write_text(f"{before}{mark}\n{text}\n{end}{after}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--update", type=pathlib.Path)
    options = parser.parse_args()
    length = (options.seconds + 4) * options.rounds * 5
    lines = [f"`make bench-stream`, {options.rounds} rounds of {options.seconds:g} s, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} "
             "CPUs; medians (least–most). The last column is how many CPUs other programs took, load generator and reader included:",
             "", "| Target | Events a second | mpgtop | % of a core | kB a second | Bytes an event | CPUs of others |",
             "| --- | --- | --- | --- | --- | --- | --- |"]
    print("\n".join(lines), flush=True)
    for make in [lambda: Paced(options.bin, 1_000_000, length), lambda: Paced(options.bin, 100_000, length),
                 lambda: Mixed(options.bin)]:
        measure_all(options.bin, make, options.rounds, options.seconds, lines)
    if options.update:
        update(options.update, "\n".join(["", *lines, ""]))


if __name__ == "__main__":
    main()
