// The walk of a request as JSON. docs/causes.md has the keys.
import Insight

extension RequestWalk {
  /// The walk as one JSON object, without a line break.
  public var json: String {
    var json = JSONText()
    json.object { json in
      json.member("span", span.number)
      json.member("label", span.label)
      json.member("root_g", span.root)
      json.member("connection", connection.rawValue)
      json.member("missing", span.missing)
      json.member("zero_ns", zero)
      json.member("steps", array: { json in for step in steps { step.write(to: &json) } })
    }
    return json.text
  }
}

extension RequestStep {
  fileprivate func write(to json: inout JSONText) {
    json.object { json in
      json.member("step", "\(kind)")
      json.member("outcome", outcome.rawValue)
      json.member("t_ns", time)
      json.member("lasted_ns", lasted)
      json.member("p", p)
      json.member("m", m)
      json.member("g", g)
      json.member("text", text)
      json.member("rule", rule)
      json.member(
        "events",
        array: { json in
          for event in events {
            json.object { json in
              json.member("t_ns", event.time)
              json.member("lane", event.lane.name)
              json.member("position", event.position)
              json.member("event", event.name)
              json.member("text", event.text)
            }
          }
        })
    }
  }
}
