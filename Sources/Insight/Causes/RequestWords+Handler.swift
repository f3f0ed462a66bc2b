// The last two steps of a request in words: the G that handles it, and the response.
import History
import Observed

extension RequestWords {
  /// Step 6 of the request's story for a new connection: from the creation of the connection's G to its handler.
  var accepted: RequestStep {
    guard let creation = facts.creation else { return handler }
    let place = queue(creation.record.place, creation.lane).map { ": \($0)" } ?? ""
    let others =
      facts.siblings == 0
      ? "" : " \(counted(facts.siblings, "connection")) came before it with the same wake-up."
    var text = "\(name(creation.record.other)) accepted the connection and started \(root)\(place).\(others)"
    for wait in facts.waits { text += words(of: wait) }
    text +=
      " \(span(creation, facts.begin)) after its creation it had the whole request, and the handler of "
      + "\(label) began."
    var events = facts.waits.flatMap { wait -> [PlacedRecord?] in
      [wait.facts.begin, wait.facts.ready, wait.facts.end]
    }.filter {
      $0 != creation
    }
    events.append(facts.begin)
    var unique: [PlacedRecord?] = []
    for event in events where !unique.contains(event) { unique.append(event) }
    return make(.handler, .happened, "a new G handles it", text, creation, more: unique)
  }

  private func words(of wait: Wait) -> String {
    guard let end = wait.facts.end else { return "" }
    let ran = "\(who(end)) ran it"
    let readied = wait.facts.readyTime.map { clock.nanoseconds(at: $0) }
    let delay = readied.map { " after \(span($0, time(end)))" } ?? ""
    switch wait.beginning {
    case .created: return " \(ran)\(delay)."
    case .parked(let reason):
      let what =
        reason == .netpollRead ? "It found nothing to read yet and parked" : "It parked for \(reason)"
      let length = wait.facts.begin.flatMap { begin in readied.map { " for \(span(time(begin), $0))" } } ?? ""
      return " \(what)\(length); \(ran)\(delay)."
    case .preempted: return " It was preempted; \(ran)\(delay)."
    case .yielded: return " It gave way; \(ran)\(delay)."
    case .syscall, .unknown: return ""
    }
  }

  /// Step 6 of the request's story, "a new G handles it", for a request that needed no new G: the G that handled it
  /// existed already.
  var handler: RequestStep {
    let after = wake?.end.map { ", \(span($0, facts.begin)) after it ran" } ?? ""
    let text =
      facts.connection == .none
      ? "Did not happen: \(root) began the span, \(label), itself."
      : "Did not happen: the connection was there already, and so was its G. \(root) began the handler of \(label) "
        + "itself\(after)."
    return make(
      .handler, .absent, facts.connection == .none ? "the span begins" : "no new G", text, facts.begin)
  }

  /// Step 7: the handler returned, and what its G did next.
  var response: RequestStep {
    let others = facts.span.gs == 1 ? "" : " \(counted(facts.span.gs - 1, "other G")) took part."
    let sums = facts.span.sums.text
    guard let end = facts.end else {
      return make(
        .response, .untold, "the response", "The handler goes on still. So far: \(sums).\(others)", nil)
    }
    var text = "The handler returned \(span(facts.begin, end)) after it began: \(sums).\(others) "
    text += afterwards(end)
    return make(.response, .happened, "the response", text, end, more: [facts.after])
  }

  private func afterwards(_ end: PlacedRecord) -> String {
    let sent = "A response that is sent without waiting leaves no event;"
    guard let after = facts.after else {
      return "\(sent) what \(name(end.record.g)) did next is not in the history, or was the next request."
    }
    let later = "\(span(end, after)) later"
    if after.record.kind == .goExit {
      return "\(sent) \(later) \(name(end.record.g)) was gone, and the connection with it."
    }
    let fd = after.record.arg == 0 ? "" : " on fd \(after.record.arg - 1)"
    return switch reasons[Int(after.record.detail)] ?? .none {
    case .netpollRead: "\(sent) \(later) \(name(end.record.g)) parked\(fd) for the next request."
    case .netpollWrite:
      "The peer was slow to take it: \(later) \(name(end.record.g)) parked\(fd) to write on."
    case let reason: "\(sent) \(later) \(name(end.record.g)) parked for \(reason)."
    }
  }
}
