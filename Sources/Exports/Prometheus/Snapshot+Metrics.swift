// A snapshot as metrics for Prometheus. docs/exports.md says what each family means, and a test checks that page
// against this file.
//
// The number of lines depends on the number of Ps and on the vocabulary of states, never on Gs, Ms or names.
// So a server that spawns a million Gs has as many series as an idle one.
import History
import Insight
import Observed
import Region

extension Snapshot {
  /// All gauges and counters as text for a scraper. The only name in it is that of the target's executable.
  public func metrics(_ form: MetricsForm) -> String {
    var text = MetricsText(form)
    write(to: &text, [("pid", "\(target.pid)"), ("name", target.name)])
    return text.finished
  }

  /// Adds all gauges and counters to a text.
  ///
  /// - Parameter identity: the labels of `mpg_target_info` beyond those that all samples of this target have.
  func write(to text: inout MetricsText, _ identity: [MetricsText.Label]) {
    writeTarget(to: &text, identity)
    writeGoroutines(to: &text)
    writeScheduling(to: &text)
    writeProcessors(to: &text)
    writeThreads(to: &text)
    writeNetpoll(to: &text)
    writeTrace(to: &text)
  }

  private func writeTarget(to text: inout MetricsText, _ identity: [MetricsText.Label]) {
    var info = MetricsText.Sample(1)
    info.labels = identity
    text.family("mpg_target", .info, "Which process this is.", [info])
    text.gauge(
      "mpg_uptime_seconds", unit: "seconds", "Time since it booted.", .init(known: knownUptime, inSeconds: ())
    )
    text.gauge("mpg_procs", "Ps that Gs may run on (GOMAXPROCS).", .init(procs))
    text.gauge(
      "mpg_snapshot_consistent", "Whether all of this was read at one instant: 1, or 0.",
      .init(isConsistent ? 1 : 0))
  }

  private func writeGoroutines(to text: inout MetricsText) {
    let states = [
      ("running", gs.running), ("runnable", gs.runnable), ("preempted", gs.preempted),
      ("syscall", gs.syscall), ("waiting", gs.waiting.values.reduce(0, &+)),
    ]
    text.family(
      "mpg_goroutines", .gauge, "Live Gs by state.", states.map { .init($0.1, ("state", $0.0)) })
    text.family(
      "mpg_goroutines_waiting", .gauge, "Parked Gs by what they wait for.",
      WaitReason.allCases.map { .init(gs.waiting[$0] ?? 0, ("reason", "\($0)")) })
    text.counter("mpg_goroutines_created", "Gs created.", .init(known: gs.created))
    text.counter("mpg_goroutines_exited", "Gs that have ended.", .init(known: gs.exited))
    if let tasks = gs.tasks {
      text.gauge("mpg_swift_task_goroutines", "Live Gs that run a job of a Swift Task.", .init(tasks))
    }
  }

  private func writeScheduling(to text: inout MetricsText) {
    text.gauge("mpg_grq_goroutines", "Gs on the global run queue.", .init(known: grq))
    text.gauge(
      "mpg_grq_max_goroutines", "The most Gs on the global run queue in the last minute.",
      .init(known: grqMax))
    text.counter("mpg_switches", "Gs started: context switches into Gs.", .init(known: switches))
    text.counter(
      "mpg_steals", "Times that a P stole from another.", .init(known: totalSteals))
    text.counter(
      "mpg_steal_tries", "Attempts to steal, hits and misses.",
      .init(known: total(\.stealTries, \.stealTries)))
    text.counter(
      "mpg_stolen_goroutines", "Gs that were stolen.", .init(known: total(\.stolenGs, \.stolenGs)))
    text.gauge("mpg_timers", "Timers armed.", .init(known: timers))
    text.family(
      "mpg_shortages", .counter, "Times that the system had no more of something.",
      [
        ("accept", shortages.accept), ("stack", shortages.stack), ("thread", shortages.thread),
        ("region", shortages.region),
      ].compactMap { name, count in count.map { .init($0, ("of", name)) } })
  }

