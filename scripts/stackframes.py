#!/usr/bin/env python3
"""Searches the machine code that runs on the stacks of goroutines for large stack frames.

    stackframes.py BUILD-FOLDER        such as .build/release

A frame of kilobytes may take memory in every parked G. In Swift it mostly comes from a temporary allocation of a constant
size, which goes to the heap all the same (Stack.swift). Prints the largest frames. Exit code 1, and the names of the
functions, when a frame is larger than LIMIT. ELSEWHERE names functions that run on the stack of a thread.
"""

import pathlib
import re
import subprocess
import sys

TARGETS = ["MPG", "Region", "Net", "HTTP", "CMPG", "CNet", "CFaults", "CLLHTTP"]
LIMIT = 2500  # bytes; the largest frame, of the HTTP server's loop over a connection's requests, has 2,248 for its parser
# Parts of the mangled names of functions that never run on the stack of a G.
ELSEWHERE = ["6SysmonO3run"]  # sysmon is a thread

FRAME = re.compile(r"\bsub\s+(?:\$0x([0-9a-f]+),%rsp|sp, sp, #(0x[0-9a-f]+|\d+))")
NAME = re.compile(r"^[0-9a-f]+ <(.*)>:$")


def frames(path):
    """A pair (bytes, function) for each stack frame in an object file."""
    text = subprocess.run(
        ["objdump", "-d", "--no-show-raw-insn", str(path)], capture_output=True, text=True, check=True
    ).stdout
    function, sizes = "?", {}
    for line in text.splitlines():
        if name := NAME.match(line):
            function = name[1]
        elif frame := FRAME.search(line):
            size = int(frame[1], 16) if frame[1] else int(frame[2], 0)
            sizes[function] = sizes.get(function, 0) + size  # a large frame is allocated page by page
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
