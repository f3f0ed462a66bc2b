// The seven steps of a request in words. What the handler did is in RequestWords+Did.swift. Every number in
// the words is in an event, or is the difference of two such numbers.
import History
import Observed
import Region

/// Writes the steps of one request.
struct RequestWords {
  let facts: RequestFacts
  let clock: Clock
  let reasons: [WaitReason?]
  let names: StringBook
  let name: (UInt64) -> String

  /// Returns one of the seven steps.
  func step(_ kind: RequestStep.Kind) -> RequestStep {
    switch kind {
    case .wait: wait
    case .packet: packet
    case .poll: poll
    case .ready: ready
    case .run: run
    case .handler: facts.connection == .accepted ? accepted : handler
    case .response, .did: response
    }
  }

  // MARK: parts

  /// Makes a step whose time, G, P and M are those of `event`.
  func make(
    _ kind: RequestStep.Kind, _ outcome: RequestStep.Outcome, _ title: String, _ text: String,
    _ event: PlacedRecord?,
    more: [PlacedRecord?] = []
  ) -> RequestStep {
    var step = RequestStep(kind: kind, outcome: outcome, title: title, text: text, rule: Self.rule(kind))
    if let event { place(&step, event) }
    step.events = ([event] + more).compactMap { $0 }.map {
      Event($0, clock, names: names, reasons: reasons)
    }.sorted { ($0.time, $0.position) < ($1.time, $1.position) }
    return step
  }

  private func place(_ step: inout RequestStep, _ event: PlacedRecord) {
    (step.time, step.m) = (time(event), Int(event.record.m))
    if event.record.g != 0 { step.g = event.record.g }
    if case .p(let p) = event.lane { step.p = p }
  }

  func time(_ event: PlacedRecord) -> UInt64 { clock.nanoseconds(at: event.record.time) }

  func span(_ from: UInt64, _ to: UInt64) -> String { TimeText.short(to - min(from, to)) }
  func span(_ from: PlacedRecord, _ to: PlacedRecord) -> String { span(time(from), time(to)) }

  /// The P and the M of an event: `P1 (M3)`, or `M3` if there is no P.
  func who(_ event: PlacedRecord) -> String {
    if case .p(let p) = event.lane { return "P\(p) (M\(event.record.m))" }
    return "M\(event.record.m)"
  }

  /// The queue on which an event put a G, and how many were ahead; nil: the event does not say.
  func queue(_ place: Place, _ lane: Lane) -> String? {
    guard case .p(let p) = lane else { return place.queue == .grq ? "on the GRQ behind \(place.depth)" : nil }
    return switch place.queue {
    case .runnext, .displacing: "next on P\(p)"
    case .lrq: "on P\(p)'s LRQ behind \(place.depth)"
    case .grq: "on the GRQ behind \(place.depth)"
    case .untold, nil: nil
    }
  }

  var root: String { name(facts.span.root) }
  var label: String { facts.span.label ?? "a span without a label" }
  private var arrival: RequestFacts.Arrival? { facts.arrival }
  var wake: WaitFacts? { arrival?.wait.facts }

  /// The words that say why the first five steps did not happen.
  private var noWait: String {
    facts.connection == .kept
      ? "Did not happen: \(root) did not wait for its socket before this request. The bytes were there already when "
        + "it looked, as when they come together with the request before."
      : "Did not happen: no wait for a socket led to this span, as far as the history goes. The program began it itself."
  }

  private func absent(_ kind: RequestStep.Kind, _ title: String) -> RequestStep {
    make(
      kind, .absent, title, kind == .wait ? noWait : "Did not happen, since nobody waited: see step 1.", nil)
  }

  // MARK: 1 and 2

  private var wait: RequestStep {
    guard let arrival, let wake else { return absent(.wait, "no wait") }
    let isAccept = facts.connection == .accepted
    let title = isAccept ? "accept waits" : "a read waits"
    let who = name(wake.g)
    let intro =
      isAccept
      ? "\(who) found no connection to accept"
      : "No accept: the connection was there already. Its G, \(who), found nothing to read"
    guard let begin = wake.begin else {
      guard let row = arrival.row, let ready = wake.readyTime else {
        return make(
          .wait, .untold, title,
          "\(who) was parked on netpoll; since when is not in what was looked through.", nil)
      }
      let since = clock.nanoseconds(at: row.since)
      var step = make(
        .wait, .happened, title,
        "\(intro) on fd \(row.fd) and parked on netpoll. That event is further back; the table of Gs tells since when: it waited "
          + "\(span(since, clock.nanoseconds(at: ready))).", nil)
      (step.time, step.g) = (since, wake.g)
      return step
    }
    let fd = begin.record.arg == 0 ? "" : " on fd \(begin.record.arg - 1)"
    let length =
      wake.readyTime.map { span(time(begin), clock.nanoseconds(at: $0)) } ?? "a time that is not known"
    return make(
      .wait, .happened, title,
      "\(intro)\(fd) and parked on netpoll; \(self.who(begin)) went on without it. It waited \(length).",
      begin)
  }

