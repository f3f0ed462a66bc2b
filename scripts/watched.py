#!/usr/bin/env python3
"""Measures what a viewer costs, and what it costs the program that it watches.

    watched.py BIN-FOLDER [--rounds N] [--turn S] [--history S]

The viewer is mpgtop's screen in a terminal of 120x40, with its history, at ten frames a second.
  1. It watches a program that makes a million events a second (`mpg-bench paced`), for 30 seconds and more of history. The
     viewer's CPU time and memory are measured.
  2. It watches the demo server under wrk. The server is measured in short turns, watched and not watched, in the order on,
     off, off, on: requests a second, the server's CPU time for each, and the ratios of each round of four turns. In the turns
     off, the viewer is stopped (SIGSTOP), so nothing else differs; the order cancels out slow drifts. The first moments of a
     turn, in which the viewer catches up, do not count. This is done twice:
       alone     The server has a core of its own, and so many connections that it is always busy; all other programs share
                 the other cores. Measures how much throughput a server loses to a viewer that has a core to run on.
       crowded   Server, wrk and viewer share all cores. The CPU time that the viewer takes is then missing for the others.
Prints medians, the spread, and the standard error. Exit code 1 when a program could not be run.
"""
import argparse
import fcntl
import http.client
import os
import pathlib
import pty
import re
import signal
import statistics
import struct
import subprocess
import sys
import termios
import time

import bench_http

# For how many seconds a turn goes on before it is measured.
CATCHING_UP = 0.15


def cpu_seconds(pid):
    """CPU time of the process's present threads, from schedstat: it counts nanoseconds, and turns are short."""
    return sum(int(file.read_text().split()[0]) for file in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


class Viewer:
    """mpgtop in a terminal whose output is dropped."""

    def __init__(self, binary, pid, *more):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        env = {**os.environ, "TERM": "xterm-256color"}
        self.process = subprocess.Popen([binary / "mpgtop", "-d", "0.1", *more, str(pid)], stdin=slave, stdout=slave,
                                        stderr=slave, env=env, start_new_session=True)
        os.close(slave)
        self.reader = subprocess.Popen(["cat"], stdin=self.master, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)

    def rest(self, is_resting):
        self.process.send_signal(signal.SIGSTOP if is_resting else signal.SIGCONT)

    @property
    def cpu(self):
        return cpu_seconds(self.process.pid)

    def stop(self):
        self.rest(False)
        os.write(self.master, b"q")
        try:
            code = self.process.wait(10)
        finally:
            self.process.kill()
            self.reader.kill()
            self.reader.wait()
            os.close(self.master)
        if code != 0:
            sys.exit(f"watched.py: the viewer ended with {code}")


class Flood:
    """The demo server on the given cores, and wrk, which asks it for `path` as fast as it answers."""

    def __init__(self, binary, path, connections, cores, seconds):
        self.port = bench_http.free_port()
        everybody = os.sched_getaffinity(0)
        os.sched_setaffinity(0, cores["server"])
        self.server = subprocess.Popen([binary / "mpg-demo", "--port", str(self.port)], stdout=subprocess.DEVNULL)
        os.sched_setaffinity(0, cores["others"])
        bench_http.wait_until_up(self.server, f"http://127.0.0.1:{self.port}/")
        self.wrk = subprocess.Popen(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10",
                                     f"http://127.0.0.1:{self.port}{path}"], stdout=subprocess.DEVNULL)
        self.everybody = everybody
        self.asking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def look(self):
        """Now, the number of requests answered so far, and the server's CPU time."""
        self.asking.request("GET", "/stats")
        answer = self.asking.getresponse().read().decode()
        return time.monotonic(), int(re.search(r"^requests (\d+)$", answer, re.M)[1]), self.cpu

    @property
    def cpu(self):
        return cpu_seconds(self.server.pid)

    def stop(self):
        self.wrk.kill()
        self.wrk.wait()
        self.server.terminate()
        self.server.wait(10)
        os.sched_setaffinity(0, self.everybody)


def events(binary, pid):
    command = [binary / "mpgtop", "--json", "-n", "1", str(pid)]
    out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
    return int(re.search(r'"events":\s*(\d+)', out)[1])


