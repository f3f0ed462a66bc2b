// A frame as one line of JSON. docs/json.md says what each key means, and a test holds the two together.
import Insight
import Observed
import Region

extension Frame {
  /// The name and version of the format: `mpgtop/1`. Keys are only ever added to a version.
  public static let jsonSchema = "mpgtop/1"

  /// The frame as one JSON object, without a line break. Keys come in a fixed order.
  public var json: String {
    var json = JSONText()
    json.object { json in
      writeHead(to: &json)
      json.member("ps", array: { writePs(to: &$0) })
      json.member("retired", object: { snapshot.writeRetired(to: &$0) })
      json.member("ms", array: { json in for m in snapshot.ms { m.write(to: &json) } })
      json.member("gs", object: { snapshot.gs.writeMembers(to: &$0, inHands: snapshot.inHands) })
      json.member("netpoll", object: { snapshot.netpoll.writeMembers(to: &$0) })
      json.member("trace", object: { snapshot.trace.writeMembers(to: &$0) })
      json.member("shortages", object: { snapshot.shortages.writeMembers(to: &$0) })
      json.key("pace")
      if let pace = snapshot.pace { json.object { pace.writeMembers(to: &$0) } } else { json.null() }
      json.member("rules", object: { snapshot.ruleNumbers.writeMembers(to: &$0) })
      json.member("boot", object: { snapshot.boot.writeMembers(to: &$0) })
      json.member("rates", object: { writeRates(to: &$0) })
      json.key("instruments")
      if let instruments { json.object { instruments.writeMembers(to: &$0) } } else { json.null() }
      json.member("sampled", object: { snapshot.sampled.writeMembers(to: &$0) })
      json.key("past")
      if let past { json.object { past.writeMembers(to: &$0) } } else { json.null() }
      json.key("gap")
      if let gap {
        json.object {
          $0.member("from_ns", gap.from)
          $0.member("to_ns", gap.to)
        }
      } else {
        json.null()
      }
      json.member("doubt", doubt)
      json.member("ended", ended)
    }
    return json.text
  }

  private func writeHead(to json: inout JSONText) {
    json.member("schema", Self.jsonSchema)
    json.member("pid", snapshot.target.knownPid)
    json.member("name", snapshot.target.name)
    json.member("state", "\(snapshot.target.state)")
    json.member("t_ns", snapshot.time)
    json.member("uptime_ns", snapshot.knownUptime)
    json.member("procs", snapshot.procs)
    json.member("consistent", snapshot.isConsistent)
    json.member("grq", snapshot.grq)
    json.member("grq_max", snapshot.grqMax)
    json.member("queue_age_ns", snapshot.queueAge)
    json.member("timers", snapshot.timers)
    json.member("switches", snapshot.switches)
  }

  private func writePs(to json: inout JSONText) {
    for (index, p) in snapshot.ps.enumerated() {
      p.write(to: &json, use: use(ofRow: index))
    }
  }

  private func writeRates(to json: inout JSONText) {
    json.member("switches_per_s", switchesPerSecond)
    json.member("steals_per_s", stealsPerSecond)
    json.member("spawns_per_s", spawnsPerSecond)
    json.member("wakeups_per_s", wakeupsPerSecond)
    json.member("events_per_s", eventsPerSecond)
    json.member("mutex_wait_s_per_s", mutexWaiters)
  }
}

extension Snapshot.P {
  fileprivate func write(to json: inout JSONText, use: PUse?) {
    json.object { json in
      json.member("id", id)
      json.member("status", "\(status)")
      json.member("m", m)
      json.member("g", g)
      json.member("entry", entry)
      json.member("lrq", lrq)
      json.member("lrq_max", lrqMax)
      json.member("runnext", runnext)
      json.member("ticks", ticks)
      json.member("steals_in", stealsIn)
      json.member("steals_out", stealsOut)
      json.member("stolen_gs", stolenGs)
      json.member("steal_tries", stealTries)
      json.member("idle_ns", idleTime)
      json.member("spin_ns", spinTime)
      json.member("call_ns", callTime)
      json.member("run_ns", runTime)
      json.member("g_cache_hits", gCache?.hits)
      json.member("g_cache_misses", gCache?.misses)
      json.member("stack_cache_hits", stackCache?.hits)
      json.member("stack_cache_misses", stackCache?.misses)
      json.key("utilization")
      if let use { json.value(use.share(\.running), decimals: 3) } else { json.null() }
      json.member("use", object: { use.writeMembers(to: &$0) })
      json.key("lrq_mean")
      if let lrqMean { json.value(lrqMean, decimals: 3) } else { json.null() }
      json.member("calls", calls)
    }
  }
}

