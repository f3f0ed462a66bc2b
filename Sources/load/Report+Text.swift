// A report for people.

extension Report {
  var text: String {
    var lines = [head]
    if plan.pace != nil {
      lines.append(row("requests", requests))
      lines.append(row("latency", latency))
      lines.append(row("status", listed(statusCounts)))
      lines.append(row("errors", listed(errorCounts) + (counts.firstDetail.map { "; first: \($0)" } ?? "")))
      lines.append(row("bytes", "\(bytes(counts.received)) received, \(bytes(counts.sent)) sent"))
      lines.append(row("connections", "\(grouped(plan.connections)), \(grouped(reopened)) opened again"))
    }
    if let idle {
      lines.append(
        row(
          "idle",
          "\(grouped(idle.opened)) of \(grouped(idle.wanted)) connections opened, "
            + "\(grouped(idle.closed)) closed by the server, \(grouped(idle.failed)) failed"
            + (idle.cause.map { "; first: \($0)" } ?? "")))
    }
    lines.append(row("generator", generator))
    lines += notes.map { row("note", $0) }
    return lines.map { $0 + "\n" }.joined()
  }

  private var head: String {
    let what =
      switch plan.pace {
      case .closed: "closed loop"
      case .open(let rate): "open loop, \(decimal(rate, 1)) requests/s"
      case .burst(let count): "a burst of \(grouped(count)) requests"
      case nil: "idle connections"
      }
    return "http://\(plan.target.authority)  \(what)  \(time(elapsed))\(isInterrupted ? ", interrupted" : "")"
  }

  private var requests: String {
    var parts = ["\(grouped(counts.begun)) sent", "\(grouped(counts.answered)) answered"]
    if unsent > 0 { parts.append("\(grouped(unsent)) due and not sent") }
    if counts.cutOff > 0 { parts.append("\(grouped(counts.cutOff)) interrupted") }
    if let rate {
      let wanted = wantedRate.map { " of \(decimal($0, 1)) wanted" } ?? ""
      parts.append("\(decimal(rate, 1)) answers/s\(wanted)")
    }
    return parts.joined(separator: ", ")
  }

  private var latency: String {
    guard let longest = counts.longestLatency else { return "-" }
    let parts = Self.percentiles.map { percentile in
      "\(percentile.words) \(counts.latency(percentile: percentile.value).map(time) ?? "-")"
    }
    return (parts + ["max \(time(longest))"]).joined(separator: "   ")
  }

  private var statusCounts: [(String, Int)] {
    counts.statuses.enumerated().map { ("\($0.offset)xx", $0.element) }
  }

  private var errorCounts: [(String, Int)] {
    TroubleKind.allCases.map { ($0.words, counts.troubles[$0.rawValue]) }
  }

  private func listed(_ counts: [(name: String, count: Int)]) -> String {
    let parts = counts.filter { $0.count > 0 }.map { "\($0.name) \(grouped($0.count))" }
    return parts.isEmpty ? "none" : parts.joined(separator: ", ")
  }

  private var generator: String {
    let waiting = effort.waiting.map { ", \(decimal($0, 2)) threads waited for a CPU" } ?? ""
    let late =
      wantedRate == nil
      ? ""
      : "; late by itself: \(grouped(counts.lateByItself)), at most \(time(counts.mostLateByItself))"
    return "\(decimal(effort.cpus, 2)) of \(effort.procs) CPUs used\(waiting)\(late)"
  }

  private func row(_ name: String, _ text: String) -> String {
    "  " + name + String(repeating: " ", count: 13 - name.count) + text
  }
}
