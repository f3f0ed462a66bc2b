// The steps of a handler in words: one step for each thing that it did, with its time.
import History
import Observed

extension RequestWords {
  /// The steps between the beginning of the handler and the response. Their `lasted` add up to the request's
  /// length.
  var did: [RequestStep] {
    let end = facts.end.map(time) ?? facts.span.end ?? facts.until
    let pieces = HandlerPieces(facts.did, root: facts.span.root, until: end, clock, reasons: reasons).pieces
    let steps = pieces.map { piece in
      let (title, text, rule) = words(of: piece)
      var step = make(
        .did, .happened, title, text, piece.begin, more: [piece.retake, isOwn(piece.end) ? piece.end : nil])
      (step.time, step.rule, step.lasted, step.g) = (piece.from, rule, piece.lasted, facts.span.root)
      return step
    }
    return withLogs(steps)
  }

  /// The steps, and among them the lines that were logged, each after the step in which it was. They take no time.
  private func withLogs(_ steps: [RequestStep]) -> [RequestStep] {
    let logs = facts.did.filter { $0.record.kind == .log }
    guard !logs.isEmpty else { return steps }
    var all = logs.prefix(HandlerPieces.most).enumerated().map { index, event in
      let text = names.string(UInt64(event.record.count)) ?? Event.lostLine
      let left = logs.count - HandlerPieces.most
      let more = index + 1 == HandlerPieces.most && left > 0 ? " \(counted(left, "more line")) followed." : ""
      let who = event.record.g == facts.span.root ? "It" : name(event.record.g)
      let words = "\(who) logged \(span(facts.begin, event)) after the span began: \(text).\(more)"
      var step = make(.did, .happened, "logs", words, event)
      (step.rule, step.lasted) = (Self.logRule, 0)
      return step
    }
    all = steps + all
    return all.enumerated().sorted {
      ($0.element.time ?? 0, $0.offset) < ($1.element.time ?? 0, $1.offset)
    }.map(\.element)
  }

  /// Whether the event that ends a piece of the handler's time is listed with that piece. This is so for
  /// events that end a wait or a call; any other event is listed with the next piece, which it begins.
  private func isOwn(_ event: PlacedRecord?) -> Bool {
    switch event?.record.kind {
    case .goReady, .goStart, .goResume, .goSyscallExit: event?.record.g == facts.span.root
    default: false
    }
  }

  private func words(of piece: HandlerPiece) -> (title: String, text: String, rule: String) {
    let (begin, lasted) = (piece.begin, TimeText.short(piece.lasted))
    switch piece.what {
    case .ran: return ("it runs", "It ran on \(who(begin)) for \(lasted).", facts.rules.turn)
    case .inCall: return inCall(piece, lasted)
    case .parked(let reason, let fd):
      let place = fd.map { ", fd \($0)" } ?? ""
      let text =
        "It parked for \(reason)\(place), and \(who(begin)) went on without it; \(ending(piece)) after \(lasted)."
      return ("parks: \(reason)", text, facts.rules.wait(reason))
    case .ready(let gaveWay):
      let place = queue(begin.record.place, begin.lane).map { ", \($0)" } ?? ""
      let what = gaveWay ? "It gave way" : "It was ready\(place)"
      return ("waits for a P", "\(what), and waited \(lasted) for a P\(taker(piece)).", facts.rules.order)
    case .stopped(let keptThread):
      let how =
        keptThread ? "preempted in the middle of its code, and kept M\(begin.record.m)" : "made to give way"
      let text =
        "It had had its turn while others waited: it was \(how). It waited \(lasted) for the next\(taker(piece))."
      return ("is preempted", text, facts.rules.turn)
    case .started(let g):
      let place = queue(begin.record.place, begin.lane).map { ": \($0)" } ?? ""
      return ("starts G\(g)", "It started \(name(g))\(place).", Self.startRule)
    case .readied(let g, let reason):
      let place = queue(begin.record.place, begin.lane).map { ": \($0)" } ?? ""
      return ("ends a wait", "It ended the wait of \(name(g)) for \(reason)\(place).", Self.readyRule)
    case .others(let count, let sums):
      let text = sums.total == 0 ? "nothing that took time" : sums.text
      return (
        "\(count) things", "\(count) shorter things, which are not told one by one: \(text).", Self.othersRule
      )
    }
  }

  private func inCall(_ piece: HandlerPiece, _ lasted: String) -> (String, String, String) {
    let taken = piece.retake.map { retake in
      " Sysmon took P\(retake.record.count) from it \(span(piece.begin, retake)) after it had begun, and others ran there."
    }
    let back =
      switch piece.end?.record.detail {
      case nil: "It is in it still."
      case 0: "When it came back no P was free, and it had to queue."
      case 1: "It came back to the P that it had."
      default: "It came back to another P."
      }
    let text = "It was in a system call on M\(piece.begin.record.m) for \(lasted).\(taken ?? "") \(back)"
    return ("is in a call", text, facts.rules.p(.syscall))
  }

  private func ending(_ piece: HandlerPiece) -> String {
    guard let end = piece.end?.record else { return "nobody has ended that yet" }
    if end.kind == .goReady, end.other != 0 { return "\(name(end.other)) ended that" }
    return end.kind == .goReady ? "a poll, or a timer, ended that" : "it was over"
  }

  /// The P and the M that ran the G after the piece, and the queue from which they took it; "" if the piece
  /// does not end with a start of the G.
  private func taker(_ piece: HandlerPiece) -> String {
    guard let end = piece.end, end.record.kind == .goStart || end.record.kind == .goResume else { return "" }
    return "; then \(who(end)) ran it" + (end.record.runSource.flatMap { Self.sources[$0] } ?? "")
  }

  private static let logRule = "A line of the program's own. It says nothing of the scheduler."
  private static let startRule =
    "A new G goes next on the P of who starts it, and what was next goes to the end of the LRQ. An idle P may steal it."
  private static let readyRule =
    "Who ends a wait puts the G next on its own P, and goes on. An idle P may steal it."
  private static let othersRule = "Their times count in the sum like all others."
}
