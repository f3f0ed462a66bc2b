// The instruments as JSON: the value of `instruments` in a frame. docs/json.md has the keys.
internal import Region

extension Instruments {
  func writeMembers(to json: inout JSONText) {
    json.member("since_ns", since)
    json.member("recent_ns", recentTime)
    json.member("recent", object: { recent.writeMembers(to: &$0) })
    json.member("total", object: { total.spans.writeMembers(to: &$0) })
    json.member("seconds", array: { json in for second in seconds { second.write(to: &json) } })
    json.member("ps", array: { json in for p in recent.ps { p.write(to: &json) } })
    json.member("ms", array: { json in for m in recent.ms { m.write(to: &json) } })
    json.member("pressure", object: { pressure.writeMembers(to: &$0) })
    json.member("cpu", object: { cpu.writeMembers(to: &$0) })
    json.member("steals", array: { json in for pair in steals.pairs { pair.write(to: &json) } })
    json.member("steals_cut", steals.isCut)
    json.member("census_ns", census.time)
    json.member("census_gs", census.listed)
    json.member("census_complete", census.isComplete)
    json.member("sites", array: { json in for site in census.sites { site.write(to: &json) } })
    json.member("waiters", array: { json in for waiter in census.waiters { waiter.write(to: &json) } })
    json.member("findings", array: { json in for finding in findings { finding.write(to: &json) } })
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

extension Spans {
  fileprivate func writeMembers(to json: inout JSONText) {
    for kind in SpanKind.allCases {
      let spans = self[kind]
      json.member(
        kind.key,
        object: { json in
          json.member("count", spans.count)
          json.member("sum_ns", spans.sum)
          json.member("p50_ns", spans.percentile(50))
          json.member("p90_ns", spans.percentile(90))
          json.member("p99_ns", spans.percentile(99))
          json.member("max_ns", spans.longest)
        })
    }
  }
}

extension Activity {
  fileprivate func writeMembers(to json: inout JSONText) {
    spans.writeMembers(to: &json)
    json.member("starts", starts)
    json.member("preemptions", preemptions)
    json.member("steals", steals)
    json.member("stolen_gs", stolenGs)
    json.member("searches", searches)
    json.member("searches_found", found)
    json.member("polls", polls)
    json.member("sysmon_polls", sysmonPolls)
    json.member("longest_slice_g", longestSlice?.g)
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

extension Pressure {
  fileprivate func writeMembers(to json: inout JSONText) {
    json.member("measured_ns", measured)
    json.member("calm_ns", calm)
    json.member("avoidable_ns", avoidable)
    json.member("searching_ns", searching)
    json.member("saturated_ns", saturated)
    json.member("unpolled_ns", unpolled)
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
