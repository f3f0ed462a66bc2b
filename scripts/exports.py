"""Checks mpgtop's exports with the programs that read them, on a demo server under load. See exports.sh."""
import argparse
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request

arguments = argparse.ArgumentParser()
for name in ("--bin", "--go", "--folder"):
    arguments.add_argument(name, required=True)
options = arguments.parse_args()
started = []


def check(holds, what):
    """Prints what holds; if it does not hold, ends the script with that line."""
    if not holds:
        raise SystemExit(f"exports.py: not so: {what}")
    print(f"  {what}")


def eventually(what, value, seconds=60):
    """Calls `value` until it returns something, and returns that."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            found = value()
        except OSError:
            found = None
        if found:
            return found
        time.sleep(0.1)
    raise SystemExit(f"exports.py: within {seconds} s: {what}")


def start(*words, **more):
    """Starts a program, which is killed when this script ends."""
    program = subprocess.Popen(words, text=True, **more)
    started.append(program)
    return program


def run(*words):
    """Runs a program, which must succeed. Returns its standard output."""
    done = subprocess.run(words, text=True, capture_output=True, timeout=300)
    if done.returncode != 0:
        raise SystemExit(f"exports.py: {words} ended with {done.returncode}: {done.stderr}{done.stdout[-500:]}")
    return done.stdout


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(url, accept=None):
    request = urllib.request.Request(url, headers={"Accept": accept} if accept else {})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read().decode(), answer.headers["Content-Type"]


def mpgtop(*words):
    return run(os.path.join(options.bin, "mpgtop"), *words)


def frames(*words):
    return [json.loads(line) for line in mpgtop(*words, "--json").splitlines()]


class Demo:
    """A demo server. Within a `with` block it is under load."""

    paths = ["spawn?n=300", "cpu?ms=20", "sleep?ms=20", "pipeline?n=50", "hog?ms=30", "block?ms=40", "about"]

    def __init__(self):
        self.port = free_port()
        self.program = start(os.path.join(options.bin, "mpg-demo"), "--port", str(self.port), stdout=subprocess.DEVNULL)
        self.pid = str(self.program.pid)
        self.stopping = threading.Event()
        eventually("the demo server answers", lambda: get(f"http://127.0.0.1:{self.port}/about"))

    def __enter__(self):
        self.stopping.clear()
        self.threads = [threading.Thread(target=self.load, args=(path,)) for path in self.paths]
        for thread in self.threads:
            thread.start()

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def load(self, path):
        while not self.stopping.is_set():
            get(f"http://127.0.0.1:{self.port}/{path}")


# Prometheus


def names_in_json(frame):
    """The values in a frame of mpgtop's JSON, each under the name of the Prometheus sample with the same value."""
    by_state, netpoll = frame["gs"]["by_state"], frame["netpoll"]
    values = {f'mpg_goroutines{{state="{s}"}}': by_state[s] for s in ("running", "runnable", "preempted", "syscall")}
    values |= {
        "mpg_procs": frame["procs"],
        "mpg_grq_goroutines": frame["grq"],
        "mpg_timers": frame["timers"],
        "mpg_goroutines_created_total": frame["gs"]["created"],
        "mpg_goroutines_exited_total": frame["gs"]["exited"],
        "mpg_switches_total": frame["switches"],
        "mpg_netpoll_goroutines": netpoll["parked"],
        "mpg_netpoll_descriptors": netpoll["fds"],
        "mpg_netpoll_wakeups_total": netpoll["wakeups"],
        "mpg_trace_events_total": frame["trace"]["events"],
        "mpg_trace_ring_bytes": frame["trace"]["bytes"],
    }
    for p in frame["ps"]:
        label = f'{{p="{p["id"]}"}}'
        values["mpg_lrq_goroutines" + label] = p["lrq"]
        values["mpg_p_switches_total" + label] = p["ticks"]
        values["mpg_p_steals_total" + label] = p["steals_in"]
        values["mpg_p_idle_seconds_total" + label] = p["idle_ns"] / 1e9
    return values


