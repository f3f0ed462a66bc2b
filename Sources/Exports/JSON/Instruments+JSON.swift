// The instruments as JSON: the value of `instruments` in a frame. docs/json.md has the keys.
import Host
import Insight
import Observed

extension Instruments {
  func writeMembers(to json: inout JSONText) {
    // Without events some of the members below have nothing to be computed from. Those are null then.
    json.member("t_ns", time)
    json.member("since_ns", hasEvents ? since : nil)
    json.member("recent_ns", hasEvents ? recentTime : nil)
    json.member("recent", object: { Self.write(hasEvents ? recent : nil, to: &$0) })
    json.member("total", object: { Self.write(hasEvents ? total.spans : nil, to: &$0) })
    json.member("seconds", array: { json in for second in seconds { second.write(to: &json) } })
    json.member("ps", array: { json in for p in recent.ps { p.write(to: &json) } })
    json.member("ms", array: { json in for m in recent.ms { m.write(to: &json) } })
    json.member("pressure", object: { Self.write(hasEvents ? pressure : nil, to: &$0) })
    json.member("cpu", object: { cpu.writeMembers(to: &$0) })
    json.member("quota", object: { quota.writeMembers(to: &$0) })
    json.member("gc_assist", object: { Self.write(collector?.assists, to: &$0) })
    json.member("world_stop", object: { Self.write(collector?.stops, to: &$0) })
    json.member("gc_sweep", object: { Self.write(collector?.sweeps, to: &$0) })
    json.member("heap_live", heapLive)
    json.member("heap_goal", heapGoal)
    json.key("steals")
    if let steals {
      json.array { json in for pair in steals.pairs { pair.write(to: &json) } }
    } else {
      json.null()
    }
    json.member("steals_cut", steals?.isCut)
    json.member("census_ns", census.time)
    json.member("census_gs", census.listed)
    json.member("census_complete", census.isComplete)
    json.member("sites", array: { json in for site in census.sites { site.write(to: &json) } })
    json.member("waiters", array: { json in for waiter in census.waiters { waiter.write(to: &json) } })
    json.member("findings", array: { json in for finding in findings { finding.write(to: &json) } })
  }

  private static func write(_ spans: Spans?, to json: inout JSONText) {
    for kind in SpanKind.allCases {
      json.member(kind.key, object: { write(spans?[kind], to: &$0) })
    }
  }

  private static func write(_ lengths: SpanHistogram?, to json: inout JSONText) {
    json.member("count", lengths?.count)
    json.member("sum_ns", lengths?.sum)
    json.member("p50_ns", lengths?.percentile(50))
    json.member("p90_ns", lengths?.percentile(90))
    json.member("p99_ns", lengths?.percentile(99))
    json.member("max_ns", lengths?.longest)
  }

  private static func write(_ activity: Activity?, to json: inout JSONText) {
    write(activity?.spans, to: &json)
    json.member("starts", activity?.starts)
    json.member("preemptions", activity?.preemptions)
    json.member("steals", activity?.steals)
    json.member("stolen_gs", activity?.stolenGs)
    json.member("searches", activity?.searches)
    json.member("searches_found", activity?.found)
    json.member("polls", activity?.polls)
    json.member("sysmon_polls", activity?.sysmonPolls)
    json.member("longest_slice_g", activity?.longestSlice?.g)
  }

  private static func write(_ pressure: Pressure?, to json: inout JSONText) {
    json.member("measured_ns", pressure?.measured)
    json.member("calm_ns", pressure?.calm)
    json.member("avoidable_ns", pressure?.avoidable)
    json.member("searching_ns", pressure?.searching)
    json.member("saturated_ns", pressure?.saturated)
    json.member("unpolled_ns", pressure?.unpolled)
  }
}

extension SpanKind {
  fileprivate var key: String {
    switch self {
    case .runQueue: "run_queue"
    case .netpoll: "netpoll"
    case .slice: "slice"
    case .syscall: "syscall"
    }
  }
}

extension Second {
  fileprivate func write(to json: inout JSONText) {
    json.object { json in
      json.member("s", number)
      json.member("starts", activity.starts)
      for kind in SpanKind.allCases {
        json.member(
          kind.key, array: { json in for count in activity.spans[kind].powersOfTwo { json.value(count) } })
      }
    }
  }
}

extension PTime {
  fileprivate func write(to json: inout JSONText) {
    json.object { json in
      json.member("id", p)
      for use in Use.allCases { json.member("\(use)_ns", self[use]) }
    }
  }
}

extension MTime {
  fileprivate func write(to json: inout JSONText) {
    json.object { json in
      json.member("id", m)
      json.member("running_ns", running)
      json.member("scheduling_ns", scheduling)
      json.member("spinning_ns", spinning)
      json.member("syscall_ns", syscall)
      json.member("without_p_ns", withoutP)
    }
  }
}

extension CPUPressure? {
  func writeMembers(to json: inout JSONText) {
    json.member("window_ns", self?.window)
    json.member("ran_ns", self?.ran)
    json.member("waited_ns", self?.waited)
    json.member("threads", self?.threads)
  }
}

extension CPUQuota? {
  fileprivate func writeMembers(to json: inout JSONText) {
    json.member("group", self?.group)
    json.key("cpus")
    if let cpus = self?.cpus { json.value(cpus, decimals: 3) } else { json.null() }
    json.member("window_ns", self?.window)
    json.member("periods", self?.periods)
    json.member("throttled", self?.throttled)
  }
}

extension StealMatrix.Pair {
  fileprivate func write(to json: inout JSONText) {
    json.object { json in
      json.member("thief", thief)
      json.member("victim", victim)
      json.member("tries", tries)
      json.member("hits", hits)
      json.member("gs", gs)
    }
  }
}

extension Site {
  fileprivate func write(to json: inout JSONText) {
    json.object { json in
      json.member("entry", entry)
      json.member("gs", count)
      json.member("growth_per_s", growth)
      json.member("growing_ns", growingFor)
      json.member("grown_by", grownBy)
      json.member("oldest_g", oldest)
      json.member("oldest_since_ns", oldestSince)
    }
  }
}

extension Waiter {
  fileprivate func write(to json: inout JSONText) {
    json.object { json in
      json.member("g", g)
      json.member("state", "\(state)")
      json.member("reason", state == .waiting ? "\(reason)" : nil)
      json.member("since_ns", since)
      json.member("entry", entry)
    }
  }
}

extension Finding {
  fileprivate func write(to json: inout JSONText) {
    json.object { json in
      json.member("lint", lint)
      json.member("message", message)
      json.member("g", g)
      json.member("entry", entry)
      json.member("request", request)
      json.key("value")
      json.value(value, decimals: 3)
      json.key("threshold")
      json.value(threshold, decimals: 3)
    }
  }
}
