// A comparison of two traces or recordings as JSON. docs/go-traces.md lists the keys.
import Insight

extension Comparison {
  /// The comparison as one JSON object.
  public var json: String {
    var json = JSONText()
    json.object { json in
      json.member("a", object: { Self.write(a, to: &$0) })
      json.member("b", object: { Self.write(b, to: &$0) })
      json.member(
        "rows",
        array: { json in
          for row in rows {
            json.object { json in
              json.member("name", row.name)
              json.key("change")
              json.value(row.change, decimals: 3)
              json.key("a")
              Self.write(row.a, of: a, to: &json)
              json.key("b")
              Self.write(row.b, of: b, to: &json)
            }
          }
        })
    }
    return json.text
  }

  private static func write(_ one: Distributions, to json: inout JSONText) {
    json.member("name", one.name)
    json.member("duration_ns", one.duration)
    json.member("events", one.events)
    json.member("missing", one.missing)
    json.member("damage", array: { json in for sentence in one.damage { json.value(sentence) } })
  }

  private static func write(_ histogram: SpanHistogram?, of one: Distributions, to json: inout JSONText) {
    guard let histogram else { return json.null() }
    json.object { json in
      json.member("count", histogram.count)
      json.member("per_second", one.perSecond(histogram))
      json.member("sum_ns", histogram.sum)
      json.member("time_per_second_ns", one.timePerSecond(histogram))
      json.member("p50_ns", histogram.percentile(50))
      json.member("p90_ns", histogram.percentile(90))
      json.member("p99_ns", histogram.percentile(99))
      json.member("max_ns", histogram.longest)
    }
  }
}
