// A report for programs: one JSON object on one line, described in docs/load.md.

extension Report {
  var json: String {
    let fields: [(String, String)] = [
      ("schema", quoted("mpg-load/1")), ("url", quoted("http://\(plan.target.authority)")),
      ("mode", quoted(mode)),
      ("elapsed_ns", "\(elapsed)"), ("interrupted", "\(isInterrupted)"),
      ("connections", "\(plan.connections)"),
      ("wanted_per_s", number(wantedRate)), ("answers_per_s", number(rate)),
      (
        "requests",
        object([
          ("sent", "\(counts.begun)"), ("answered", "\(counts.answered)"), ("unsent", "\(unsent)"),
          ("interrupted", "\(counts.cutOff)"),
        ])
      ),
      ("latency", latencyObject),
      ("status", object((1...9).map { ("\($0)xx", "\(counts.statuses[$0])") })),
      ("errors", object(TroubleKind.allCases.map { ($0.key, "\(counts.troubles[$0.rawValue])") })),
      ("first_error", counts.firstDetail.map(quoted) ?? "null"),
      ("bytes", object([("received", "\(counts.received)"), ("sent", "\(counts.sent)")])),
      ("reopened", "\(reopened)"), ("idle", idleObject), ("generator", generatorObject),
      ("notes", "[" + notes.map(quoted).joined(separator: ",") + "]"),
    ]
    return object(fields) + "\n"
  }

  private var mode: String {
    switch plan.pace {
    case .closed: "closed"
    case .open: "open"
    case .burst: "burst"
    case nil: "idle"
    }
  }

  private var latencyObject: String {
    let percentiles = Self.percentiles.map {
      ("\($0.key)_ns", counts.latency(percentile: $0.value).map { "\($0)" } ?? "null")
    }
    return object(
      [("count", "\(counts.latencyCount)"), ("given_up", "\(counts.atLeast)")] + percentiles + [
        ("max_ns", counts.longestLatency.map { "\($0)" } ?? "null")
      ])
  }

  private var idleObject: String {
    guard let idle else { return "null" }
    return object([
      ("wanted", "\(idle.wanted)"), ("opened", "\(idle.opened)"), ("closed", "\(idle.closed)"),
      ("failed", "\(idle.failed)"), ("first_error", idle.cause.map(quoted) ?? "null"),
    ])
  }

  private var generatorObject: String {
    object([
      ("procs", "\(effort.procs)"), ("cpus", number(effort.cpus)),
      ("waiting_threads", number(effort.waiting)),
      ("late_for_connection", "\(counts.lateForConnection)"), ("late_by_itself", "\(counts.lateByItself)"),
      ("most_late_by_itself_ns", "\(counts.mostLateByItself)"),
    ])
  }

  private func object(_ fields: [(String, String)]) -> String {
    "{" + fields.map { "\(quoted($0.0)):\($0.1)" }.joined(separator: ",") + "}"
  }

  private func number(_ value: Double?) -> String { value.map { decimal($0, 3, grouped: false) } ?? "null" }

  private func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case _ where scalar.value < 0x20:
        let hex = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