def prometheus(demo):
    print("Prometheus:", run("prometheus", "--version").split("\n")[0])
    serve = start(
        os.path.join(options.bin, "mpgtop"), "serve", "--prometheus", "127.0.0.1:0", demo.pid, stderr=subprocess.PIPE)
    url = re.search(r"http://\S+", serve.stderr.readline())[0]
    metrics = get(url, "text/plain")[0]
    lint = subprocess.run(["promtool", "check", "metrics"], input=metrics, text=True, capture_output=True)
    check(lint.returncode == 0 and not lint.stderr, f"promtool check metrics has nothing to say: {lint.stderr!r}")
    port = free_port()
    with open(f"{options.folder}/prometheus.yml", "w") as file:
        target = urllib.parse.urlsplit(url).netloc
        file.write(
            "global: {scrape_interval: 1s}\n"
            f'scrape_configs: [{{job_name: mpg, static_configs: [{{targets: ["{target}"]}}]}}]\n')
    start(
        "prometheus", f"--config.file={options.folder}/prometheus.yml", f"--web.listen-address=127.0.0.1:{port}",
        f"--storage.tsdb.path={options.folder}/tsdb", stderr=subprocess.DEVNULL)
    api = f"http://127.0.0.1:{port}/api/v1/"

    def query(expression):
        text = get(api + "query?" + urllib.parse.urlencode({"query": expression}))[0]
        return [(r["metric"], float(r["value"][1])) for r in json.loads(text)["data"]["result"]]

    eventually("Prometheus has scraped", lambda: query("mpg_procs"))
    with demo:
        time.sleep(2)
    before = frames(demo.pid, "-n", "1")[0]
    # Values that are scraped from here on must lie between those of the two frames, `before` and `after`.
    moment = before["uptime_ns"] / 1e9
    eventually("a scrape after that", lambda: any(v > moment for _, v in query("mpg_uptime_seconds")))
    scraped = {}
    for metric, value in query('{__name__=~"mpg_.*"}'):
        labels = {k: v for k, v in metric.items() if k not in ("__name__", "job", "instance")}
        text = "{" + ",".join(f'{k}="{v}"' for k, v in sorted(labels.items())) + "}" if labels else ""
        scraped[metric["__name__"] + text] = value
    after = frames(demo.pid, "-n", "1")[0]
    first, last = names_in_json(before), names_in_json(after)
    wrong = [
        f"{name}: {first[name]} ≤ {scraped.get(name)} ≤ {last[name]}" for name in first
        if not min(first[name], last[name]) <= scraped.get(name, -1) + 1e-9
        or not scraped[name] <= max(first[name], last[name]) + 1e-9]
    equal = sum(first[name] == scraped.get(name) for name in first)
    check(not wrong, f"{len(first)} values are mpgtop's ({equal} equal in all three, the rest between) {wrong}")
    text = get(api + "targets/metadata?" + urllib.parse.urlencode({"metric": "mpg_p_idle_seconds"}))[0]
    metadata = json.loads(text)["data"]
    check(
        [(m["type"], m["unit"]) for m in metadata] == [("counter", "seconds")],
        "it was read as OpenMetrics: Prometheus knows the unit of mpg_p_idle_seconds")
    check(query("up")[0][1] == 1 and len(scraped) > 80, f"{len(scraped)} series, and the target is up")
    serve.send_signal(signal.SIGTERM)
    check(serve.wait(10) == 0, "mpgtop serve ends well at SIGTERM")


# Go


def go_trace(path, created=None, exited=None):
    parsed = run(options.go, "tool", "trace", "-d=parsed", path)
    made = len(re.findall(r"GoID=\d+ NotExist->Runnable", parsed))
    ended = len(re.findall(r"GoID=\d+ Running->NotExist", parsed))
    generations = parsed.count(" Sync ") - 1
    check(
        "StateTransition" in parsed and (created is None or (made, ended) == (created, exited)),
        f"{os.path.basename(path)}: {parsed.count(chr(10))} lines, {generations} generations; "
        f"{made} Gs created, {ended} ended; mpgtop says {created}, {exited}")
    for reason in ("network", "sleep", "sync"):
        check(f'Running->Waiting Reason="{reason}"' in parsed, f"Gs wait for {reason}")


def go(recording, created, exited):
    print("Go:", run(options.go, "version").strip())
    path = f"{options.folder}/a.trace"
    mpgtop("export", "--go-trace", "-o", path, recording)
    go_trace(path, created, exited)
    address = f"127.0.0.1:{free_port()}"
    environment = os.environ | {"BROWSER": "true"}
    start(
        options.go, "tool", "trace", f"-http={address}", path, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        env=environment)
    page = eventually("go tool trace serves its pages", lambda: get(f"http://{address}/goroutines")[0])
    check("serve" in page, "its page of goroutines names the demo's functions")
    text = get(f"http://{address}/jsontrace")[0]
    check(len(json.loads(text)["traceEvents"]) > 1000, "its viewer gets the events")


