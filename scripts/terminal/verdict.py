"""The end of each script in this folder: its messages and its exit code."""
import sys


def end(program, problems):
    """Prints each problem as a line on standard error. Exits with 1 when there was one, otherwise with 0."""
    for problem in problems:
        print(f"{program}: {problem}", file=sys.stderr)
    raise SystemExit(1 if problems else 0)
