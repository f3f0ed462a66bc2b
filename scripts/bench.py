#!/usr/bin/env python3
"""Runs the measures of `make bench` in interleaved rounds and prints tables of medians.

    bench.py --ours BIN-FOLDER [--go FOLDER] [--rounds N] [--raw FILE] [--only sched,http,trace]

Interleaved: within a round every measure runs once for ours and once for Go, back to back, each in a process of its
own and in alternating order, so that a neighbour's load and the machine's slow spells fall on both. Exit code 1 when
a program of ours failed.
"""
import argparse
import os
import pathlib
import signal
import subprocess
import sys
import time

import bench_http
from bench_tables import Results

TIMEOUT_S = 180

BOTH = ["yield-2", "yield-1000", "spawn-bounded", "spawn-unbounded", "spawn-join", "pingpong", "ring",
        "chan-buffered-1:1", "chan-unbuffered-1:1", "skynet"]
MEASURES = [(name, procs) for procs in (1, 2) for name in BOTH] + [("sleep-storm", 2), ("parked-100k", 2)]
# Where an event costs most: an operation is little more than two or three events.
TRACED = ["yield-2", "pingpong", "ring", "spawn-bounded"]
# Names under which the Go program knows a measure, where they differ.
GO_NAMES = {"parked-100k": "parked"}


def say(text):
    print(text, file=sys.stderr, flush=True)


def environment(**extra):
    return {**os.environ, **extra}


class Bench:
    def __init__(self, ours, go, results):
        self.ours, self.go, self.results = ours, go, results
        self.failures = 0

    def sched(self, rounds):
        for number in range(rounds):
            for name, procs in MEASURES:
                runs = [lambda: self.run_ours(name, procs)]
                if self.go:
                    runs.append(lambda: self.run_go(name, procs))
                for run in runs if number % 2 == 0 else reversed(runs):
                    run()
            say(f"scheduler: round {number + 1} of {rounds}")

    def run_ours(self, name, procs):
        self.collect("ours", [self.ours / "mpg-bench", "-p", str(procs), name], environment())

    def run_go(self, name, procs):
        # The collector is off for parked Gs only: it would rescan the growing crowd of stacks, which is not measured.
        env = environment(GOGC="off") if name.startswith("parked") else environment()
        self.collect("go", [self.go / "go-bench", "-p", str(procs), GO_NAMES.get(name, name)], env)

    def trace(self, rounds):
        """Events off, on, and on with a viewer that looks ten times a second."""
        for number in range(rounds):
            for name in TRACED:
                command = [self.ours / "mpg-bench", "-p", "1", name]
                self.collect("off", command, environment(MPG_TRACE="0"))
                self.collect("on", command, environment())
                self.collect("attached", command, environment(), viewed=True)
            say(f"tracing: round {number + 1} of {rounds}")

    def collect(self, who, command, env, viewed=False):
        """Runs a program that prints `name/Pn value unit` lines, and keeps them under `who`."""
        process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        viewer = bench_http.view(self.ours, process.pid) if viewed else None
        try:
            out, err = process.communicate(timeout=TIMEOUT_S)
            problem = None if process.returncode == 0 else f"exit {process.returncode}"
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            problem = f"no end after {TIMEOUT_S} s"
        finally:
            process.kill()  # nothing to end but on an interrupt
            viewer_problem = bench_http.unview(viewer) if viewer else None
        problem = problem or viewer_problem
        if problem:
            self.fail(f"{' '.join(map(str, command))}: {problem}; {err.strip()[-300:]}")
        for line in out.splitlines():
            self.results.add_line(who, line)

    def fail(self, text):
        say(f"bench.py: {text}")
        self.failures += 1

    def http(self, rounds):
        if not bench_http.wrk():
            say("bench.py: no wrk, so no HTTP measures")
            return
        for number in range(rounds):
            for who, server in self.servers(number):
                try:
                    bench_http.measure(who, server, self.results, self.ours)
                except bench_http.Failure as failure:
                    self.fail(f"{who}: {failure}")
            say(f"http: round {number + 1} of {rounds}")

    def servers(self, number):
        demo = [str(self.ours / "mpg-demo"), "--port"]
        servers = [("ours", bench_http.Server(demo)),
                   ("off", bench_http.Server(demo, environment(MPG_TRACE="0"))),
                   ("attached", bench_http.Server(demo, viewed=True))]
        if self.go:
            servers.append(("go", bench_http.Server([str(self.go / "go-hello")])))
        return servers if number % 2 == 0 else list(reversed(servers))


def main():
    parser = argparse.ArgumentParser(description="measures of the scheduler, beside Go")
    parser.add_argument("--ours", type=pathlib.Path, required=True)
    parser.add_argument("--go", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--raw", type=pathlib.Path)
    parser.add_argument("--only", default="sched,trace,http")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers and viewers are ended on the way out
    results = Results(options.raw)
    bench = Bench(options.ours.resolve(), options.go and options.go.resolve(), results)
    start = time.monotonic()
    for part in options.only.split(","):
        {"sched": bench.sched, "trace": bench.trace, "http": bench.http}[part](options.rounds)
    load = " ".join(pathlib.Path("/proc/loadavg").read_text().split()[:3])
    print(f"{options.rounds} rounds, {time.monotonic() - start:.0f} s, {os.cpu_count()} CPUs, load {load}")
    results.print_tables()
    sys.exit(1 if bench.failures else 0)


if __name__ == "__main__":
    main()
