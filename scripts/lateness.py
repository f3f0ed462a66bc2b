#!/usr/bin/env python3
"""Runs the mix of `mpg-soak fairness` and the same mix in Go in turns, and prints how late each kind of G was.

    lateness.py --ours MPG-SOAK [--go GO-FAIRNESS] [--rounds N] [--minutes M] [--seed S] [--procs 1,2,8]

Each round has a seed of its own. It runs both programs for M minutes on each number of Ps; each round reverses their order.
The kinds and their order are those of Sources/soak/Fairness/Kind.swift. Exit code 1 when a program failed.
"""
import argparse
import collections
import os
import pathlib
import subprocess
import sys
import time

from bench_tables import cell, median, ratio, table

# For the table: which stretch of time counts as the lateness of each kind.
KINDS = {
    "compute": "from being stopped to going on",
    "yield": "from giving way to going on",
    "call": "around a short system call",
    "longCall": "beyond the length of a long one",
    "handOver": "from a send to the receiver",
    "print": "around printing a line",
    "allocate": "around eight allocations and frees",
    "lock": "from asking for a mutex to having it",
    "sleep": "beyond the length of a sleep",
    "timer": "from when a timer descriptor was due to its reader",
    "socket": "from a write to the reader",
}


def run(command, limit):
    """Runs a program that prints lines `fair-KIND.WHAT/Pn VALUE UNIT`. Returns the values by (kind, what)."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        sys.exit(f"lateness.py: {' '.join(command)}: no end after {limit:.0f} s")
    if done.returncode != 0:
        sys.exit(f"lateness.py: {' '.join(command)}: exit {done.returncode}; {done.stderr.strip()[-500:]}")
    numbers = {}
    for line in done.stdout.splitlines():
        words = line.split()
        if len(words) == 3 and words[0].startswith("fair-"):
            kind, _, what = words[0].removeprefix("fair-").partition("/")[0].partition(".")
            numbers[kind, what] = float(words[1])
    return numbers


def main():
    parser = argparse.ArgumentParser(description="lateness of a random mix, beside Go")
    parser.add_argument("--ours", type=pathlib.Path, required=True)
    parser.add_argument("--go", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--procs", default="1,2,8")
    options = parser.parse_args()
    values = collections.defaultdict(list)  # (who, procs, kind, what) → one number for each round
    limit = options.minutes * 60 * 3 + 120
    for number in range(options.rounds):
        seed = str(options.seed + 1000 * number)
        for procs in options.procs.split(","):
            sides = [("ours", [str(options.ours), "fairness", "--alone", "--procs", procs, "--minutes",
                               str(options.minutes), "--seed", seed])]
            if options.go:
                sides.append(("go", [str(options.go), "-procs", procs, "-minutes", str(options.minutes), "-seed", seed]))
            for who, command in sides if number % 2 == 0 else reversed(sides):
                for (kind, what), value in run(command, limit).items():
                    values[who, procs, kind, what].append(value)
        print(f"lateness: round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
    load = " ".join(pathlib.Path("/proc/loadavg").read_text().split()[:3])
    print(f"{options.rounds} rounds of {options.minutes} min, --seed {options.seed}, {os.cpu_count()} CPUs, load {load}")
    for procs in options.procs.split(","):
        rows = []
        for kind, meaning in KINDS.items():
            mine = lambda what: values["ours", procs, kind, what]
            theirs = lambda what: values["go", procs, kind, what]
            if mine("max") or theirs("max"):
                rows.append([kind, meaning, median(mine("count")), median(theirs("count")), cell(mine("p99")),
                             cell(theirs("p99")), cell(mine("max")), cell(theirs("max")), ratio(mine("max"), theirs("max"))])
        table(f"Lateness on {procs} Ps, ms", ["kind", "counts", "waits, ours", "waits, Go", "p99, ours", "p99, Go",
                                             "worst, ours", "worst, Go", "ours/Go, worst"], rows)


if __name__ == "__main__":
    main()
