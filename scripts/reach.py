"""Holds the board and the rules in share/ against a real Prometheus that scrapes `mpgtop serve`. See reach.sh.

What is shortened, in a copy of the rules: windows of 5 minutes to 10 seconds, of 15 minutes to 20 seconds, and `for: 5m` to 2
seconds. Scrapes and evaluations are a second apart. Thresholds are as they are.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.parse

from checking import check, eventually, get, start
from reach_tools import Demo, Prometheus, end_all, folder, options, plain_proxy, serve, squeezed_group


def formats(prometheus, url):
    plain = get(url, "text/plain")[0]
    lint = subprocess.run(["promtool", "check", "metrics"], input=plain, text=True, capture_output=True)
    check(lint.returncode == 0 and not lint.stderr, f"promtool check metrics has nothing to say: {lint.stderr!r}")
    open_text, kind = get(url, "application/openmetrics-text")
    check(kind.startswith("application/openmetrics-text") and " # {" in open_text, "OpenMetrics has exemplars")

    def units(job):
        metadata = prometheus.ask("targets/metadata", match_target=f'{{job="{job}"}}')
        return {m["metric"]: (m["type"], m["unit"]) for m in metadata}

    def count(job):
        series = prometheus.query(f'count by (__name__) ({{__name__=~"mpg_.*",job="{job}"}})')
        return {metric["__name__"]: number for metric, number in series}

    def counts():
        one, other = count("mpgtop"), count("plain")
        return one == other and len(one) > 40 and one

    one, other = eventually(
        "Prometheus knows both pages", lambda: units("mpgtop") and units("plain") and (units("mpgtop"), units("plain")))
    check(one.get("mpg_run_latency_seconds") == ("histogram", "seconds"), "one page was read as OpenMetrics, with units")
    check(other.get("mpg_run_latency_seconds") == ("histogram", ""), "the other one as the older format, without")
    check(one.get("mpg_p_idle_seconds", ("",))[0] == "counter", "mpg_p_idle_seconds is a counter")
    same = eventually("both pages have the same series", counts)
    check(same, f"both have {len(same)} metrics, {int(sum(same.values()))} series")


def board(prometheus, values, missing):
    with open(f"{options.share}/grafana/mpgtop.json") as file:
        panels = json.load(file)
    variables = {v["name"]: v for v in panels["templating"]["list"] if v["type"] == "query"}

    def filled(text):
        for name, value in values.items():
            text = text.replace("$" + name, value)
        return text.replace("$__rate_interval", "10s")

    for name, variable in variables.items():
        match = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["definition"])
        found = prometheus.ask(f"label/{match[2]}/values", **{"match[]": filled(match[1])})
        check(found, f"variable {name}: {', '.join(found)}")
    asked = 0
    for panel in panels["panels"]:
        for target in panel.get("targets", []):
            expression = filled(target["expr"])
            if any(word in expression for word in missing):
                print(f"  skipped: {panel['title']}: {expression}")
                continue
            eventually(
                f"{panel['title']}: {expression} returns nothing",
                lambda: [v for _, v in prometheus.query(expression) if v == v])
            asked += 1
    check(asked > 30, f"{asked} queries of the board return data")


def rule_queries(prometheus, missing):
    """Every metric, window and part of the rules' expressions returns data: what is behind the last comparison."""
    groups = prometheus.ask("rules")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    asked = 0
    for rule in rules:
        check(rule["health"] == "ok", f"{rule['name']}: evaluated, {rule['evaluationTime'] * 1000:.1f} ms")
        for part in re.split(r"\s+and\s+", rule["query"]):
            left = re.sub(r"\s*(?:>|==)\s*(?:[-\d.]+|[\d.]+ \* .*)$", "", part.strip())
            if any(word in left for word in missing):
                print(f"  skipped: {left}")
                continue
            eventually(f"{rule['name']}: {left} returns nothing", lambda: prometheus.query(left))
            asked += 1
    check(asked >= len(rules) - len(missing), f"{asked} parts of {len(rules)} rules return data")


def quiet(prometheus, names):
    """For ten seconds on end nothing fires."""
    last = set()

    def still():
        nonlocal last
        for _ in range(10):
            last = prometheus.firing()
            if last:
                return False
            time.sleep(1)
        return True

    eventually(lambda: f"nothing fires; last: {last}", still, 240)
    check(True, f"nothing fires, beside light load on {names}")