  private var packet: RequestStep {
    guard let arrival, let wake else { return absent(.packet, "no packet") }
    var text = "No event tells: the kernel takes the packet, and nothing of the process runs. It came"
    if let since = wake.begin.map(time) ?? arrival.row.map({ clock.nanoseconds(at: $0.since) }),
      let found = arrival.first ?? wake.ready
    {
      text += " after the G had parked and before it was found, within \(span(since, time(found)))"
    } else {
      text += " before it was found"
    }
    if let late = wake.late, !late.isTimer, let ready = wake.readyTime {
      let length = span(clock.nanoseconds(at: late.since), clock.nanoseconds(at: ready))
      text += ". Nobody had looked for \(length) before that, so it may have lain there for as long"
    } else if let poll = arrival.poll {
      text +=
        poll.record.detail == 0
        ? ". The netpoll thread was waiting for it in the kernel, so it did not lie there for long"
        : ". Somebody had looked \(facts.rules.numbers.text(.lateness).map { "less than \($0)" } ?? "shortly") before"
    }
    return make(.packet, .untold, "the packet comes", text + ".", nil)
  }

  // MARK: 3 to 5

  private var poll: RequestStep {
    guard let arrival, let wake else { return absent(.poll, "no poll") }
    guard let poll = arrival.poll, let first = arrival.first else {
      guard let by = wake.ready?.record.other, by != 0 else {
        return make(
          .poll, .untold, "a poll finds it", "The poll's event is missing, or a deadline ended the wait.", nil
        )
      }
      return make(.poll, .absent, "no poll", "Did not happen: \(name(by)) ended the wait.", nil)
    }
    let (descriptors, gs) = (counted(poll.record.arg, "descriptor"), counted(poll.record.count, "G"))
    let found = "\(descriptors) ready, and \(gs) with it"
    let text =
      switch poll.record.detail {
      case 0: "The netpoll thread, M\(poll.record.m), came back from the kernel: \(found)."
      case 1: "\(who(poll)) searched for work, and asked the kernel without waiting: \(found)."
      case 2: "Sysmon, M\(poll.record.m), asked the kernel, since \(facts.rules.unpolled): \(found)."
      default: "\(who(poll)) asked the kernel: \(found)."
      }
    let told = " It told of that after its Gs, \(span(first, poll)) later."
    var step = make(.poll, .happened, "a poll finds it", text + told, poll, more: [first])
    // A poll records itself after it has readied its Gs. So the step takes the time of the first `goReady` of
    // the poll, when the poll had returned.
    (step.time, step.g) = (time(first), nil)
    return step
  }

  private var ready: RequestStep {
    guard let wake else { return absent(.ready, "nobody readied") }
    let who = name(wake.g)
    guard let ready = wake.ready else {
      guard let moment = wake.readyTime else {
        return make(.ready, .untold, "the G is ready", "When \(who) became runnable is not known.", nil)
      }
      var step = make(
        .ready, .happened, "the G is ready",
        "\(who) became runnable; the event is missing, but its start tells since when it was.", nil)
      (step.time, step.g) = (clock.nanoseconds(at: moment), wake.g)
      return step
    }
    let place = queue(ready.record.place, ready.lane).map { ": \($0)" } ?? ""
    return make(
      .ready, .happened, "the G is ready", "\(self.who(ready)) made \(who) runnable\(place).", ready)
  }

  private var run: RequestStep {
    guard let arrival, let wake, let end = wake.end else { return absent(.run, "no start") }
    let delay = wake.readyTime.map { " \(span(clock.nanoseconds(at: $0), time(end))) later" } ?? ""
    var text =
      "\(who(end)) ran \(name(wake.g))\(delay)\(end.record.runSource.flatMap { Self.sources[$0] } ?? "")."
    let ready = wake.readyTime.map { clock.nanoseconds(at: $0) } ?? time(end)
    let hops = arrival.chain.hops.filter { $0.begin >= ready && $0.duration > 0 }
    if hops.count > 1 {
      text +=
        " In between: " + hops.map { "\($0.text) (\(TimeText.short($0.duration)))" }.joined(separator: "; ")
        + "."
    }
    return make(.run, .happened, "a P runs it", text, end)
  }
}

extension RequestWords {
  static let sources: [RunSource: String] = [
    .runnext: ", its next", .lrq: ", from its own LRQ", .grq: ", from the GRQ", .steal: ", stolen",
    .stealNext: ", stolen from another's next", .netpoll: ", the first that its own poll had found",
  ]

  static func rule(_ kind: RequestStep.Kind) -> String {
    switch kind {
    case .wait:
      "A G that would block on a socket parks instead, and its M goes on with another G: to wait takes neither a thread "
        + "nor a P."
    case .packet:
      "The kernel puts what comes into the socket's queue and marks its descriptor ready. Whoever asks next is told."
    case .poll:
      "One poll asks for all descriptors. The netpoll thread waits for them while some P is idle, an M that searches for "
        + "work looks without waiting, and sysmon looks when nobody else has."
    case .ready:
      "A poller with a P puts Gs on its own LRQ; one without a P puts them on the GRQ, where any P may take them."
    case .run:
      "To run, a G needs a P, and a P needs an M. When a P is idle a thread is woken, which takes it and looks for work; "
        + "else the G waits in line, or is stolen."
    case .handler:
      "Each connection has a G of its own, so that its code may simply wait. A new G goes next on its P, and a thread is "
        + "woken for an idle P that may steal it."
    case .response, .did:
      "A write tries before it waits, so it seldom parks. A connection that is kept open costs a parked G; one that is "
        + "closed gives its G and stack back."
    }
  }
}
