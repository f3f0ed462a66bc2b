"""Measures a hello-world server over HTTP: requests a second under wrk, and the server's CPU time and memory.

Server and wrk share the machine's cores, so the rate also depends on wrk's share. The server's CPU time for each request,
read from /proc, is the more reliable number.
"""
import dataclasses
import os
import pathlib
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

CONNECTIONS = [1, 64, 512, 5000]
# Memory for each connection is reported only from this number of connections on. With fewer it is lost in the noise.
MANY = 5000
SECONDS_EACH = 3
MICROSECONDS = {"us": 1, "ms": 1e3, "s": 1e6}


class Failure(Exception):
    pass


@dataclasses.dataclass
class Server:
    """A command that takes a port as its last argument."""
    command: list
    env: dict = None
    viewed: bool = False


def wrk():
    return shutil.which("wrk")


def view(ours, pid):
    """Starts a viewer that reads the region of `pid` ten times a second, and whose output is dropped."""
    deadline = time.monotonic() + 5
    while True:
        viewer = subprocess.Popen([ours / "mpgtop", "-b", "-d", "0.1", str(pid)],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            viewer.wait(timeout=0.1)  # the viewer ends at once when the target has no region yet: try again
        except subprocess.TimeoutExpired:
            return viewer
        if time.monotonic() > deadline:
            return viewer


def unview(viewer):
    """Ends a viewer. Returns a problem as text, or None."""
    target_gone = 5  # the documented exit code of mpgtop when its target has ended
    if viewer.poll() is None:
        viewer.terminate()
        viewer.communicate()
        return None
    _, err = viewer.communicate()
    return None if viewer.returncode in (0, target_gone) else f"mpgtop: exit {viewer.returncode}: {err.strip()}"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_up(process, url):
    for _ in range(200):
        if process.poll() is not None:
            raise Failure(f"ended with {process.returncode} before it answered")
        try:
            with urllib.request.urlopen(url, timeout=2) as reply:
                body = reply.read()
            if body != b"Hello World":
                raise Failure(f"answered {body!r}")
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    raise Failure("did not answer within ten seconds")


def cpu_seconds(pid):
    # The command's name, in brackets, may contain blanks, so fields are counted from behind it.
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run_wrk(url, connections, seconds):
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--timeout", "10", "--latency", url],
                         capture_output=True, text=True, timeout=60).stdout
    requests = re.search(r"(\d+) requests in", out)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", out)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)\b", out)
    if not (requests and rate and p99) or int(requests[1]) == 0:
        raise Failure(f"wrk said: {out.strip()[-300:]}")
    errors = sum(int(n) for n in re.findall(r"(?:connect|read|write|timeout) (\d+)", out))
    errors += sum(int(n) for n in re.findall(r"Non-2xx or 3xx responses: (\d+)", out))
    return int(requests[1]), float(rate[1]), float(p99[1]) * MICROSECONDS[p99[2]], errors


def memory_bytes(pid):
    """Resident memory and page tables of a process, in bytes."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return sum(int(kib) for kib in re.findall(r"Vm(?:RSS|PTE):\s+(\d+)", text)) * 1024


class Watch(threading.Thread):
    """Finds the most memory that a process takes between `start` and `stop`."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.most, self.ended = pid, 0, threading.Event()

    def run(self):
        while not self.ended.wait(0.1):
            self.most = max(self.most, memory_bytes(self.pid))

    def stop(self):
        self.ended.set()
        self.join()
        return self.most


def measure(who, server, results, ours):
    """Starts a server and measures it at each number of connections."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    process = subprocess.Popen([*server.command, str(port)], env=server.env,
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    viewer = None
    try:
        wait_until_up(process, url)
        if server.viewed:
            viewer = view(ours, process.pid)
        run_wrk(url, 16, 1)  # warms the server up
        for connections in CONNECTIONS:
            before, held = cpu_seconds(process.pid), memory_bytes(process.pid)
            watch = Watch(process.pid)
            watch.start()
            requests, rate, p99, errors = run_wrk(url, connections, SECONDS_EACH)
            cpu, most = cpu_seconds(process.pid) - before, watch.stop()
            memory = {"memory": (most - held) / connections} if connections >= MANY else {}
            results.add_http(who, connections, rate=rate, p99=p99, cpu=cpu / requests * 1e6, errors=errors, **memory)
    finally:
        problem = unview(viewer) if viewer else None
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if problem:
        raise Failure(problem)
