// One answer to a scraper: the metrics of any number of targets, and of the server itself.
//
// Each target's samples have the labels `name` and `pid`, so that a restart makes new series; or `name` alone, so that a restart
// is a counter that falls, which Prometheus takes for a reset. Two targets never have the same labels: the server sees to that.
import Host
import Observed
import Region

/// What one target tells a scraper. A plain value.
package struct TargetMetrics: Sendable {
  /// The gauges and counters of the moment.
  package var snapshot: Snapshot
  /// What was counted from events; nil: events are not read, or there are none.
  package var events: EventTally?
  /// The names in the events' exemplars, by string id.
  package var labels: [UInt32: String] = [:]
  /// The Gs by place; nil: no table of Gs was read.
  package var sites: SiteTally?
  /// What the control group of the process allows, and what it took; nil: there is no limit, or it cannot be seen.
  package var quota: CPUQuotaTotals?

  package init(_ snapshot: Snapshot) { self.snapshot = snapshot }
}

/// The labels by which samples name their target.
package struct TargetLabels: Sendable, Hashable {
  /// The executable's name.
  package var name: String
  /// The process as a text, mostly its pid.
  package var pid: String
  /// Whether samples have the label `pid`.
  package var hasPid: Bool

  package init(name: String, pid: String, hasPid: Bool = true) {
    (self.name, self.pid, self.hasPid) = (name, pid, hasPid)
  }

  fileprivate var all: [MetricsText.Label] {
    hasPid ? [("name", name), ("pid", pid)] : [("name", name)]
  }
}

/// What the server tells of itself.
package struct ServerMetrics: Sendable {
  /// Targets that were found but are not served, because there are more than the server takes.
  package var leftOut = 0
  /// The CPU time of the server since it began, in nanoseconds.
  package var cpu: UInt64 = 0

  package init() {}
}

