#!/usr/bin/env python3
"""Measures what a stream costs: the CPU of the sender, and the bytes that an event takes on the wire.

    bench_stream.py BIN-FOLDER [--seconds S]

A program makes a number of events a second (`mpg-bench paced`). Four things watch it, one after the other in each round: a
sender whose bytes are counted and dropped, one that does not compress, one with --rate, and beside them a viewer on this
machine (`mpgtop record`, which drains and packs the same events). CPU times come from schedstat. Prints a table in
Markdown. Exit code 1 when a program could not be run.
"""
import argparse
import os
import pathlib
import re
import statistics
import subprocess
import sys
import threading
import time

def cpu_seconds(pid):
    return sum(int(file.read_text().split()[0]) for file in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def events(binary, pid):
    """The events that a process has written, and when that was, in seconds."""
    out = subprocess.run([binary / "mpgtop", "--json", "-n", "1", str(pid)], capture_output=True, text=True, check=True,
                         timeout=60).stdout
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


def measure(binary, pid, words, seconds):
    """Runs mpgtop with these words. Returns events a second, its share of a core, and bytes a second."""
    process = subprocess.Popen([binary / "mpgtop", *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    reader = Reader(process.stdout)
    time.sleep(1)
    before, began = events(binary, pid)
    wall, cpu, count = time.monotonic(), cpu_seconds(process.pid), reader.count
    time.sleep(seconds)
    cpu, count, wall = cpu_seconds(process.pid) - cpu, reader.count - count, time.monotonic() - wall
    after, ended = events(binary, pid)
    process.terminate()
    process.wait(10)
    return (after - before) / (ended - began), cpu / wall, count / wall


def measure_all(binary, rates, rounds, seconds):
    for rate in rates:
        count = int(rate * (seconds + 4) * rounds * 5)
        program = subprocess.Popen([binary / "mpg-bench", "-n", str(count), "paced" if rate == 1_000_000 else "paced-100k"],
                                   stdout=subprocess.DEVNULL)
        time.sleep(1)
        pid = str(program.pid)
        ways = [("stream", ["stream", pid]), ("stream --plain", ["stream", pid, "--plain"]),
                ("stream --rate 200k", ["stream", pid, "--rate", "200k"]),
                ("record, for comparison", ["record", pid, "-o", "-"])]
        results = {name: [] for name, _ in ways}
        try:
            for _ in range(rounds):
                for name, words in ways:
                    results[name].append(measure(binary, pid, words, seconds))
        finally:
            program.kill()
            program.wait()
        for name, _ in ways:
            real, cpu, count = (statistics.median(column) for column in zip(*results[name]))
            each = f"{count / real:.2f}" if "--rate" not in name else "-"
            print(f"| {real:,.0f} | `{name}` | {cpu * 100:.2f} % | {count / 1000:,.0f} | {each} |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print("| Events a second | mpgtop | Share of a core | kB a second | Bytes an event |\n|---|---|---|---|---|")
    measure_all(options.bin, [1_000_000, 100_000], options.rounds, options.seconds)


if __name__ == "__main__":
    main()
