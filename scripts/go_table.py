#!/usr/bin/env python3
"""Writes the tables of docs/go.md from what the tests of GoAttach said.

    go_table.py docs/go.md <WHAT-THE-TESTS-SAID

Takes the lines that begin with `go-table`, and puts two tables between the marks of the page: what was equal, by version and
by way of building; and what is shown since which version. Call it only after tests that passed. Exit code 1: no such lines,
or no marks.
"""
import collections
import re
import sys

MARKS = ("<!-- test-go begins -->", "<!-- test-go ends -->")
WAYS = {"default": "default", "stripped": "`-s -w`", "nodwarf": "`-w`", "pie": "PIE", "stripped-pie": "`-s -w`, PIE",
        "trimpath": "`-trimpath`", "pgo": "`-pgo`", "cgo": "cgo, external linking", "stripped-cgo": "the same, `-s -w`",
        "race": "`-race`"}
FACTS = {"latency": "how long Gs were ready", "mutex-wait": "waits for mutexes", "stops": "stops of the world",
         "spawns": "goroutines created", "phase": "phase of the collector", "goal": "live heap and goal",
         "labels": "labels of pprof"}


def order(version):
    return [int(part) for part in version.split(".")]


def parse(lines):
    """The numbers by version, way and kind; and the facts by version and way."""
    numbers, facts = collections.defaultdict(dict), collections.defaultdict(set)
    for line in lines:
        words = line.split()
        if words[:1] != ["go-table"]:
            continue
        version, _, way = words[1].partition("-")
        key, rest = (version, way), " ".join(words[2:])
        if found := re.match(r"schedtrace: (\d+) fields equal", rest):
            numbers[key]["fields"] = int(found[1])
        elif found := re.match(r"profile (\d+) goroutines equal", rest):
            numbers[key]["goroutines"] = int(found[1])
        elif found := re.match(r"stacks: (\d+) of (\d+) equal, (\d+) inlined", rest):
            numbers[key]["stacks"] = int(found[1]) if found[1] == found[2] else f"{found[1]} of {found[2]}"
            numbers[key]["inlined"] = int(found[3])
        elif words[2] == "shows":
            facts[key].update(words[3:])
    return numbers, facts


def cell(found):
    if not found:
        return "-"
    parts = [found.get(kind) for kind in ["fields", "goroutines", "stacks", "inlined"]]
    return " · ".join("?" if part is None else f"{part:,}" if isinstance(part, int) else part for part in parts)


def since(fact, facts, versions, way):
    """Where a fact is shown: in all of these versions, in the later ones, in none."""
    has = [fact in facts[(version, way)] for version in versions]
    if all(has):
        return "yes"
    if not any(has):
        return "-"
    first = has.index(True)
    return f"since {versions[first]}" if all(has[first:]) else ", ".join(v for v, h in zip(versions, has) if h)


def tables(numbers, facts):
    versions = sorted({version for version, _ in numbers}, key=order)
    ways = [way for way in WAYS if any((version, way) in numbers for version in versions)]
    lines = ["| Go | " + " | ".join(WAYS[way] for way in ways) + " |", "| --- |" + " --- |" * len(ways)]
    for version in versions:
        lines.append(f"| {version} | " + " | ".join(cell(numbers.get((version, way))) for way in ways) + " |")
    both = [way for way in ["default", "stripped"] if way in ways]
    lines += ["", "| Shown | " + " | ".join(WAYS[way] for way in both) + " |", "| --- |" + " --- |" * len(both)]
    for fact, words in FACTS.items():
        columns = [since(fact, facts, [v for v in versions if (v, way) in facts], way) for way in both]
        lines.append(f"| {words} | " + " | ".join(columns) + " |")
    return "\n".join(lines)


def main():
    numbers, facts = parse(sys.stdin)
    if not numbers:
        sys.exit("go_table.py: the tests said nothing of Go programs")
    path = sys.argv[1]
    text = open(path, encoding="utf-8").read()
    before, mark, rest = text.partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    if not (mark and end):
        sys.exit(f"go_table.py: {path} has not both marks")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{mark}\n{tables(numbers, facts)}\n{end}{after}")


main()