def fires(prometheus, alert, name, provoke, seconds=120):
    """Provokes an alert, waits until it fires, stops, and waits until it is quiet again."""
    ends = provoke()
    began = time.monotonic()
    eventually(lambda: f"{alert} fires for {name}; now {prometheus.firing()}",
               lambda: (alert, name) in prometheus.firing(), seconds)
    took = time.monotonic() - began
    beside = sorted({a for a, n in prometheus.firing()} - {alert})
    for end in ends:
        end()
    eventually(lambda: f"{alert} is quiet again; now {prometheus.firing()}",
               lambda: (alert, name) not in prometheus.firing(), 120)
    check(True, f"{alert} fires for {name} after {took:.0f} s, and is quiet again"
          + (f"; beside it: {', '.join(beside)}" if beside else ""))


def held_up(program, web):
    """Stops the server for a while, again and again, under a flood of short Gs, so that rings are overwritten unread."""
    stopping = threading.Event()
    flood = web.load("spawn?n=2000", threads=4)

    def run():
        while not stopping.is_set():
            program.send_signal(signal.SIGSTOP)
            stopping.wait(4)
            program.send_signal(signal.SIGCONT)
            stopping.wait(3)
        program.send_signal(signal.SIGCONT)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def end():
        stopping.set()
        thread.join()
        flood.end()

    return [end]


