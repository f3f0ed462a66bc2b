// The page of several targets: one text, in which each family comes once.
import Region
import Testing

@testable import Exports
@testable import Host
@testable import Inspector
@testable import Observed

@Suite("Metrics of several targets")
struct MetricsPageTests {
  /// A page with everything that there can be: a target with events, sites and a quota, one that samples, one that cannot be
  /// read.
  static func full(_ form: MetricsForm, hasPid: Bool = true) throws -> String {
    let region = RegionFixture()
    region.name = "web"
    region.count(.created, on: 0, by: 5)
    var first = TargetMetrics(try region.snapshot())
    first.snapshot.gs.tasks = 1
    for index in first.snapshot.ps.indices {
      first.snapshot.ps[index].gCache = .init(hits: 4, misses: 5)
      first.snapshot.ps[index].stackCache = .init(hits: 4, misses: 5)
    }
    first.events = events()
    first.labels = [7: "GET /slow"]
    var sites = SiteTally()
    sites.take([GoroutineRow(id: 1, entry: 3), GoroutineRow(id: 2, entry: 3), GoroutineRow(id: 3)]) { id in
      id == 3 ? "serve at Server.swift:4" : nil
    }
    first.sites = sites
    first.quota = CPUQuotaTotals(
      group: "/a", cpus: 0.5, periods: 10, throttled: 3, throttledTime: 1_500_000_000)
    var page = MetricsPage(form)
    page.add(first, TargetLabels(name: "web", pid: "1", hasPid: hasPid))
    page.add(sampled(), TargetLabels(name: "go", pid: "2", hasPid: hasPid))
    page.add(nil, TargetLabels(name: "old", pid: "3", hasPid: hasPid))
    var server = ServerMetrics()
    (server.leftOut, server.cpu) = (2, 1_500_000_000)
    return page.finished(server)
  }

  /// Three starts, after 50 µs, 50 µs and 7 ms; the last one is of a G that works for a request. Then it is preempted.
  private static func events() -> EventTally {
    var tally = EventTally()
    tally.note(Clock(ticks: 0, nanoseconds: 0, nanosecondsPerTick: 0.5))
    tally.take(
      [
        Record(.goStart, time: 10, m: 0, g: 1, arg: 100_000),
        Record(.goStart, time: 20, m: 0, g: 2, arg: 100_000),
        Record(.goLabel, time: 30, m: 0, g: 3, detail: 1, count: 7, arg: 1),
        Record(.goStart, time: 40, m: 0, g: 3, arg: 14_000_000), Record(.goPreempt, time: 50, m: 0, g: 3),
      ], at: 0, on: .p(0))
    return tally
  }

  /// What a Go program tells: no events, no steals, a histogram of its own.
  private static func sampled() -> TargetMetrics {
    var snapshot = Snapshot(target: .init(pid: 2, name: "go", bootTime: 1))
    (snapshot.time, snapshot.procs) = (2, 2)
    snapshot.trace.absence = "no events"
    var sampled = Snapshot.Sampled()
    sampled.runLatencyTotals = .init(
      ends: [64, 9_000, 120_000, 3_000_000_000], counts: [1, 2, 4, 8], beyond: 16)
    (sampled.mutexWait, sampled.stopsForGC, sampled.otherStops) = (2_500_000_000, 3, 4)
    (sampled.heapLive, sampled.heapGoal) = (1000, 2000)
    snapshot.sampled = sampled
    return TargetMetrics(snapshot)
  }

  @Test("each family comes once, and each series once, in both forms", arguments: [true, false])
  func parses(_ hasPid: Bool) throws {
    let open = try Exposition(Self.full(.openMetrics, hasPid: hasPid), isOpen: true)
    let plain = try Exposition(Self.full(.prometheus, hasPid: hasPid), isOpen: false)
    // Times that go on are others at each call.
    func lasting(_ page: Exposition) -> [Exposition.Sample] {
      page.samples.filter { !["mpg_uptime_seconds", "mpg_p_idle_seconds_total"].contains($0.name) }
    }
    let isSame = lasting(open) == lasting(plain)
    #expect(isSame)
    #expect(open.samples.count > 100)
    let own = open.samples.filter { !$0.name.hasPrefix("mpg_serve_") }
    for sample in own {
      let wantsPid = hasPid || sample.name == "mpg_target_info"
      let (name, pid) = (sample.labels["name"], sample.labels["pid"])
      #expect(name != nil)
      #expect((pid != nil) == wantsPid)
    }
  }