def steady(options):
    """Watches a million events a second. Returns their real rate, the viewer's share of a core, and its memory in bytes."""
    count = (options.history + 5) * 1_000_000
    bench = subprocess.Popen([options.bin / "mpg-bench", "-n", str(count), "paced"], stdout=subprocess.DEVNULL)
    time.sleep(1)
    viewer = Viewer(options.bin, bench.pid)
    time.sleep(2)
    began, cpu, before = time.monotonic(), viewer.cpu, events(options.bin, bench.pid)
    time.sleep(options.history)
    wall = time.monotonic() - began
    used = (viewer.cpu - cpu) / wall
    rate = (events(options.bin, bench.pid) - before) / wall
    memory = bench_http.memory_bytes(viewer.process.pid)
    viewer.stop()
    bench.kill()
    bench.wait()
    return rate, used, memory


def turn(options, flood, viewer, is_watched):
    viewer.rest(not is_watched)
    time.sleep(CATCHING_UP)
    used = viewer.cpu
    began, before, cpu = flood.look()
    time.sleep(options.turn)
    ended, after, cpu_after = flood.look()
    wall, count = ended - began, after - before
    return {"rate": count / wall, "own": (cpu_after - cpu) / count * 1e6, "use": (cpu_after - cpu) / wall,
            "viewer": (viewer.cpu - used) / wall}


def watched(options, path, connections, cores):
    """Measures a flood. Returns the turns of each round, and the flood's events a second."""
    # A turn takes longer than the part of it that counts, so wrk runs for longer.
    most = options.history + 60 + int(options.rounds * 4 * (options.turn + 1))
    flood = Flood(options.bin, path, connections, cores, most)
    viewer = None
    try:
        # The history is full before the first turn. So the viewer only reuses memory during the turns, and takes no more.
        viewer = Viewer(options.bin, flood.server.pid, "--history", f"{options.history}s")
        time.sleep(options.history + 3)
        rounds = []
        for _ in range(options.rounds):
            rounds.append([turn(options, flood, viewer, is_watched) for is_watched in [True, False, False, True]])
        began, before = time.monotonic(), events(options.bin, flood.server.pid)
        time.sleep(2)
        rate = (events(options.bin, flood.server.pid) - before) / (time.monotonic() - began)
    finally:
        if viewer:
            viewer.stop()  # also continues it: stopped by SIGSTOP, it would stay behind
        flood.stop()
    return rounds, rate


def spread(values, scale=1, digits=0):
    values = [value / scale for value in values]
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f}-{max(values):,.{digits}f})"


def report(name, rounds, rate):
    on = [turn for round in rounds for turn in (round[0], round[3])]
    off = [turn for round in rounds for turn in (round[1], round[2])]
    print(f"{name}: {len(rounds)} rounds, {rate:,.0f} events a second, server busy "
          f"{statistics.median(turn['use'] for turn in off) * 100:.0f} % of a core")
    print(f"  viewer, % of a core     {spread([turn['viewer'] for turn in on], 0.01, 1)}")
    for key, what, digits in [("rate", "requests/s", 0), ("own", "server CPU µs", 2)]:
        ratios = [(a[key] + d[key]) / (b[key] + c[key]) for a, b, c, d in rounds]
        error = statistics.stdev(ratios) / len(ratios) ** 0.5 if len(ratios) > 1 else 0
        print(f"  {what + ', watched':24}{spread([turn[key] for turn in on], digits=digits)}")
        print(f"  {what + ', not':24}{spread([turn[key] for turn in off], digits=digits)}")
        print(f"  watched / not           {spread(ratios, digits=3)}, mean {statistics.mean(ratios):.4f} ± {error:.4f}",
              flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--turn", type=float, default=0.3)
    parser.add_argument("--history", type=int, default=32)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    rate, cpu, memory = steady(options)
    print(f"paced: {rate:,.0f} events a second; viewer {cpu * 100:.1f} % of a core, {memory / 1e6:.0f} MB", flush=True)
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        shares = {"server": {cores[0]}, "others": set(cores[1:])}
        report("alone", *watched(options, "/spawn?n=2", 400, shares))
    report("crowded", *watched(options, "/", 64, {"server": set(cores), "others": set(cores)}))


if __name__ == "__main__":
    main()