  private func writeProcessors(to text: inout MetricsText) {
    // A damaged region may claim more Ps than there can be. Only as many as there can be are written.
    let ps = ps.prefix(Capacity.ps)
    text.family(
      "mpg_processors", .gauge, "Ps by status.",
      PStatus.allCases.map { status in
        .init(ps.count { $0.status == status }, ("status", "\(status)"))
      })
    func perP(
      _ name: String, _ kind: MetricsText.Kind, unit: String? = nil, _ help: String,
      _ value: (P) -> UInt64?
    ) {
      let samples = ps.compactMap { p in
        value(p).map { value in
          let label = (name: "p", value: "\(p.id)")
          return unit == "seconds"
            ? MetricsText.Sample(nanoseconds: value, label) : MetricsText.Sample(value, label)
        }
      }
      text.family(name, kind, unit: unit, help, samples)
    }
    perP("mpg_lrq_goroutines", .gauge, "Gs in the local run queue, without runnext.") {
      $0.lrq.map { UInt64(clamping: $0) }
    }
    perP("mpg_lrq_max_goroutines", .gauge, "The most Gs in the local run queue in the last minute.") {
      $0.lrqMax.map { UInt64(clamping: $0) }
    }
    perP("mpg_p_runnext", .gauge, "Whether runnext holds a G: 1, or 0.") {
      $0.runnext.map { $0 ? 1 : 0 }
    }
    perP("mpg_p_switches", .counter, "Gs started on this P.", \.ticks)
    perP("mpg_p_steals", .counter, "Successful steals by this P.", \.stealsIn)
    perP("mpg_p_stolen_from", .counter, "Successful steals from this P.", \.stealsOut)
    perP("mpg_p_idle_seconds", .counter, unit: "seconds", "Time without an M.", \.idleTime)
    perP("mpg_p_spinning_seconds", .counter, unit: "seconds", "Time its M searched for work.", \.spinTime)
    perP("mpg_p_call_seconds", .counter, unit: "seconds", "Time its M was in a system call.", \.callTime)
    perP(
      "mpg_p_running_seconds", .counter, unit: "seconds", "Time a G ran, or its M was between two.", \.runTime
    )
    writeCaches(ps, to: &text)
  }

  private func writeCaches(_ ps: some Sequence<P>, to text: inout MetricsText) {
    var samples: [MetricsText.Sample] = []
    for p in ps {
      for (name, cache) in [("descriptor", p.gCache), ("stack", p.stackCache)] {
        guard let cache else { continue }
        for (result, count) in [("hit", cache.hits), ("miss", cache.misses)] {
          samples.append(.init(count, ("p", "\(p.id)"), ("cache", name), ("result", result)))
        }
      }
    }
    text.family(
      "mpg_p_cache_requests", .counter, "Descriptors and stacks for new Gs asked of the P's caches.", samples)
  }

  private func writeThreads(to text: inout MetricsText) {
    text.family(
      "mpg_threads", .gauge, "Ms by state.",
      MState.allCases.filter { $0 != .none }.map { state in
        .init(ms.count { $0.state == state }, ("state", "\(state)"))
      })
  }

  private func writeNetpoll(to text: inout MetricsText) {
    text.gauge("mpg_netpoll_goroutines", "Gs parked until a socket is ready.", .init(netpoll.parked))
    text.gauge("mpg_netpoll_descriptors", "Descriptors registered.", .init(known: netpoll.fds))
    text.counter("mpg_netpoll_wakeups", "Polls that found a descriptor ready.", .init(known: netpoll.wakeups))
    text.counter(
      "mpg_netpoll_readied_goroutines", "Gs made runnable by polls.", .init(known: netpoll.readied))
    // An older target does not count watches that were set up anew; then this family has no samples.
    text.family(
      "mpg_netpoll_rearms", .counter, "Watches that had to be set up anew.",
      netpoll.rearms.map { [.init($0)] } ?? [])
    text.family(
      "mpg_netpoll_sysmon_polls", .counter, "Polls made by sysmon because nobody else had.",
      netpoll.sysmonPolls.map { [.init($0)] } ?? [])
  }

  private func writeTrace(to text: inout MetricsText) {
    text.gauge(
      "mpg_trace_enabled", "Whether events are written: 1, or 0.", .init(trace.enabled ? 1 : 0))
    text.counter("mpg_trace_events", "Events written to the rings.", .init(known: trace.events))
    text.gauge(
      "mpg_trace_ring_bytes", unit: "bytes", "Memory that the rings take.", .init(known: trace.bytes))
  }
}
