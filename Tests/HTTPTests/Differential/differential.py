#!/usr/bin/env python3
"""Puts requests to mpg-demo, h11 and httptools, and fails on every difference that corpus.txt does not explain.

    differential.py PATH-OF-mpg-demo [--mutations N] [--seed S] [--table]
"""

import argparse
import random
import re
import socket
import subprocess
import sys
from pathlib import Path

import corpus
import parsers


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """mpg-demo on a free port, stopped by SIGTERM, which must end it with 0."""

    def __init__(self, path: str):
        for _ in range(5):  # between probing a port and taking it another process may be faster
            self.port = free_port()
            self.process = subprocess.Popen(
                [path, "--port", str(self.port)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            if b"running" in self.process.stdout.readline():
                self.address = ("127.0.0.1", self.port)
                return
            error = self.process.communicate()[1].decode()
        raise SystemExit(f"differential: {path} does not start: {error.strip()}")

    def stop(self) -> list[str]:
        self.process.terminate()
        errors = self.process.communicate(timeout=30)[1].decode().strip()
        status = self.process.returncode
        return [f"the server ended with {status}: {errors}"] if status or errors else []


def verdict(ours: parsers.Outcome, theirs: parsers.Outcome) -> str:
    if ours.refused != theirs.refused:
        return "takes" if ours.refused else "refuses"
    if ours.strayed:
        return "same"  # there is no echo to compare
    return "same" if agree(ours, theirs) else "differs"


def agree(ours: parsers.Outcome, theirs: parsers.Outcome) -> bool:
    if theirs.stopped:
        return theirs.requests == ours.requests[: len(theirs.requests)]
    return theirs.requests == ours.requests


def check(case: corpus.Case, address) -> list[str]:
    is_head = case.data.startswith(b"HEAD")
    ours = parsers.ours(address, case.data, is_head)
    problems = []
    if ours.statuses != case.statuses:
        problems.append(f"{case.name}: we answer {ours.statuses}, not {case.statuses}")
    for peer, ask in parsers.PEERS.items():
        theirs = ask(case.data)
        found = verdict(ours, theirs)
        if found != case.peers[peer]:
            problems.append(
                f"{case.name}: {peer} {found}, not {case.peers[peer]}\n"
                f"    we: {ours.statuses} {ours.reason} {ours.requests}\n"
                f"    {peer}: {theirs.reason} {theirs.requests}")
    return problems


INSERTIONS = [b"\r", b"\n", b"\r\n", b" ", b"\t", b"\0", b":", b";", b",", b"+", b"-", b"0", b"a", b"\xff", b"%"]


def mutate(data: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        at = chance.randrange(len(data))
        to = min(len(data), at + chance.randint(1, 12))
        data = chance.choice([
            data[:at] + data[at + 1:],
            data[:at] + chance.choice(INSERTIONS) + data[at:],
            data[:at] + chance.choice(INSERTIONS) + data[at + 1:],
            data[:to] + data[at:],
            data[:at] + data[to:],
            data[:at] + data[at:to].swapcase() + data[to:],
        ]) or b"\r"
    return data


def is_excused(theirs: parsers.Outcome) -> bool:
    """What we take and h11 does not: an empty line before a request (see corpus.txt)."""
    return theirs.reason == "no request line received"


def check_mutations(cases, address, count: int, seed: int) -> list[str]:
    """Whatever we take, the others must take with the same meaning."""
    chance = random.Random(seed)
    seeds = [case.data for case in cases if len(case.data) < 600 and not case.data.startswith(b"HEAD")]
    problems, taken = [], 0
    for number in range(count):
        data = mutate(chance.choice(seeds), chance)
        ours = parsers.ours(address, data, re.search(rb"HEAD ", data) is not None)
        taken += len(ours.requests)
        if not ours.requests or ours.strayed:
            continue
        for peer, ask in parsers.PEERS.items():
            theirs = ask(data)
            theirs.requests = theirs.requests[: len(ours.requests)]
            if not agree(ours, theirs) and not is_excused(theirs):
                problems.append(
                    f"mutation {number} of seed {seed}: {data!r}\n    we: {ours.statuses} {ours.requests}\n"
                    f"    {peer}: {theirs.reason} {theirs.requests}")
    if taken < count // 20:
        problems.append(f"only {taken} requests of {count} mutations were taken: the test tests too little")
    print(f"differential: {count} mutations of seed {seed}, {taken} requests taken by all")
    return problems


PAGE = Path(__file__).parents[3] / "docs" / "http.md"


def table(cases) -> list[str]:
    """The explained differences, as docs/http.md shows them."""
    return [
        f"| {case.name} | {' '.join(map(str, case.statuses))} | {case.peers['h11']} | {case.peers['httptools']} "
        f"| {case.why} |"
        for case in cases if case.why
    ]


def check_page(cases) -> list[str]:
    page = PAGE.read_text().splitlines()
    return [f"docs/http.md lacks this row: {row}" for row in table(cases) if row not in page]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("server")
    options.add_argument("--mutations", type=int, default=5000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--table", action="store_true", help="print the rows for docs/http.md and exit")
    options = options.parse_args()

    cases = corpus.load()
    if options.table:
        print("\n".join(table(cases)))
        return 0
    server = Server(options.server)
    try:
        problems = [problem for case in cases for problem in check(case, server.address)]
        differing = sum(verdict != "same" for case in cases for verdict in case.peers.values())
        print(f"differential: {len(cases)} cases, {differing} explained differences")
        problems += check_mutations(cases, server.address, options.mutations, options.seed)
    finally:
        ending = server.stop()
    problems += ending + check_page(cases)
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"differential: {len(problems)} unexplained" if problems else "differential: no unexplained difference")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