def overload(web):
    """More requests that compute than there are CPUs for, whether earlier ones are answered or not."""
    load = start(
        f"{options.bin}/mpg-load", "-r", "400", "-c", "4000", "-d", "100s", "--timeout", "100s",
        f"http://127.0.0.1:{web.port}/cpu?ms=20", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end():
        load.kill()
        load.wait()

    return [end]


def damaged_region():
    """A process that lives, and a file that should be its region and is none."""
    path = f"{folder}/old"
    shutil.copy("/bin/sleep", path)
    program = start(path, "1000")
    eventually("it runs", lambda: os.readlink(f"/proc/{program.pid}/exe") == path)
    with open(f"/proc/{program.pid}/stat") as file:
        began = file.read().rsplit(")", 1)[1].split()[19]
    region = f"{folder}/run/mpg/{program.pid}-{began}.mpg"
    with open(region, "wb") as file:
        file.write(b"\7" * 8192)

    def end():
        program.kill()
        program.wait()
        os.unlink(region)

    return [end]


def main():
    print(subprocess.run(["prometheus", "--version"], text=True, capture_output=True).stdout.split("\n")[0])
    for words in (["check", "rules", "mpgtop.rules.yml"], ["test", "rules", "mpgtop.rules_test.yml"]):
        done = subprocess.run(
            ["promtool", *words], cwd=f"{options.share}/prometheus", text=True, capture_output=True)
        check(done.returncode == 0, f"promtool {' '.join(words)} has nothing to say: {done.stderr!r}")
    os.makedirs(f"{folder}/run")
    os.environ["XDG_RUNTIME_DIR"] = f"{folder}/run"
    web, calm = Demo("web"), Demo("calm")
    group = squeezed_group()
    squeezed = Demo("squeezed", group) if group else None
    has_go = os.path.exists(f"{folder}/crowd")
    if has_go:
        start(f"{folder}/crowd", "-storm", "2", "-sleep", "50", stdout=subprocess.DEVNULL)
    names = ["web", "calm", "squeezed", "crowd", "old"]
    only = [word for name in names for word in ("--only", name)]
    program, url, said = serve("--events", "--sites", *only)
    other, by_name, _ = serve("--by-name", "--only", "web")
    prometheus = Prometheus({
        "mpgtop": urllib.parse.urlsplit(url).netloc, "plain": plain_proxy(url),
        "name": urllib.parse.urlsplit(by_name).netloc})
    missing = [] if squeezed else ["mpg_cpu_quota"]
    light = [d.load(p, pause=0.05) for d in (web, calm) for p in ("pipeline?n=20", "spawn?n=20", "about", "sleep?ms=5")]
    print("formats")
    formats(prometheus, url)
    served = eventually(
        "all are served", lambda: len(prometheus.query('mpg_procs{job="mpgtop"}')) == 2 + bool(squeezed) + has_go)
    check(served, "each target has its labels: " + ", ".join(
        f"{m['name']} {m['pid']}" for m, _ in prometheus.query('mpg_target_up{job="mpgtop"}')))
    if has_go:
        count = 'mpg_run_latency_seconds_bucket{job="mpgtop",name="crowd",le="+Inf"}'
        eventually("the Go program has its run latency", lambda: prometheus.query(count)[0][1] > 1000)
        check(not prometheus.query('mpg_steals_total{name="crowd"}'), "the Go program has run latency, and no steals: not 0")
    print("board")
    values = {"job": "mpgtop", "name": "web|squeezed", "pid": f"{web.pid}|{squeezed.pid if squeezed else web.pid}"}
    busy = [squeezed.load("cpu?ms=5", pause=0.2)] if squeezed else []
    hogs = [web.load("hog?ms=30", pause=0.2)]
    board(prometheus, values, missing)
    print("rules")
    rule_queries(prometheus, missing)
    for load in busy + hogs:
        load.end()
    exemplars(prometheus)
    quiet(prometheus, "web and calm")
    fires(prometheus, "MpgHog", "web", lambda: [web.load("hog?ms=300", threads=2).end])
    fires(prometheus, "MpgRunLatencyHigh", "web", lambda: [web.load("hog?ms=300", threads=24).end])
    # More than the alert wants: some threads of the load before are still there, idle, and take the first of these calls.
    fires(prometheus, "MpgThreadsGrow", "web", lambda: [web.load("block?ms=15000", threads=100).end])
    fires(prometheus, "MpgSiteGrows", "web", lambda: [web.load("leak?n=20", pause=0.3).end])
    fires(prometheus, "MpgGlobalQueueGrows", "web", lambda: overload(web))
    fires(prometheus, "MpgEventsLost", "web", lambda: held_up(program, web))
    if squeezed:
        fires(prometheus, "MpgQuotaThrottles", "squeezed", lambda: [squeezed.load("cpu?ms=50").end])
    fires(prometheus, "MpgTargetUnreadable", "old", damaged_region)
    check(any("/old" in line or "old" in line or ".mpg" in line for line in said), f"and serve said why: {said[-1].strip()}")
    quiet(prometheus, "web and calm")
    print("restart")
    restart(prometheus, web)
    for load in light:
        load.end()
    for server in (program, other):
        server.send_signal(signal.SIGTERM)
        check(server.wait(10) == 0, "mpgtop serve ends well at SIGTERM")
    print("all as it is")


def exemplars(prometheus):
    def found():
        now = time.time()
        answer = prometheus.ask(
            "query_exemplars", query='mpg_run_latency_seconds_bucket{name="web",job="mpgtop"}', start=now - 120, end=now)
        return [e for series in answer for e in series["exemplars"] if "request" in e["labels"]]

    kept = eventually("Prometheus has an exemplar with a request", found)
    check(kept, f"{len(kept)} exemplars with requests, such as {kept[-1]['labels']} after {kept[-1]['value']} s")


def restart(prometheus, web):
    created = 'mpg_goroutines_created_total{job="%s",name="web"}'
    before = prometheus.query(created % "name")[0][1]
    web.end()
    eventually("the dead process has no samples", lambda: not prometheus.query(created % "mpgtop"))
    again = Demo("web")
    eventually("the new one has", lambda: prometheus.query(created % "mpgtop"))
    pids = {m["pid"] for m in prometheus.ask("series", **{"match[]": created % "mpgtop"})}
    check(pids == {web.pid, again.pid}, "with pids a restart is another series")
    eventually("the new one is served by name", lambda: 0 < (prometheus.query(created % "name") or [(0, 0)])[0][1] < before)
    resets = prometheus.query("resets(" + created % "name" + "[1m])")
    check([v for _, v in resets] == [1], "by name alone it is one series with one reset")
    rate = prometheus.query("rate(" + created % "name" + "[1m])")
    check(rate[0][1] >= 0, f"and its rate stays sound: {rate[0][1]:.1f} Gs a second")


signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
try:
    main()
finally:
    end_all()
