#!/usr/bin/env python3
"""Measures what pictures cost: how long the first one takes, and the CPU time of each later one.

    frames.py BIN-FOLDER [GS]

1. The time from the start of mpgtop to the last byte of a whole picture, median of 20, on the demo server with few Gs and
   with GS (100,000).
2. The CPU time of one frame of each screen at 200x60. It includes reading the target, drawing, comparing and writing. Each
   screen runs at 10 and at 2 frames a second, and the difference is divided by the eight frames. So work that mpgtop does
   without drawing, such as reading events, does not count. The lists of Gs are also sorted and filtered.
Exit code 1 when the first picture takes more than 100 ms, or a frame takes more than 100 ms.
"""
import pathlib
import statistics
import sys
import time

import emulator
import verdict
from target import Target

SCREENS = [
    ("1 Overview", "1"), ("2 Ps", "2"), ("3 Gs", "3"), ("3 Gs, sorted by age", "3sss s"), ("3 Gs, filtered", "3/age>1ms\r"),
    ("3 Gs, filtered and sorted", "3/reason:chan\rsss"), ("3 Gs by reason", "3o"), ("3 Gs as a tree", "3t"), ("4 Ms", "4"),
    ("5 Steals", "5"), ("6 Netpoll", "6"), ("7 Timeline", "7"), ("8 Latency", "8"), ("9 Events", "9"), ("0 Tracer", "0"),
    ("v Stage", "v")]


def first_picture(binaries, target):
    """Milliseconds from the start of mpgtop until its first picture was complete."""
    run = emulator.Run([binaries / "mpgtop", target.pid], 200, 60, environment=target.environment)
    try:
        if not run.wait_until(lambda: run.total > 2000):
            raise SystemExit(f"frames: no picture: {run.errors}")
        # mpgtop does not know yet that the terminal understands synchronized output, so nothing marks the end of this picture.
        # It ends when no more bytes come.
        before = 0
        while run.total > before:
            before = run.total
            run.read(0.03)
        took = run.last_taken - run.started
        if f"pid {target.pid}" not in run.text():
            raise SystemExit("frames: the first picture is none of the target:\n" + run.text())
        return took * 1e3
    finally:
        run.close()


def watch(binaries, target, keys, delay, seconds):
    """Runs mpgtop for about this many seconds. Returns its CPU seconds, and how many seconds it really was."""
    run = emulator.Run([binaries / "mpgtop", target.pid, "-d", str(delay)], 200, 60, environment=target.environment)
    try:
        run.wait_until(lambda: run.total > 2000)
        for key in keys.split(" "):
            run.press(key)
            run.read(0.3)
        run.read(1)
        cpu, began = run.cpu, time.monotonic()
        run.read(seconds)
        return run.cpu - cpu, time.monotonic() - began
    finally:
        run.close()


def main():
    binaries, gs = pathlib.Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    slow = []
    for count in (0, gs):
        target = Target(binaries, "--procs", "4")
        try:
            while count > 0 and (left := count - live_gs(target)) > 0:
                target.get(f"/leak?n={min(left, 10_000)}")
            first_picture(binaries, target)
            times = sorted(first_picture(binaries, target) for _ in range(20))
            median = statistics.median(times)
            print(f"first picture, {count:,} Gs: median {median:.1f} ms of 20, {times[0]:.1f} to {times[-1]:.1f}", flush=True)
            if median > 100:
                slow.append(f"first picture: {median:.1f} ms")
            target.keep_busy(["/", "/spawn?n=300", "/sleep?ms=5", "/pipeline?n=20", "/block?ms=5"], 0.01)
            for name, keys in SCREENS:
                many, few = (watch(binaries, target, keys, delay, 3) for delay in (0.1, 0.5))
                cost = (many[0] / many[1] - few[0] / few[1]) / 8 * 1e3
                print(f"  {name:28} {cost:7.2f} ms a frame, {few[0] / few[1] * 100:5.1f} % of a core at 2 a second, "
                      f"{many[0] / many[1] * 100:5.1f} % at 10", flush=True)
                if cost > 100:
                    slow.append(f"{name}, {count:,} Gs: {cost:.0f} ms a frame")
        finally:
            target.close()
    verdict.end("frames", [f"too slow: {line}" for line in slow])


def live_gs(target):
    for line in target.get("/stats").decode().splitlines():
        name, _, value = line.partition(" ")
        if name == "gs_live":
            return int(value)
    raise SystemExit("frames: /stats tells no number of Gs")


if __name__ == "__main__":
    main()
