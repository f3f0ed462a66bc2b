#!/usr/bin/env python3
"""Makes a table of what the contract test of netpoll's backends has said.

    contract_table.py FOLDER [PAGE]

FOLDER has a file for each backend: epoll.txt, io_uring.txt, kqueue.txt and iocp.txt (over the stand-ins), libkqueue.txt and
wine.txt. Prints the table; with PAGE, puts it there in place of what stands between the two lines that begin with
<!-- contract:begin and <!-- contract:end. A backend that has no file, and a page without a place for the table, are errors,
except that libkqueue and wine may be missing: their columns then are. "-": the case is not asked of that backend.
"""

import pathlib
import re
import sys

COLUMNS = [
    ("epoll", "epoll"),
    ("io_uring", "io_uring"),
    ("kqueue", "kqueue, over the stand-in"),
    ("libkqueue", "kqueue, over libkqueue"),
    ("iocp", "IOCP, over the stand-in"),
    ("wine", "IOCP, C half, wine"),
]
MAY_BE_MISSING = {"libkqueue", "wine"}


def outcomes(path):
    lines = [line.removeprefix("contract: ") for line in path.read_text().splitlines()]
    return dict(line.rsplit(" | ", 1) for line in lines)


def table(folder):
    columns = []
    for name, title in COLUMNS:
        path = folder / f"{name}.txt"
        if path.exists():
            columns.append((title, outcomes(path)))
        elif name not in MAY_BE_MISSING:
            sys.exit(f"contract_table.py: {path} is missing: the contract was not asked of {title}")
    lines = ["| Case | " + " | ".join(title for title, _ in columns) + " |", "| --- |" + " --- |" * len(columns)]
    cases = list(dict.fromkeys(case for _, found in columns for case in found))
    for case in cases:
        lines.append(f"| {case} | " + " | ".join(found.get(case, "-") for _, found in columns) + " |")
    return "\n".join(lines)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    made = table(pathlib.Path(sys.argv[1]))
    print(made)
    if len(sys.argv) == 3:
        page = pathlib.Path(sys.argv[2])
        text, count = re.subn(
            r"(<!-- contract:begin[^\n]*\n).*?(<!-- contract:end)", lambda m: m[1] + made + "\n" + m[2], page.read_text(),
            flags=re.S)
        if count != 1:
            sys.exit(f"contract_table.py: {page} has no place for the table")
        page.write_text(text)


main()