extension PUse? {
  fileprivate func writeMembers(to json: inout JSONText) {
    json.member("window_ns", self?.window)
    json.member("running_ns", self?.running)
    json.member("calls_ns", self?.calls)
    json.member("searching_ns", self?.searching)
    json.member("idle_ns", self?.idle)
  }
}

extension Snapshot {
  fileprivate func writeRetired(to json: inout JSONText) {
    json.member("ps", retired?.ps)
    json.member("ticks", retired?.ticks)
    json.member("steals_in", retired?.stealsIn)
    json.member("steals_out", retired?.stealsOut)
    json.member("stolen_gs", retired?.stolenGs)
    json.member("steal_tries", retired?.stealTries)
  }
}

extension Snapshot.M {
  fileprivate func write(to json: inout JSONText) {
    json.object { json in
      json.member("id", id)
      json.member("tid", tid)
      json.member("state", "\(state)")
      json.member("p", p)
      json.member("g", g)
      json.member("locked", locked)
      json.member("calls_to_c", callsToC)
    }
  }
}

extension Snapshot.Gs {
  fileprivate func writeMembers(to json: inout JSONText, inHands: Int?) {
    json.member("live", live)
    json.member("created", created)
    json.member("exited", exited)
    json.member(
      "by_state",
      object: { json in
        json.member("running", running)
        json.member("runnable", runnable)
        json.member("preempted", preempted)
        json.member("syscall", syscall)
        for group in WaitGroupName.allCases { json.member(group.rawValue, waiting(in: group)) }
      })
    json.member("in_hands", inHands)
    json.member("tasks", tasks)
    json.member("stackless", stackless)
  }
}

extension Snapshot.Netpoll {
  fileprivate func writeMembers(to json: inout JSONText) {
    json.member("parked", parked)
    json.member("fds", fds)
    json.member("wakeups", wakeups)
    json.member("readied", readied)
    json.member("backend", backend.map { "\($0)" })
    json.member("rearms", rearms)
    json.member("sysmon_polls", sysmonPolls)
  }
}

extension Snapshot.Boot {
  fileprivate func writeMembers(to json: inout JSONText) {
    json.member("start_ns", start)
    json.member("region_ns", self[.region])
    json.member("procs_ns", self[.procs])
    json.member("m0_ns", self[.m0])
    json.member("sysmon_ns", self[.sysmon])
    json.member("gc_ns", self[.gc])
    json.member("netpoll_ns", self[.netpoll])
    json.member("main_g_ns", self[.mainG])
    json.member("main_ns", self[.main])
  }
}

extension Snapshot.Shortages {
  fileprivate func writeMembers(to json: inout JSONText) {
    json.member("accept", accept)
    json.member("stack", stack)
    json.member("thread", thread)
    json.member("region", region)
  }
}

extension Snapshot.Trace {
  fileprivate func writeMembers(to json: inout JSONText) {
    json.member("enabled", enabled)
    json.member("events", events)
    json.member("lost", lost)
    json.member("bytes", bytes)
    json.key("rings")
    guard let rings else { return json.null() }
    json.array { json in for ring in rings { ring.write(to: &json) } }
  }
}

extension Snapshot.Ring {
  fileprivate func write(to json: inout JSONText) {
    json.object { json in
      json.member("lane", lane.name)
      json.member("capacity", capacity)
      json.member("events", events)
      json.member("lost", lost)
    }
  }
}

extension Pace {
  fileprivate func writeMembers(to json: inout JSONText) {
    json.member("state", "\(state)")
    json.member("rate_per_s", rate)
    json.member("steps", steps)
    json.member("waiting_ms", array: { json in for m in waiting { json.value(m) } })
  }
}
