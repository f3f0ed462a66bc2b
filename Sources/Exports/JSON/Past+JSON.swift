// The past as JSON: the value of `past` in a frame. docs/json.md has the keys.
import Insight
import Observed

extension Past {
  /// Maximum number of Gs that are written.
  static let mostGoroutines = 10_000

  func writeMembers(to json: inout JSONText) {
    json.member("origin", origin.rawValue)
    json.member("first_ns", first)
    json.member("last_ns", last)
    json.member("missing", missing)
    json.member("lanes", array: { json in for lane in lanes { lane.write(to: &json) } })
    json.member("all_gs", goroutines.isComplete && goroutines.all.count <= Self.mostGoroutines)
    json.member(
      "gs", array: { json in for g in goroutines.all.prefix(Self.mostGoroutines) { g.write(to: &json) } })
  }
}

extension Past.LaneEvents {
  fileprivate func write(to json: inout JSONText) {
    json.object { json in
      json.member("lane", lane.name)
      json.member("events", array: { json in for event in events { event.write(to: &json) } })
    }
  }
}

extension Event {
  package func write(to json: inout JSONText) {
    json.object { json in
      json.member("t_ns", time)
      json.member("event", name)
      json.member("position", position)
      json.member("m", m)
      json.member("g", g)
      json.member("detail", detail)
      json.member("count", count)
      json.member("arg", arg)
      json.member("text", text)
    }
  }
}

extension Goroutine {
  fileprivate func write(to json: inout JSONText) {
    json.object { json in
      json.member("id", id)
      json.member("state", "\(state)")
      json.member("reason", state == .waiting ? "\(reason)" : nil)
      json.member("since_ns", since)
      json.member("entry", entry)
      json.member("parent", parent)
      json.member("p", p)
      json.member("fd", fd)
    }
  }
}