/// A page of metrics that grows target by target.
package struct MetricsPage {
  private var text: MetricsText

  package init(_ form: MetricsForm) { text = MetricsText(form) }

  /// Adds what a target tells; nil: it was found, but could not be read for this page.
  package mutating func add(_ target: TargetMetrics?, _ labels: TargetLabels) {
    text.begin(labels.all)
    text.gauge(
      "mpg_target_up", "Whether the target could be read for this page: 1, or 0.",
      .init(target == nil ? 0 : 1))
    guard let target else { return }
    target.snapshot.write(to: &text, labels.hasPid ? [] : [("pid", labels.pid)])
    if let events = target.events { write(events, target) }
    writeSampled(target.snapshot)
    if let sites = target.sites { write(sites) }
    if let quota = target.quota { write(quota) }
  }

  /// Returns the whole page, with the server's own metrics at its end.
  package mutating func finished(_ server: ServerMetrics) -> String {
    text.begin([])
    text.gauge(
      "mpg_serve_targets_left_out", "Targets that were found but are not served, because there are too many.",
      .init(server.leftOut))
    text.counter(
      "mpg_serve_cpu_seconds", unit: "seconds", "CPU time that this server has taken.",
      .init(nanoseconds: server.cpu))
    return text.finished
  }

  private static let latency = (
    name: "mpg_run_latency_seconds", help: "How long Gs were ready before they ran."
  )

  private mutating func write(_ events: EventTally, _ target: TargetMetrics) {
    let now = (wall: wallClockNow(), monotonic: monotonicNow())
    func exemplar(_ kept: EventTally.Exemplar?, _ value: (UInt64) -> String) -> MetricsText.Exemplar? {
      guard let kept, now.monotonic >= kept.time else { return nil }
      let request = target.labels[kept.label].map { [(name: "request", value: $0)] } ?? []
      return MetricsText.Exemplar(
        labels: [(name: "g", value: "\(kept.g)")] + request, value: value(kept.value),
        time: MetricsText.seconds(now.wall &- (now.monotonic - kept.time)))
    }
    var total: UInt64 = 0
    var samples: [MetricsText.Sample] = []
    for (index, count) in events.counts.enumerated() {
      total &+= count
      let bound = index < EventTally.bounds.count ? Self.bound(EventTally.bounds[index]) : "+Inf"
      let kept = exemplar(events.exemplars[index], MetricsText.seconds)
      samples.append(.init(printed: "\(total)", suffix: "_bucket", ("le", bound), exemplar: kept))
    }
    samples.append(.init(printed: "\(total)", suffix: "_count"))
    samples.append(.init(printed: MetricsText.seconds(events.sum), suffix: "_sum"))
    text.family(Self.latency.name, .histogram, unit: "seconds", Self.latency.help, samples)
    let preempted = exemplar(events.preempted) { "\($0)" }
    text.counter(
      "mpg_preemptions", "Times that a G was stopped because it ran too long.",
      .init(printed: "\(events.preemptions)", exemplar: preempted))
    text.counter(
      "mpg_trace_lost_events", "Events that were overwritten before this server had read them.",
      .init(known: target.snapshot.trace.lost))
  }

  /// Writes what only a source that samples tells. The source's histogram has ranges of its own. A range counts in the
  /// first bucket that has room for all of it, so a length may count in too high a bucket, but never in too low a one.
  private mutating func writeSampled(_ snapshot: Snapshot) {
    guard let sampled = snapshot.sampled else { return }
    if let ranges = sampled.runLatencyTotals {
      var samples: [MetricsText.Sample] = []
      for bound in EventTally.bounds {
        let count = zip(ranges.ends, ranges.counts).reduce(0) { $1.0 <= bound ? $0 &+ $1.1 : $0 }
        samples.append(.init(printed: "\(count)", suffix: "_bucket", ("le", Self.bound(bound))))
      }
      // The sum of all lengths is not known, and the format wants sum and count to come together.
      let all = ranges.counts.reduce(ranges.beyond, &+)
      samples.append(.init(printed: "\(all)", suffix: "_bucket", ("le", "+Inf")))
      text.family(Self.latency.name, .histogram, unit: "seconds", Self.latency.help, samples)
    }
    text.counter(
      "mpg_mutex_wait_seconds", unit: "seconds", "How long Gs have waited for mutexes, all together.",
      .init(known: sampled.mutexWait, inSeconds: ()))
    text.family(
      "mpg_world_stops", .counter, "Times that the world was stopped.",
      [("gc", sampled.stopsForGC), ("other", sampled.otherStops)].compactMap { name, count in
        .init(known: count, ("for", name))
      })
    text.gauge("mpg_heap_live_bytes", unit: "bytes", "Size of the live heap.", .init(known: sampled.heapLive))
    text.gauge(
      "mpg_heap_goal_bytes", unit: "bytes", "Size of the heap at which the next collection is to end.",
      .init(known: sampled.heapGoal))
  }

  private mutating func write(_ sites: SiteTally) {
    text.family(
      "mpg_site_goroutines", .gauge, "Live Gs by the place where they were spawned.",
      sites.counts.map { .init($0.gs, ("site", $0.name)) })
  }

  private mutating func write(_ quota: CPUQuotaTotals) {
    text.gauge(
      "mpg_cpu_quota_cpus", "CPUs that the process's control group may use.", .init(printed: "\(quota.cpus)"))
    text.counter(
      "mpg_cpu_quota_periods", "Periods of the quota in which threads of the group wanted to run.",
      .init(known: quota.periods))
    text.counter(
      "mpg_cpu_quota_throttled_periods", "Periods in which all threads of the group were stopped.",
      .init(known: quota.throttled))
    text.counter(
      "mpg_cpu_quota_throttled_seconds", unit: "seconds", "Time for which threads of the group were stopped.",
      .init(known: quota.throttledTime, inSeconds: ()))
  }

  /// A bound in seconds, as Prometheus itself prints it: `0.0025`, `1.0`.
  static func bound(_ nanoseconds: UInt64) -> String {
    var text = MetricsText.seconds(nanoseconds)
    while text.hasSuffix("0"), !text.hasSuffix(".0") { text.removeLast() }
    return text
  }
}