# Perfetto


def unknown_fields(message, path=""):
    from google.protobuf.unknown_fields import UnknownFieldSet

    found = [f"{path}: field {field.field_number}" for field in UnknownFieldSet(message)]
    for descriptor, value in message.ListFields():
        if descriptor.message_type is not None:
            repeated = hasattr(value, "__len__")
            for part in value if repeated else [value]:
                found += unknown_fields(part, f"{path}.{descriptor.name}")
    return found


def perfetto(recording, created):
    from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace, TrackEvent

    print("Perfetto:")
    path = f"{options.folder}/a.pftrace"
    mpgtop("export", "--perfetto", "-o", path, recording)
    trace = Trace()
    with open(path, "rb") as file:
        trace.ParseFromString(file.read())
    check(not unknown_fields(trace), f"{len(trace.packet)} packets, and the schema knows every field of them")
    tracks, depth, last, flows, counters, gs = {}, {}, 0, {}, set(), 0
    for packet in trace.packet:
        if packet.HasField("track_descriptor"):
            descriptor = packet.track_descriptor
            assert descriptor.uuid not in tracks, "a track is described once"
            assert not descriptor.parent_uuid or descriptor.parent_uuid in tracks, "parents come first"
            tracks[descriptor.uuid] = descriptor
            gs += descriptor.name.startswith("G") and descriptor.name[1:2].isdigit()
            continue
        event = packet.track_event
        assert event.track_uuid in tracks, "events are on tracks that there are"
        assert packet.timestamp >= last, "times go forth"
        last = packet.timestamp
        is_begin, is_end = event.type == TrackEvent.TYPE_SLICE_BEGIN, event.type == TrackEvent.TYPE_SLICE_END
        depth[event.track_uuid] = depth.get(event.track_uuid, 0) + is_begin - is_end
        assert depth[event.track_uuid] in (0, 1), "slices begin and end by turns"
        for flow in event.flow_ids:
            flows[flow] = False
        for flow in event.terminating_flow_ids:
            assert flow in flows, "arrows that end have begun"
            flows[flow] = True
        if event.type == TrackEvent.TYPE_COUNTER:
            counters.add(tracks[event.track_uuid].name)
    names = [descriptor.name for descriptor in tracks.values()]
    check({"P0", "P1", "Processors (P)", "Threads (M)"} <= set(names), f"{len(tracks)} tracks, {gs} of Gs")
    check(gs >= min(created, 50_000), "every G has a track, up to 50,000")
    check({"GRQ", "LRQ of P0", "Gs running", "Gs waiting"} <= counters, f"counters: {', '.join(sorted(counters))}")
    check(sum(flows.values()) > 0.9 * len(flows) > 0, f"{len(flows)} arrows, {sum(flows.values())} end where a G ran")
    shell = shutil.which("trace_processor") or shutil.which("trace_processor_shell")
    if shell is None:
        print("  (no trace_processor on the PATH: not asked)")
        return
    query = f"{options.folder}/query.sql"
    with open(query, "w") as file:
        file.write("select count(*) from slice; select name, value from stats where severity='error' and value>0;")
    print(run(shell, "-q", query, path))


def main():
    demo = Demo()
    prometheus(demo)
    recording = f"{options.folder}/a.rec"
    with demo:
        mpgtop("record", "--for", "3s", "-o", recording, demo.pid)
        live = f"{options.folder}/live.trace"
        mpgtop("export", "--go-trace", "--for", "1s", "-o", live, demo.pid)
    history = frames("replay", recording)
    first, last = history[0]["gs"], history[-1]["gs"]
    created = last["created"] - first["created"]
    go(recording, created, last["exited"] - first["exited"])
    go_trace(live)
    perfetto(recording, created)
    demo.program.kill()
    demo.program.wait()
    dead = f"{options.folder}/dead.trace"
    mpgtop("export", "--go-trace", "-o", dead, demo.pid)
    go_trace(dead)
    print("all as it is")


try:
    main()
finally:
    for program in started:
        program.kill()
