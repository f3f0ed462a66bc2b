"""How these programs end."""
import sys


def end(program, problems):
    """Tells of each problem in a line on the standard error, and exits: 1 when there was any, 0 else."""
    for problem in problems:
        print(f"{program}: {problem}", file=sys.stderr)
    raise SystemExit(1 if problems else 0)
