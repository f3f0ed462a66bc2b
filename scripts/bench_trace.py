#!/usr/bin/env python3
"""Measures what it costs to read a Go execution trace to its end: ours, Go's bare reader, and `go tool trace`.

    bench_trace.py BIN-FOLDER GO WORK [--seconds S] [--rounds N] [--large S] [--update FILE]

GO is a `go` command; what is built and traced lies in WORK. `scripts/go/tracing` is traced for S seconds. In each round each
reader reads that file once, in turns. Then ours alone reads a trace of --large seconds, which must take no more memory.
Prints medians of CPU time (user and system, of all threads) and of the largest memory, and how many times ours they are.
With --update the table also takes the place of what stands between the two marks in FILE.
Exit codes: 0; 1 a program could not be built or run, or the readers do not agree on the number of events.
"""
import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

MARKS = ("<!-- bench-trace begins -->", "<!-- bench-trace ends -->")
HERE = pathlib.Path(__file__).resolve().parent


def build(go, work):
    """Builds the programs in Go, and returns their paths by name."""
    environment = {**os.environ, "GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GOFLAGS": "", "GOPATH": str(work / "gopath"),
                   "GOCACHE": os.environ.get("GOCACHE", str(work / "gocache"))}
    programs = {name: work / name for name in ("tracing", "bare")}
    subprocess.run([go, "build", "-o", programs["tracing"], "./tracing"], cwd=HERE / "go", check=True, env=environment)
    root = subprocess.run([go, "env", "GOROOT"], check=True, env=environment, stdout=subprocess.PIPE, text=True).stdout.strip()
    source = HERE.parent / "Tests/GoTraceTests/Programs/bare/main.go"
    overlay = work / "overlay.json"
    overlay.write_text(json.dumps({"Replace": {f"{root}/src/internal/trace/mpgbare/main.go": str(source)}}))
    subprocess.run([go, "build", "-overlay", overlay, "-o", programs["bare"], "internal/trace/mpgbare"], check=True,
                   env=environment)
    return programs


def run(command):
    """Runs a command. Returns seconds of CPU, seconds, megabytes, and what it printed."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"bench_trace.py: {command[0]} failed")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - start, usage.ru_maxrss * 1024 / 1e6, printed


def events(printed):
    return int(re.search(rb"^events (\d+)", printed).group(1))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin", type=pathlib.Path)
    parser.add_argument("go")
    parser.add_argument("work", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--large", type=float, default=55)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--update", type=pathlib.Path)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    try:
        programs = build(options.go, options.work)
        file = options.work / "bench.trace"
        subprocess.run([programs["tracing"], file, str(options.seconds)], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"bench_trace.py: {error}")
    ours = options.bin / "mpg-trace-bench"
    readers = [("GoTrace", [ours, file]), ("internal/trace", [programs["bare"], file]),
               ("go tool trace -pprof=sched", [options.go, "tool", "trace", "-pprof=sched", file])]
    results = {name: [] for name, _ in readers}
    for number in range(options.rounds):
        for name, command in readers if number % 2 == 0 else reversed(readers):
            results[name].append(run(command))
    count = events(results["GoTrace"][0][3])
    if count != events(results["internal/trace"][0][3]):
        sys.exit("bench_trace.py: the readers give different numbers of events")
    medians = {name: [statistics.median(result[i] for result in all) for i in range(3)] for name, all in results.items()}
    lines = [f"A trace of {file.stat().st_size / 1e6:.0f} MB with {count / 1e6:.1f} million events, medians of {options.rounds} rounds:",
             "", "| Reader | CPU | time | memory | CPU: times ours | memory: times ours |", "| --- | --- | --- | --- | --- | --- |"]
    for name, (cpu, wall, memory) in medians.items():
        mine = medians["GoTrace"]
        lines.append(f"| `{name}` | {cpu:.2f} s | {wall:.2f} s | {memory:.0f} MB | {cpu / mine[0]:.1f} | {memory / mine[2]:.1f} |")
    if options.large:
        subprocess.run([programs["tracing"], file, str(options.large)], check=True)
        cpu, wall, memory, printed = run([ours, file])
        lines += ["", f"A trace of {file.stat().st_size / 1e6:,.0f} MB with {events(printed) / 1e6:.0f} million events: "
                  f"`GoTrace` takes {cpu:.1f} s of CPU and {memory:.0f} MB."]
    file.unlink()
    table = "\n".join(lines)
    print(table)
    if options.update:
        text = options.update.read_text()
        begin, end = text.index(MARKS[0]) + len(MARKS[0]), text.index(MARKS[1])
        options.update.write_text(f"{text[:begin]}\n{table}\n{text[end:]}")


if __name__ == "__main__":
    main()
