// Turns chains and spans into lines of text.
import History
import Observed

extension WaitChain {
  /// The wait as lines of text: its length, one line for each hop (`*` marks the longest), and the verdict.
  public var lines: [String] {
    let who = "G\(wait.g)" + (entry.map { " (\($0))" } ?? "")
    let ran = wait.end == nil ? ", and waits still" : p.map { ", then ran on P\($0) (M\(m ?? 0))" } ?? ""
    var lines = ["\(who): \(what) \(TimeText.short(duration))\(ran)"]
    for (index, hop) in hops.enumerated() {
      let mark = index == guilty ? "*" : " "
      lines.append("\(mark) \(Self.column(hop.begin - begin)) +\(Self.column(hop.duration))  \(hop.text)")
    }
    lines.append("  why: \(verdict.text)")
    if !isWhole { lines.append("  not all of it is known: " + (wait.missing > 0 ? missing : unknown)) }
    return lines
  }

  private var what: String {
    switch wait.beginning {
    case .created: "created, did not run for"
    case .parked(let reason): "parked for \(reason.told), for"
    case .yielded: "gave way for"
    case .preempted: "preempted for"
    case .syscall: "in a system call, and after it, for"
    case .unknown: "did not run for"
    }
  }

  private var missing: String { missingText(wait.missing) + " around it" }
  private var unknown: String { "it began before the history does, or its first event was lost" }

  /// A duration as text, right-aligned in nine columns.
  package static func column(_ nanoseconds: UInt64) -> String {
    let text = TimeText.short(nanoseconds)
    return String(repeating: " ", count: max(0, 9 - text.count)) + text
  }
}

extension SpanSums {
  /// The sums in one line: `ran 1.2 ms, runnable 40.0 µs, chanReceive 3.0 ms`. Leaves out what took no time.
  public var text: String {
    var parts = [
      ("ran", running), ("runnable", runnable), ("preempted", preempted), ("system calls", syscall),
    ]
    parts += waiting.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }
      .map { ("\($0.key)", $0.value) }
    return parts.filter { $0.1 > 0 }.map { "\($0.0) \(TimeText.short($0.1))" }.joined(separator: ", ")
  }
}

extension SpanSummary {
  /// The span in one line: its number, label, length and Gs, and where the time of its root (the G that began
  /// it) went.
  public var text: String {
    let name = label ?? "(no label)"
    let many = gs == 1 ? "" : " and \(counted(gs - 1, "other"))"
    let whole = missing == 0 ? "" : "; " + missingText(missing)
    let open = end == nil ? " so far" : ""
    return "\(number) \(name): \(TimeText.short(duration))\(open), by G\(root)\(many): \(sums.text)\(whole)"
  }
}

extension SpanWalk {
  /// The span, and then the pieces of what its Gs did and the lines that they logged, in the order of time.
  ///
  /// - Parameter limit: how many pieces and lines are told at most.
  public func lines(limit: Int) -> [String] {
    var lines = [span.text]
    if span.gs > 1 { lines.append("  the others: \(span.others.text)") }
    var told = pieces.map { piece in
      let offset = WaitChain.column(piece.begin - min(piece.begin, span.begin))
      return (piece.begin, "  \(offset) +\(WaitChain.column(piece.duration))  G\(piece.g) \(piece.words)")
    }
    told += logs.map { log in
      let offset = WaitChain.column(log.time - min(log.time, span.begin))
      let blanks = String(repeating: " ", count: WaitChain.column(0).count + 1)
      return (log.time, "  \(offset) \(blanks)  G\(log.g) logs: \(log.text ?? Event.lostLine)")
    }
    let ordered = told.enumerated().sorted { ($0.element.0, $0.offset) < ($1.element.0, $1.offset) }
    lines += ordered.prefix(limit).map(\.element.1)
    if told.count > limit || isCut { lines.append("  … \(max(0, told.count - limit)) more, see --json") }
    return lines
  }
}

extension SpanPiece {
  fileprivate var words: String {
    switch state {
    case .running: "ran on P\(p ?? 0) (M\(m ?? 0))"
    case .runnable: "was runnable"
    case .waiting: "waited for \(reason)"
    case .syscall: "was in a system call on M\(m ?? 0)"
    case .preempted: "was preempted"
    case .idle, .dead: "was gone"
    }
  }
}
