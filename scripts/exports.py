"""Checks mpgtop's exports with the programs that read them, on a demo server under load. See exports.sh."""
import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time
import urllib.parse
import urllib.request

from checking import check, end_started, eventually, fail, free_port, get, start

arguments = argparse.ArgumentParser()
for name in ("--bin", "--go", "--folder"):
    arguments.add_argument(name, required=True)
options = arguments.parse_args()


def run(*words):
    """Runs a program, which must succeed. Returns its standard output."""
    done = subprocess.run(words, text=True, capture_output=True, timeout=300)
    if done.returncode != 0:
        fail(f"{words} ended with {done.returncode}: {done.stderr}{done.stdout[-500:]}")
    return done.stdout


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
        labels = {k: v for k, v in metric.items() if k not in ("__name__", "job", "instance", "name", "pid")}
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


class Packets:
    """The packets of a Perfetto trace, whose order is checked: parents, times, begins and ends, arrows."""

    def __init__(self, path):
        from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace

        self.path, self.trace = path, Trace()
        with open(path, "rb") as file:
            self.trace.ParseFromString(file.read())
        check(not unknown_fields(self.trace), f"{len(self.trace.packet)} packets, and the schema knows every field of them")
        self.tracks, self.depth, self.flows, self.counters, self.gs, self.last = {}, {}, {}, set(), 0, 0
        for packet in self.trace.packet:
            if packet.HasField("track_descriptor"):
                self.describe(packet.track_descriptor)
            else:
                self.event(packet.timestamp, packet.track_event)
        self.names = [descriptor.name for descriptor in self.tracks.values()]

    def describe(self, descriptor):
        assert descriptor.uuid not in self.tracks, "a track is described once"
        assert not descriptor.parent_uuid or descriptor.parent_uuid in self.tracks, "parents come first"
        self.tracks[descriptor.uuid] = descriptor
        self.gs += bool(re.fullmatch(r"G\d+( .*)?", descriptor.name))

    def event(self, time, event):
        from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import TrackEvent

        assert event.track_uuid in self.tracks, "events are on tracks that there are"
        assert time >= self.last, "times go forth"
        self.last = time
        name = self.tracks[event.track_uuid].name
        is_begin, is_end = event.type == TrackEvent.TYPE_SLICE_BEGIN, event.type == TrackEvent.TYPE_SLICE_END
        self.depth[event.track_uuid] = self.depth.get(event.track_uuid, 0) + is_begin - is_end
        most = 1000 if name.endswith("regions") else 1
        assert 0 <= self.depth[event.track_uuid] <= most, "slices begin and end by turns; only regions lie in each other"
        for flow in event.flow_ids:
            self.flows[flow] = False
        for flow in event.terminating_flow_ids:
            assert flow in self.flows, "arrows that end have begun"
            self.flows[flow] = True
        if event.type == TrackEvent.TYPE_COUNTER:
            self.counters.add(name)

    def ask_trace_processor(self):
        """Every statistic above 0 is a fault: a missing parent or a dropped packet is only of severity `info` there."""
        shell = shutil.which("trace_processor") or shutil.which("trace_processor_shell")
        if shell is None:
            print("  (no trace_processor on the PATH: not asked)")
            return
        query = f"{options.folder}/query.sql"
        with open(query, "w") as file:
            file.write("select name, value from stats where value > 0 and name not like '%duration_ns';")
        said = run(shell, "-q", query, self.path)
        check(len(said.strip().splitlines()) <= 1, f"trace_processor has nothing to complain of: {said}")


def perfetto(recording, created):
    print("Perfetto:")
    path = f"{options.folder}/a.pftrace"
    mpgtop("export", "--perfetto", "-o", path, recording)
    packets = Packets(path)
    check({"P0", "P1", "Processors (P)", "Threads (M)"} <= set(packets.names), f"{len(packets.tracks)} tracks, {packets.gs} of Gs")
    check(packets.gs >= min(created, 50_000), "every G has a track, up to 50,000")
    counters = packets.counters
    check({"GRQ", "LRQ of P0", "Gs running", "Gs waiting"} <= counters, f"counters: {', '.join(sorted(counters))}")
    ended = sum(packets.flows.values())
    check(ended > 0.9 * len(packets.flows) > 0, f"{len(packets.flows)} arrows, {ended} end where a G ran")
    packets.ask_trace_processor()


def traces_of_go():
    print("Go traces:")
    kept = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../Tests/GoTraceTests/Fixtures")
    for name in ("every-1.22.10", "long-1.27.3"):
        source = f"{kept}/{name}.trace"
        path = f"{options.folder}/{name}.pftrace"
        mpgtop("export", "--perfetto", "-o", path, source)
        packets = Packets(path)
        check(not any(packets.depth.values()), f"{name}: {packets.gs} tracks of Gs, and each slice that begins ends")
        packets.ask_trace_processor()
        for words in (["export", "--go-trace"], ["scrub"]):
            copy = f"{options.folder}/{name}-{words[0]}.trace"
            mpgtop(*words, "-o", copy, source)
            lines = run(options.go, "tool", "trace", "-d=parsed", copy).count("StateTransition")
            check(lines == run(options.go, "tool", "trace", "-d=parsed", source).count("StateTransition") > 100,
                  f"{name}: go tool trace finds {lines} transitions in the copy of {words[0]}, as many as in the trace")
        for kind, theirs in (("sched", "sched"), ("block", "sync"), ("syscall", "syscall"), ("net", "net")):
            ours = f"{options.folder}/ours.pprof"
            mpgtop("export", "--force", "--pprof", kind, "-o", ours, source)
            with open(f"{options.folder}/theirs.pprof", "wb") as file:
                subprocess.run([options.go, "tool", "trace", f"-pprof={theirs}", source], stdout=file, check=True)
            sums = [sum_of_profile(run(options.go, "tool", "pprof", "-raw", path))
                    for path in (ours, f"{options.folder}/theirs.pprof")]
            check(sums[0] == sums[1], f"{name}: the profile {kind} has {sums[0][0]} waits of {sums[0][1]} ns, as Go's own")


def sum_of_profile(raw):
    found = re.findall(r"^ *(\d+) +(\d+): ", raw, re.MULTILINE)
    return sum(int(count) for count, _ in found), sum(int(time) for _, time in found)


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
    traces_of_go()
    demo.program.kill()
    demo.program.wait()
    dead = f"{options.folder}/dead.trace"
    mpgtop("export", "--go-trace", "-o", dead, demo.pid)
    go_trace(dead)
    print("all as it is")


try:
    main()
finally:
    end_started()
