"""Stores the numbers of a benchmark run and prints them as tables in Markdown: median (min–max), and ratios."""
import collections
import json
import statistics
import time


def short(value):
    """A number with about three significant digits."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def cell(values):
    if not values:
        return "–"
    return f"{short(statistics.median(values))} ({short(min(values))}–{short(max(values))})"


def ratio(mine, theirs):
    """Median (min–max) of the rounds' ratios mine / theirs."""
    ratios = [a / b for a, b in zip(mine or [], theirs or []) if b]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})" if ratios else "–"


def median(values):
    return short(statistics.median(values)) if values else "–"


def added(mine, base):
    """By how many percent the median of mine is above the median of base."""
    if not mine or not base or not statistics.median(base):
        return "–"
    return f"{(statistics.median(mine) / statistics.median(base) - 1) * 100:+.1f} %"


def table(title, head, rows):
    if not rows:
        return
    print(f"\n### {title}\n")
    print("| " + " | ".join(head) + " |")
    print("|" + " --- |" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")


def cpu_key(key):
    """`ring/P1` → `ring.cpu/P1`."""
    name, _, procs = key.partition("/")
    return f"{name}.cpu/{procs}"


class Results:
    def __init__(self, raw):
        self.values = collections.defaultdict(lambda: collections.defaultdict(list))  # who → key → numbers
        self.units = {}
        self.http = collections.defaultdict(lambda: collections.defaultdict(list))  # (who, connections) → field
        self.raw = open(raw, "w", encoding="utf-8") if raw else None

    def keep(self, *fields):
        if self.raw:
            print(*fields, file=self.raw, flush=True)

    def add_line(self, who, line):
        parts = line.split()
        if len(parts) == 3:
            self.values[who][parts[0]].append(float(parts[1]))
            self.units.setdefault(parts[0], parts[2])
            self.keep(who, line)

    def add_http(self, who, connections, **fields):
        for name, value in fields.items():
            self.http[(who, connections)][name].append(value)
        self.keep(who, f"http-{connections}", fields)

    def write_json(self, folder, **about):
        """Writes every number to a new file in `folder`, and returns its path."""
        folder.mkdir(parents=True, exist_ok=True)
        now = time.gmtime()
        path = folder / time.strftime("%Y-%m-%dT%H%M%SZ.json", now)
        http = [{"who": who, "connections": connections, **fields} for (who, connections), fields in self.http.items()]
        everything = {"when": time.strftime("%Y-%m-%dT%H:%M:%SZ", now), **about, "units": self.units,
                      "values": self.values, "http": http}
        path.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
        return path

    def print_tables(self):
        self.print_scheduler()
        self.print_tracing()
        self.print_http()

    def print_scheduler(self):
        ours, go, tokio, tasks = (self.values[who] for who in ["ours", "go", "tokio", "tasks"])
        # The CPU time of a measure is a column in the row of its wall time. Without a wall time it has a row of its own.
        known = {**ours, **go}
        keys = [key for key in known if ".cpu/" not in key or key.replace(".cpu/", "/") not in known]
        rows = []
        for key in keys:
            cpu = cpu_key(key)
            peers = [f"{median(peer[key])} · {median(peer[cpu])}" if peer[key] else "–" for peer in [tokio, tasks]]
            rows.append([key, self.units[key], cell(ours[key]), cell(go[key]), ratio(ours[key], go[key]),
                         cell(ours[cpu]), cell(go[cpu]), ratio(ours[cpu], go[cpu]), *peers])
        table("Scheduler", ["measure/P", "unit", "ours", "Go", "ours/Go", "ours, CPU", "Go, CPU", "ours/Go, CPU",
                            "tokio, wall · CPU", "Swift tasks, wall · CPU"], rows)

    def print_tracing(self):
        """Shows CPU times only: with one P, the wall time would include what other processes took of the CPU."""
        off, on, attached = self.values["off"], self.values["on"], self.values["attached"]
        rows = [[key, cell(off[key]), cell(on[key]), added(on[key], off[key]),
                 cell(attached[key]), added(attached[key], off[key])]
                for key in off if ".cpu/" in key]
        table("Tracing, CPU ns/op", ["measure/P", "off", "on", "", "on, mpgtop attached", ""], rows)

    def print_http(self):
        names = {"ours": "ours", "off": "ours, tracing off", "attached": "ours, mpgtop attached", "go": "Go",
                 "nio": "SwiftNIO"}
        rows = []
        for who, connections in sorted(self.http, key=lambda key: key[1]):
            mine, go = self.http[(who, connections)], self.http[("go", connections)]
            rows.append([str(connections), names[who], cell(mine["rate"]), ratio(mine["rate"], go["rate"]),
                         cell(mine["p99"]), cell(mine["cpu"]), ratio(mine["cpu"], go["cpu"]), cell(mine["memory"]),
                         str(sum(mine["errors"]))])
        table("Hello World over HTTP, wrk on the same cores",
              ["connections", "server", "requests/s", "/Go", "p99 us", "server CPU us/request", "/Go",
               "bytes/connection", "errors"], rows)