  @Test("each target tells what it knows, and nothing where it knows nothing")
  func values() throws {
    let page = try Exposition(Self.full(.openMetrics), isOpen: true)
    #expect(
      page.value("mpg_target_up", ["name": "web"]) == "1"
        && page.value("mpg_target_up", ["name": "old"]) == "0")
    #expect(page.samples.filter { $0.labels["name"] == "old" }.count == 1)
    #expect(page.value("mpg_goroutines_created_total", ["pid": "1"]) == "5")
    for name in [
      "mpg_goroutines_created_total", "mpg_steals_total", "mpg_trace_lost_events_total",
      "mpg_preemptions_total",
    ] {
      #expect(page.value(name, ["pid": "2"]) == nil, "\(name)")
    }
    #expect(page.value("mpg_site_goroutines", ["site": "serve at Server.swift:4"]) == "2")
    #expect(page.value("mpg_site_goroutines", ["site": SiteTally.unknown]) == "1")
    #expect(page.value("mpg_cpu_quota_throttled_seconds_total") == "1.500000000")
    #expect(page.value("mpg_cpu_quota_cpus") == "0.5" && page.value("mpg_serve_targets_left_out") == "2")
    #expect(page.value("mpg_mutex_wait_seconds_total") == "2.500000000")
  }

  @Test("the histogram adds up from bucket to bucket; a range of the other one counts where all of it fits")
  func histograms() throws {
    let page = try Exposition(Self.full(.openMetrics), isOpen: true)
    func bucket(_ pid: String, _ bound: String) -> String? {
      page.value("mpg_run_latency_seconds_bucket", ["pid": pid, "le": bound])
    }
    let first = ["0.00001", "0.0001", "0.005", "0.01", "+Inf"].map { bucket("1", $0) }
    #expect(first == ["0", "2", "2", "3", "3"])
    #expect(page.value("mpg_run_latency_seconds_sum", ["pid": "1"]) == "0.007100000")
    #expect(page.value("mpg_run_latency_seconds_count", ["pid": "1"]) == "3")
    let second = ["0.00001", "0.0001", "0.001", "2.5", "+Inf"].map { bucket("2", $0) }
    #expect(second == ["3", "3", "7", "7", "31"])
    #expect(page.value("mpg_run_latency_seconds_sum", ["pid": "2"]) == nil)
  }

  @Test("exemplars name the G and its request, in OpenMetrics alone")
  func exemplars() throws {
    let page = try Exposition(Self.full(.openMetrics), isOpen: true)
    let slow = try #require(
      page.samples.first { $0.labels["pid"] == "1" && $0.labels["le"] == "0.01" }?.exemplar)
    #expect(slow.labels == ["g": "3", "request": "GET /slow"] && slow.value == 0.007)
    #expect(slow.time < Double(wallClockNow()) / 1e9)
    let stopped = try #require(page.samples.first { $0.name == "mpg_preemptions_total" }?.exemplar)
    #expect(stopped.labels == ["g": "3", "request": "GET /slow"] && stopped.value == 1)
    #expect(!(try Self.full(.prometheus)).contains(" # "))
  }

  @Test("an exemplar's labels have at most 128 characters, however long the name of a request is")
  func longExemplar() throws {
    var target = Self.sampled()
    target.snapshot.sampled = nil
    target.events = Self.events()
    target.labels = [7: String(repeating: "é\"\n", count: 1000)]
    var page = MetricsPage(.openMetrics)
    page.add(target, TargetLabels(name: "a", pid: "1"))
    let text = page.finished(ServerMetrics())
    let exemplars = text.split(separator: "\n").filter { $0.hasPrefix("mpg_preemptions_total") }
    #expect(exemplars.count == 1)
    let labels = try #require(exemplars.first?.firstMatch(of: #/ # \{g="(\d+)",request="(.*)"\} 1 /#))
    let plain = labels.2.replacing("\\n", with: "n").replacing("\\\"", with: "q")
    let length = "g".count + labels.1.count + "request".count + plain.count
    #expect(length == 128)
  }

  @Test(
    "names that try to be something else stay values",
    arguments: [
      "a\"} 1\nmpg_procs{name=\"b", "\\", "\\\"", "\n# EOF\n", "a\u{0}b\r\tc\u{7F}", "", "\u{202E}é漢",
      "a,b=\"c\"",
      String(repeating: "\"", count: 10_000),
    ])
  func hostileNames(_ name: String) throws {
    for form in MetricsForm.allCases {
      var page = MetricsPage(form)
      var target = Self.sampled()
      var sites = SiteTally()
      sites.take([GoroutineRow(id: 1, entry: 5)]) { _ in name }
      target.sites = sites
      page.add(target, TargetLabels(name: name, pid: "1"))
      page.add(nil, TargetLabels(name: name, pid: name))
      let text = page.finished(ServerMetrics())
      let read = try Exposition(text, isOpen: form == .openMetrics)
      let kept = String(
        String.UnicodeScalarView(
          name.unicodeScalars.prefix(256).map { scalar in
            scalar.value < 0x20 && scalar != "\n" || scalar.value == 0x7F ? "\u{FFFD}" : scalar
          }))
      #expect(read.value("mpg_procs", ["name": kept]) == "2")
      #expect(read.value("mpg_site_goroutines", ["site": kept, "pid": "1"]) == "1")
    }
  }
}
