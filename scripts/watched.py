#!/usr/bin/env python3
"""What a viewer costs.

    watched.py BIN-FOLDER [--rounds N] [--seconds S] [--connections N] [--history S]

The viewer is the dashboard itself, in a terminal of 120x40, with its history, ten frames a second.
  1. Beside a program that makes a million events a second (`mpg-bench paced`), for 30 seconds and more of history: its CPU
     and its memory.
  2. Beside the demo server under wrk, in turns with and without it, in alternating order: requests a second of either,
     the server's CPU for each, and their ratios in each round. Server and wrk want two cores, so on a machine with two
     the share that the viewer takes is gone for them; what a request costs the server tells whether it slows the server
     itself.
Prints medians, the spread, and the ratios' standard error. Exit code 1 when something could not be run.
"""
import argparse
import fcntl
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
import threading
import time

import bench_http


class Server:
    def __init__(self, binary):
        self.port = bench_http.free_port()
        self.process = subprocess.Popen([binary / "mpg-demo", "--port", str(self.port)], stdout=subprocess.DEVNULL)
        bench_http.wait_until_up(self.process, f"http://127.0.0.1:{self.port}/")

    def load(self, seconds, connections):
        """How many requests were answered, and how many a second."""
        return bench_http.run_wrk(f"http://127.0.0.1:{self.port}/", connections, seconds)[:2]

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


class Viewer:
    """mpgtop in a terminal whose output nobody keeps."""

    def __init__(self, binary, pid):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        env = {**os.environ, "TERM": "xterm-256color"}
        self.process = subprocess.Popen([binary / "mpgtop", "-d", "0.1", str(pid)], stdin=slave, stdout=slave,
                                        stderr=slave, env=env, start_new_session=True)
        os.close(slave)
        threading.Thread(target=self.swallow, daemon=True).start()

    def swallow(self):
        try:
            while os.read(self.master, 1 << 16):
                pass
        except OSError:
            pass

    def stop(self):
        os.write(self.master, b"q")
        try:
            code = self.process.wait(10)
        finally:
            self.process.kill()
            os.close(self.master)
        if code != 0:
            sys.exit(f"watched.py: the viewer ended with {code}")


def events(binary, pid):
    command = [binary / "mpgtop", "--json", "-n", "1", str(pid)]
    out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
    return int(re.search(r'"events":\s*(\d+)', out)[1])


def steady(options):
    """A million events a second; returns their rate, the viewer's CPU, and its bytes of memory at the end."""
    count = (options.history + 5) * 1_000_000
    bench = subprocess.Popen([options.bin / "mpg-bench", "-n", str(count), "paced"], stdout=subprocess.DEVNULL)
    time.sleep(1)
    viewer = Viewer(options.bin, bench.pid)
    time.sleep(2)
    began, cpu, before = time.monotonic(), bench_http.cpu_seconds(viewer.process.pid), events(options.bin, bench.pid)
    time.sleep(options.history)
    wall = time.monotonic() - began
    used = (bench_http.cpu_seconds(viewer.process.pid) - cpu) / wall
    rate = (events(options.bin, bench.pid) - before) / wall
    memory = bench_http.memory_bytes(viewer.process.pid)
    viewer.stop()
    bench.kill()
    bench.wait()
    return rate, used, memory


def turn(options, server, viewed):
    pid = server.process.pid
    viewer = Viewer(options.bin, pid) if viewed else None
    time.sleep(1)
    began, before = time.monotonic(), events(options.bin, pid)
    cpu = bench_http.cpu_seconds(viewer.process.pid) if viewer else 0
    own = bench_http.cpu_seconds(pid)
    count, rate = server.load(options.seconds, options.connections)
    own = bench_http.cpu_seconds(pid) - own
    wall = time.monotonic() - began
    row = {"rate": rate, "own": own / count * 1e6, "events": (events(options.bin, pid) - before) / wall}
    if viewer:
        row["cpu"] = (bench_http.cpu_seconds(viewer.process.pid) - cpu) / wall
        viewer.stop()
    return row


def spread(values, scale=1, digits=0):
    values = [value / scale for value in values]
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f}-{max(values):,.{digits}f})"


def report(viewed, alone):
    print(f"events a second         {spread([row['events'] for row in viewed])}")
    print(f"viewer, % of a core     {spread([row['cpu'] for row in viewed], 0.01, 1)}")
    for name, what, digits in [("rate", "requests/s", 0), ("own", "server CPU µs", 2)]:
        ratios = [a[name] / b[name] for a, b in zip(viewed, alone)]
        error = statistics.stdev(ratios) / len(ratios) ** 0.5 if len(ratios) > 1 else 0
        print(f"{what + ', viewed':24}{spread([row[name] for row in viewed], digits=digits)}")
        print(f"{what + ', not':24}{spread([row[name] for row in alone], digits=digits)}")
        print(f"viewed / not viewed     {spread(ratios, digits=3)}, mean {statistics.mean(ratios):.3f} ± {error:.3f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--history", type=int, default=32)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    rate, cpu, memory = steady(options)
    print(f"paced: {rate:,.0f} events a second; viewer {cpu * 100:.1f} % of a core, {memory / 1e6:.0f} MB", flush=True)
    server = Server(options.bin)
    rows = {True: [], False: []}
    try:
        server.load(2, options.connections)
        for number in range(options.rounds):
            for viewed in [True, False] if number % 2 == 0 else [False, True]:
                rows[viewed].append(turn(options, server, viewed))
            print(f"watched.py: round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
    finally:
        server.stop()
    report(rows[True], rows[False])


main()
