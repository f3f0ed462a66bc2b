"""Demo servers, loads, `mpgtop serve` and Prometheus, for reach.py."""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from checking import check, end_started, eventually, free_port, get, start

arguments = argparse.ArgumentParser()
for name in ("--bin", "--folder", "--share"):
    arguments.add_argument(name, required=True)
options = arguments.parse_args()
folder = options.folder
groups = []
SHORTER = (("[5m]", "[10s]"), ("[15m]", "[20s]"), ("offset 15m", "offset 20s"), ("for: 5m", "for: 2s"))


# Targets


class Demo:
    """A demo server whose executable has a name of its own."""

    def __init__(self, name, group=None):
        self.name, self.port = name, free_port()
        path = f"{folder}/{name}"
        if not os.path.exists(path):
            link(f"{options.bin}/mpg-demo", path)
        words = [path, "--port", str(self.port), "--procs", "2"]
        if group:
            words = ["sh", "-c", f'echo $$ >{group}/cgroup.procs; exec "$@"', "sh"] + words
        self.program = start(*words, stdout=subprocess.DEVNULL)
        self.pid = str(self.program.pid)
        eventually(f"{name} answers", lambda: self.get("about"))

    def get(self, path):
        return get(f"http://127.0.0.1:{self.port}/{path}")[0]

    def load(self, path, threads=1, pause=0.0):
        """Asks for a path again and again, until `end` is called on what this returns."""
        return Load(self, path, threads, pause)

    def end(self):
        self.program.kill()
        self.program.wait()


class Load:
    def __init__(self, demo, path, threads, pause):
        self.stopping = threading.Event()
        self.demo, self.path, self.pause = demo, path, pause
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def run(self):
        while not self.stopping.is_set():
            try:
                self.demo.get(self.path)
            except OSError:
                self.stopping.wait(0.1)
            if self.pause:
                self.stopping.wait(self.pause)

    def end(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def link(source, path):
    """Gives a program another name: by a link, or by a copy where the two places do not share a disk."""
    try:
        os.link(source, path)
    except OSError:
        shutil.copy(source, path)


def squeezed_group():
    """A control group that may use a fifth of a CPU; None: none can be made here."""
    name = f"mpgtop-reach-{os.getpid()}"
    try:
        if os.path.exists("/sys/fs/cgroup/cgroup.controllers"):
            group = f"/sys/fs/cgroup/{name}"
            os.mkdir(group)
            groups.append(group)
            limits = {"cpu.max": "20000 100000"}
        else:
            group = f"/sys/fs/cgroup/cpu/{name}"
            os.mkdir(group)
            groups.append(group)
            limits = {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "20000"}
        for file, text in limits.items():
            with open(f"{group}/{file}", "w") as out:
                out.write(text)
        return group
    except OSError as problem:
        print(f"  skipped: no control group can be made here ({problem}), so nothing is throttled")
        return None


# Servers


def serve(*words):
    program = start(
        f"{options.bin}/mpgtop", "serve", "--prometheus", "127.0.0.1:0", *words, stderr=subprocess.PIPE)
    line = program.stderr.readline()
    url = re.search(r"http://\S+", line)
    check(url, line.strip())
    said = []
    threading.Thread(target=lambda: said.extend(program.stderr), daemon=True).start()
    return program, url[0], said


def plain_proxy(url):
    """The same page in the older format: this Prometheus always asks for OpenMetrics."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            try:
                text, kind = get(url, "text/plain;version=0.0.4")
            except OSError:
                return self.send_error(502)
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            try:
                self.wfile.write(text.encode())
            except OSError:
                pass  # Prometheus waits a second at most

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"127.0.0.1:{server.server_address[1]}"


class Prometheus:
    def __init__(self, jobs):
        with open(f"{options.share}/prometheus/mpgtop.rules.yml") as file:
            rules = file.read()
        for long, short in SHORTER:
            rules = rules.replace(long, short)
        left = re.findall(r"\d+m\b", re.sub(r"#.*", "", re.sub(r"(summary|description):.*", "", rules)))
        check(not left, f"the copy of the rules has no minutes left {left}")
        with open(f"{folder}/rules.yml", "w") as file:
            file.write(rules)
        configuration = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": [f"{folder}/rules.yml"],
            "scrape_configs": [
                {"job_name": job, "static_configs": [{"targets": [target]}]} for job, target in jobs.items()],
        }
        with open(f"{folder}/prometheus.yml", "w") as file:
            json.dump(configuration, file)
        port = free_port()
        self.api = f"http://127.0.0.1:{port}/api/v1/"
        log = open(f"{folder}/prometheus.log", "w")
        start(
            "prometheus", f"--config.file={folder}/prometheus.yml", f"--web.listen-address=127.0.0.1:{port}",
            f"--storage.tsdb.path={folder}/tsdb", "--enable-feature=exemplar-storage", stderr=log, stdout=log)
        eventually(
            "Prometheus has scraped all", lambda: len([1 for _, v in self.query("up") if v == 1]) == len(jobs))

    def ask(self, path, **parameters):
        try:
            text = get(self.api + path + "?" + urllib.parse.urlencode(parameters, doseq=True))[0]
        except urllib.error.HTTPError as problem:
            if problem.code == 503:  # it has just begun
                return {"result": []}
            raise SystemExit(f"reach.py: {parameters}: {problem.read().decode()}")
        return json.loads(text)["data"]

    def query(self, expression):
        return [(r["metric"], float(r["value"][1])) for r in self.ask("query", query=expression)["result"]]

    def firing(self):
        """The alerts that fire, as pairs of alert and name, for the job in which metrics come as OpenMetrics."""
        alerts = self.ask("alerts")["alerts"]
        return {
            (a["labels"]["alertname"], a["labels"]["name"]) for a in alerts
            if a["state"] == "firing" and a["labels"]["job"] == "mpgtop"}


def end_all():
    """Ends all programs, and removes the control group."""
    end_started()
    for group in groups:
        for _ in range(20):  # it empties a moment after the processes in it have ended
            try:
                os.rmdir(group)
                break
            except FileNotFoundError:
                break
            except OSError as error:
                wrong = error
                time.sleep(0.05)
        else:
            print(f"reach.py: {group} stays: {wrong}", file=sys.stderr)
