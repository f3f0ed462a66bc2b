#!/usr/bin/env python3
"""Looks for large stack frames in the machine code of what runs on the stacks of goroutines.

    stackframes.py BUILD-FOLDER        such as .build/release

A frame of kilobytes is memory that each parked G may pay for, and in Swift is mostly a temporary allocation of a constant
size that went to the heap all the same (Stack.swift). Prints the largest frames; fails (1), and names the functions, when
one is larger than LIMIT. Functions of threads with a stack of their own are named below.
"""

import pathlib
import re
import subprocess
import sys

TARGETS = ["MPG", "Region", "Net", "HTTP", "CMPG", "CNet", "CFaults", "CLLHTTP"]
LIMIT = 2500  # bytes; the HTTP server's loop over the requests of a connection, which keeps a parser, has 2,248
# What never runs on the stack of a G: parts of mangled names.
ELSEWHERE = ["6SysmonO3run"]  # a thread of its own

FRAME = re.compile(r"\bsub\s+(?:\$0x([0-9a-f]+),%rsp|sp, sp, #(0x[0-9a-f]+|\d+))")
NAME = re.compile(r"^[0-9a-f]+ <(.*)>:$")


def frames(path):
    """(bytes, function) of each frame in an object file."""
    text = subprocess.run(
        ["objdump", "-d", "--no-show-raw-insn", str(path)], capture_output=True, text=True, check=True
    ).stdout
    function, sizes = "?", {}
    for line in text.splitlines():
        if name := NAME.match(line):
            function = name[1]
        elif frame := FRAME.search(line):
            size = int(frame[1], 16) if frame[1] else int(frame[2], 0)
            sizes[function] = sizes.get(function, 0) + size  # a large one is taken page by page
    return [(size, function) for function, size in sizes.items()]


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: stackframes.py BUILD-FOLDER")
    folder = pathlib.Path(sys.argv[1])
    found = []
    for target in TARGETS:
        objects = list((folder / f"{target}.build").rglob("*.o"))
        if not objects:
            sys.exit(f"stackframes.py: no objects of {target} in {folder}")
        found += [(size, target, name) for path in objects for size, name in frames(path)]
    found.sort(reverse=True)
    for size, target, name in found[:5]:
        print(f"{size:6} bytes  {target:8} {name}")
    large = [one for one in found if one[0] > LIMIT and not any(part in one[2] for part in ELSEWHERE)]
    for size, target, name in large:
        print(f"stackframes.py: {name} of {target} has a frame of {size} bytes, and may have {LIMIT}", file=sys.stderr)
    sys.exit(1 if large else 0)


main()
