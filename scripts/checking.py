"""What scripts that check programs of ours with programs of others have in common: exports.py and reach.py."""
import os
import socket
import subprocess
import sys
import time
import urllib.request

started = []


def fail(text):
    raise SystemExit(f"{os.path.basename(sys.argv[0])}: {text}")


def check(holds, what):
    """Prints what holds; if it does not hold, ends the script with that line."""
    if not holds:
        fail(f"not so: {what}")
    print(f"  {what}", flush=True)


def eventually(what, value, seconds=60):
    """Calls `value` until it returns something, and returns that. `what` is a text, or makes one when the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            found = value()
        except OSError:
            found = None
        if found:
            return found
        time.sleep(0.1)
    fail(f"within {seconds} s: {what() if callable(what) else what}")


def start(*words, **more):
    """Starts a program, which is killed when this script ends."""
    program = subprocess.Popen(words, text=True, **more)
    started.append(program)
    return program


def end_started():
    """Kills all programs that were started."""
    for program in started:
        program.kill()
        program.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(url, accept=None, seconds=30):
    """The text of a page, and its type."""
    request = urllib.request.Request(url, headers={"Accept": accept} if accept else {})
    with urllib.request.urlopen(request, timeout=seconds) as answer:
        return answer.read().decode(), answer.headers["Content-Type"]
