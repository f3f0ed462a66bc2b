// Chains and spans as JSON, one object each. docs/causes.md has the keys.
import Insight
import Region

extension WaitChain {
  /// The chain as one JSON object, without a line break.
  public var json: String {
    var json = JSONText()
    json.object { json in
      json.member("g", wait.g)
      json.member("entry", entry)
      json.member("beginning", wait.beginning.word)
      json.member("reason", wait.beginning.reason.map { "\($0)" })
      json.member("begin_ns", begin)
      json.member("end_ns", end)
      json.member("duration_ns", duration)
      json.member("delay_ns", wait.delay)
      json.member("over", wait.end != nil)
      json.member("whole", isWhole)
      json.member("missing", wait.missing)
      json.member("p", p)
      json.member("m", m)
      json.member("hops", array: { json in for hop in hops { hop.write(to: &json) } })
      json.member("guilty", guilty)
      json.member("cause", verdict.cause.rawValue)
      json.member("why", verdict.text)
      json.member(
        "blame",
        object: { json in
          json.member("g", verdict.g)
          json.member("p", verdict.p)
          json.member("m", verdict.m)
          json.member("lasted_ns", verdict.lasted)
        })
    }
    return json.text
  }
}

extension Hop {
  fileprivate func write(to json: inout JSONText) {
    json.object { json in
      json.member("hop", kind.rawValue)
      json.member("begin_ns", begin)
      json.member("duration_ns", duration)
      json.member("ending", ending.rawValue)
      json.member("p", p)
      json.member("m", m)
      json.member("by_g", by)
      json.member("taker_p", taker)
      json.member("depth", depth)
      json.member("fd", fd)
      json.member("text", text)
    }
  }
}

extension Wait.Beginning {
  package var word: String {
    switch self {
    case .created: "created"
    case .parked: "parked"
    case .yielded: "yielded"
    case .preempted: "preempted"
    case .syscall: "syscall"
    case .unknown: "unknown"
    }
  }

  package var reason: WaitReason? {
    if case .parked(let reason) = self { reason } else { nil }
  }
}

extension SpanSums {
  fileprivate func write(_ name: String, to json: inout JSONText) {
    json.member(
      name,
      object: { json in
        json.member("total_ns", total)
        json.member("running_ns", running)
        json.member("runnable_ns", runnable)
        json.member("preempted_ns", preempted)
        json.member("syscall_ns", syscall)
        json.member(
          "waiting_ns",
          object: { json in
            for (reason, sum) in waiting.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
              json.member("\(reason)", sum)
            }
          })
      })
  }
}

extension SpanSummary {
  /// The span in numbers as one JSON object, without a line break.
  public var json: String {
    var json = JSONText()
    json.object { writeMembers(to: &$0) }
    return json.text
  }

  fileprivate func writeMembers(to json: inout JSONText) {
    json.member("span", number)
    json.member("label", label)
    json.member("root_g", root)
    json.member("outer", outer)
    json.member("begin_ns", begin)
    json.member("end_ns", end)
    json.member("duration_ns", duration)
    json.member("gs", gs)
    json.member("missing", missing)
    sums.write("sums", to: &json)
    others.write("others", to: &json)
  }
}

extension SpanWalk {
  /// The span with all its Gs as one JSON object, without a line break.
  public var json: String {
    var json = JSONText()
    json.object { json in
      span.writeMembers(to: &json)
      json.member("cut", isCut)
      json.member("members", array: { json in for member in members { member.write(to: &json) } })
      json.member("pieces", array: { json in for piece in pieces { piece.write(to: &json) } })
      json.member(
        "logs",
        array: { json in
          for log in logs {
            json.object { json in
              json.member("g", log.g)
              json.member("t_ns", log.time)
              json.member("text", log.text)
            }
          }
        })
    }
    return json.text
  }
}

extension SpanWalk.Member {
  fileprivate func write(to json: inout JSONText) {
    json.object { json in
      json.member("g", g)
      json.member("parent", parent)
      json.member("entry", entry)
      sums.write("sums", to: &json)
    }
  }
}

extension SpanPiece {
  fileprivate func write(to json: inout JSONText) {
    json.object { json in
      json.member("g", g)
      json.member("state", "\(state)")
      json.member("reason", state == .waiting ? "\(reason)" : nil)
      json.member("begin_ns", begin)
      json.member("duration_ns", duration)
      json.member("p", p)
      json.member("m", m)
    }
  }
}
