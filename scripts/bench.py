#!/usr/bin/env python3
"""Runs the measures of `make bench` in interleaved rounds and prints tables of medians.

    bench.py --ours BIN-FOLDER [--go FOLDER] [--peers FOLDER] [--rounds N] [--raw FILE] [--json FOLDER]
             [--only sched,http,trace] [--quick]

Interleaved: within a round every measure runs once for our runtime and once for Go, and for tokio, Swift's tasks and
SwiftNIO if they have it. These runs follow each other directly, each in a process of its own, and each round reverses their
order: so other load on the machine and its slow moments affect all in the same way. `--quick` makes a tenth of the
operations, and leaves out tracing and HTTP. Exit code 1 when one of our programs failed.
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

# Measures that run with one P and with two; and measures with the one number of Ps at which they make sense.
BOTH = ["yield-2", "yield-1000", "spawn-bounded", "spawn-unbounded", "spawn-join", "pingpong", "ring", "select-2",
        "chan-buffered-1:1", "chan-buffered-8:8", "chan-unbuffered-1:1", "skynet", "mutex-8", "echo-1", "echo-100"]
SINGLE = [("ring-100k", 1), ("mutex-uncontended", 1), ("syscall", 1), ("preempt", 1), ("sleep-storm", 2),
          ("timer-idle", 2), ("wake-idle", 2), ("idle-cpu", 2), ("parked", 2), ("parked-deep", 2),
          ("yield-fair", 1), ("sleep-hogs-2", 2), ("sleep-hogs-4", 2), ("sleep-hogs-10", 2), ("print-16", 2),
          ("alloc-16", 2)]
# Measures that the peers' Go program lacks. The Go program in scripts/go/bench has them.
OWN = {"yield-fair", "sleep-hogs-2", "sleep-hogs-4", "sleep-hogs-10", "print-16", "alloc-16"}
MILLION = 1_000_000
MEASURES = [(name, procs, None) for procs in (1, 2) for name in BOTH] + \
           [(name, procs, None) for name, procs in SINGLE] + [("parked", 2, MILLION)]
# The measures that the other peers have: (those with both numbers of Ps, those with two Ps only).
COMMON = {"spawn-bounded", "spawn-join", "yield-2", "yield-1000", "pingpong", "ring", "chan-buffered-1:1", "skynet"}
TOKIO = (COMMON | {"echo-1", "echo-100"}, {"sleep-storm", "timer-idle", "parked"})
TASKS = (COMMON, {"sleep-storm", "timer-idle", "parked"})
# The measures in which tracing costs most: an operation does little more than write two or three events.
TRACED = ["yield-2", "pingpong", "ring", "spawn-bounded"]

def say(text):
    print(text, file=sys.stderr, flush=True)


def environment(**extra):
    return {**os.environ, **extra}


class Bench:
    def __init__(self, ours, go, peers, results, quick=False):
        self.ours, self.go, self.peers, self.results, self.quick = ours, go, peers, results, quick
        self.failures = 0

    def sched(self, rounds):
        for number in range(rounds):
            for name, procs, count in self.measures():
                runs = [lambda: self.run_ours(name, procs, count)]
                if self.go:
                    runs.append(lambda: self.run_go(name, procs, count))
                if not self.quick:
                    runs += self.peer_runs(name, procs, count)
                for run in runs if number % 2 == 0 else reversed(runs):
                    run()
            say(f"scheduler: round {number + 1} of {rounds}")

    def measures(self):
        """The measures to run: name, number of Ps, and number of operations (None: the program's own)."""
        if not self.quick:
            return MEASURES
        listed = subprocess.run([self.ours / "mpg-bench", "-list"], capture_output=True, text=True, check=True)
        usual = {words[0]: int(words[4]) for words in map(str.split, listed.stdout.splitlines())}
        return [(name, procs, max(usual[name] // 10, 20)) for name, procs, count in MEASURES
                if count is None]

    def run_ours(self, name, procs, count):
        self.collect("ours", self.command(self.ours / "mpg-bench", name, procs, count), environment())

    def run_go(self, name, procs, count):
        # For parked Gs the garbage collector is off: it would scan more and more stacks, which is not what is measured.
        env = environment(GOGC="off") if name.startswith("parked") else environment()
        program = self.go / ("go-turns" if name in OWN else "go-bench")
        self.collect("go", self.command(program, name, procs, count), env)

    def peer_runs(self, name, procs, count):
        """Runs of tokio and of Swift's tasks, if their programs exist and have the measure. Their operations are fixed."""
        tokio, tasks = self.peer("tokio-bench"), self.peer("swift-tasks")
        if count == MILLION:
            name = {"parked": "parked-1m"}.get(name, name)
        has = lambda both, two: name in both or procs == 2 and (name in two or name == "parked-1m")
        if tokio and has(*TOKIO):
            yield lambda: self.collect("tokio", [tokio, str(procs), name], environment())
        if tasks and has(*TASKS):
            # Swift's cooperative pool has as many threads as the process may use CPUs, so one P needs one CPU.
            pinned = ["taskset", "-c", "0"] if procs == 1 else []
            yield lambda: self.collect("tasks", [*pinned, tasks, name], environment(WIDTH=str(procs)))

    def peer(self, name):
        path = self.peers / name if self.peers else None
        return path if path and path.exists() else None

    @staticmethod
    def command(program, name, procs, count):
        return [program, "-p", str(procs), *(["-n", str(count)] if count else []), name]

    def trace(self, rounds):
        """Runs with events off, with events on, and with a viewer besides that reads ten times a second."""
        for number in range(rounds):
            for name in TRACED:
                command = [self.ours / "mpg-bench", "-p", "1", name]
                self.collect("off", command, environment(MPG_TRACE="0"))
                self.collect("on", command, environment())
                self.collect("attached", command, environment(), viewed=True)
            say(f"tracing: round {number + 1} of {rounds}")

    def collect(self, who, command, env, viewed=False):
        """Runs a program that prints `name/Pn value unit` lines, and stores the values under `who`."""
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
            process.kill()  # it has ended already, unless this script was interrupted
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
        if self.peer("nio-hello"):
            servers.append(("nio", bench_http.Server([str(self.peer("nio-hello"))])))
        return servers if number % 2 == 0 else list(reversed(servers))


def main():
    parser = argparse.ArgumentParser(description="measures of the scheduler, beside Go")
    parser.add_argument("--ours", type=pathlib.Path, required=True)
    parser.add_argument("--go", type=pathlib.Path)
    parser.add_argument("--peers", type=pathlib.Path, help="folder of tokio-bench, swift-tasks and nio-hello")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--raw", type=pathlib.Path)
    parser.add_argument("--json", type=pathlib.Path, help="folder for a file of all numbers")
    parser.add_argument("--only", help="default: sched,trace,http; with --quick: sched")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers and viewers are ended on the way out
    results = Results(options.raw)
    bench = Bench(options.ours.resolve(), options.go and options.go.resolve(), options.peers, results, options.quick)
    start = time.monotonic()
    for part in (options.only or ("sched" if options.quick else "sched,trace,http")).split(","):
        {"sched": bench.sched, "trace": bench.trace, "http": bench.http}[part](options.rounds)
    load = " ".join(pathlib.Path("/proc/loadavg").read_text().split()[:3])
    seconds = time.monotonic() - start
    print(f"{options.rounds} rounds, {seconds:.0f} s, {os.cpu_count()} CPUs, load {load}")
    results.print_tables()
    if options.json:
        written = results.write_json(options.json, rounds=options.rounds, quick=options.quick, seconds=round(seconds),
                                     cpus=os.cpu_count(), load=load, kernel=os.uname().release)
        say(f"bench.py: all numbers are in {written}")
    sys.exit(1 if bench.failures else 0)


if __name__ == "__main__":
    main()
