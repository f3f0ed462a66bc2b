// Finds one request in a history, and everything that led to it. See RequestFacts.
import History
import Observed

extension Player {
  /// Returns the walk of a request: the request step by step. The request may also lie after this moment.
  /// nil: the history has no such request.
  ///
  /// - Parameters:
  ///   - choice: which request is meant.
  ///   - effort: reports progress to others. Once it is cancelled, the result is meaningless.
  public func request(_ choice: RequestChoice, effort: Effort? = nil) -> RequestWalk? {
    var latest = self
    latest.effort = effort ?? latest.effort
    if latest.unpacked == nil { latest.unpacked = UnpackedWindows() }
    latest.seekToEnd()
    guard let found = latest.find(choice) else { return nil }
    // Every moment is converted by the clock of the segment in which the request began.
    var there = latest
    there.seek(ticks: found.begin.record.time)
    guard let facts = there.facts(found, latest) else { return nil }
    let entries = there.entries(of: facts)
    return RequestWalk(facts, there.clock, reasons: history.reasons, names: history.names) { g in
      "G\(g)" + (entries(g).map { " (\($0))" } ?? "")
    }
  }

  // MARK: what led to it

  /// Collects what is known of a request. This player must be at the beginning of the span.
  ///
  /// - Parameter latest: a player at the end of the history.
  private func facts(_ found: FoundSpan, _ latest: Player) -> RequestFacts? {
    guard let summary = latest.summary(found) else { return nil }
    var facts = RequestFacts(summary, found.begin)
    facts.end = found.end
    (facts.did, facts.until) = (deeds(found), latest.time)
    facts.rules = Rules(latest.model.snapshot.ruleNumbers)
    let (creation, isOlder) = origin(found.begin)
    if let creation {
      facts.creation = creation
      facts.waits = waits(of: creation.record.g, from: history.number(at: creation.record.time) ?? 0)
        .filter { $0.facts.endTime > creation.record.time && $0.facts.endTime <= found.begin.record.time }
      var before = self
      before.seek(ticks: creation.record.time)
      facts.arrival = arrival(before.socketWait(of: creation.record.other, after: 0))
      if let arrival = facts.arrival {
        facts.connection = .accepted
        facts.siblings = siblings(of: creation, since: arrival.wait.facts.endTime)
      }
    }
    if facts.arrival == nil {
      let wait = socketWait(of: found.begin.record.g, after: isOlder ?? creation?.record.time ?? 0)
      facts.arrival = arrival(wait)
      if creation == nil, facts.arrival != nil || isOlder != nil { facts.connection = .kept }
    }
    if let end = found.end {
      let sieve = RecordSieve(of: end.record.g, [.goPark, .goExit, .goLabel])
      forth(from: end.record.time, segments: 8, only: sieve) { event in
        guard event.record.g == end.record.g, event != end else { return true }
        let isLast = [.goPark, .goExit, .goLabel].contains(event.record.kind)
        if isLast, event.record.kind != .goLabel { facts.after = event }
        return !isLast
      }
    }
    return facts
  }

  /// Returns the events that tell what the root (the G that began the span) did, from the beginning of the
  /// span to its end, and the lines that were logged for the span meanwhile.
  private func deeds(_ found: FoundSpan) -> [PlacedRecord] {
    let (root, span) = (found.begin.record.g, found.begin.record.arg)
    var (deeds, isIn, m) = ([PlacedRecord](), false, nil as UInt16?)
    let sieve = RecordSieve(of: root, others: [.goCreate, .goReady, .retake, .log])
    forth(from: found.begin.record.time, segments: 512, only: sieve) { event in
      if event == found.begin { isIn = true }
      guard isIn, event != found.end else { return !isIn }
      let record = event.record
      if record.kind?.isOfTraces == true {
        if record.kind == .log, record.g == root || record.arg == span { deeds.append(event) }
      } else if record.g == root {
        m = record.kind == .goSyscall ? record.m : nil
        deeds.append(event)
      } else if record.kind == .goCreate || record.kind == .goReady, record.other == root {
        deeds.append(event)
      } else if record.kind == .retake, m.map({ UInt64($0) == record.arg }) ?? false {
        deeds.append(event)
      }
      return deeds.count < HandlerPieces.mostEvents
    }
    return deeds
  }

  /// Sums the span up in numbers: its length, its Gs, and where the time went.
  private func summary(_ found: FoundSpan) -> SpanSummary? {
    guard let first = history.number(at: found.begin.record.time) else { return nil }
    let last = found.end.flatMap { history.number(at: $0.record.time) } ?? .max
    return spanWalk(found.begin.record.arg, from: first, to: last)?.span
  }

  /// Returns the event that created the root (the G that began the span), or the moment (in ticks) at which
  /// the root's previous span ended. See RequestFacts §1.
  private func origin(_ begin: PlacedRecord) -> (creation: PlacedRecord?, earlier: UInt64?) {
    var origin: (PlacedRecord?, UInt64?) = (nil, nil)
    back(from: begin.record.time, only: RecordSieve(of: begin.record.g, [.goCreate, .goLabel])) { event in
      guard event.record.g == begin.record.g, event != begin else { return true }
      if event.record.kind == .goCreate { origin.0 = event }
      if Self.isEnd(event.record) { origin.1 = event.record.time }
      return origin.0 == nil && origin.1 == nil
    }
    return origin
  }

  /// Returns the last wait of a G for a socket. The wait must have ended by this moment, and after `ticks`.
  private func socketWait(of g: UInt64, after ticks: UInt64) -> Wait? {
    lastWait(of: g, within: [1, 4, 16]) { wait in
      guard wait.facts.end != nil, wait.facts.endTime > ticks else { return false }
      switch wait.beginning {
      case .parked(let reason): return reason == .netpollRead
      case .unknown:
        let ready = wait.facts.ready?.record
        return ready?.kind == .goReady && history.reasons[Int(ready?.detail ?? 0)] == .netpollRead
      default: return false
      }
    }
  }

  /// Finds the poll that ended a wait for a socket.
  private func arrival(_ wait: Wait?) -> RequestFacts.Arrival? {
    guard let wait = wait.map({ Wait($0.facts, clock, reasons: history.reasons) }) else { return nil }
    var arrival = RequestFacts.Arrival(wait: wait, chain: chain(of: wait))
    guard let ready = wait.facts.ready else { return arrival }
    if wait.facts.begin == nil { arrival.row = row(of: wait.g, before: ready.record.time) }
    guard ready.record.other == 0 else { return arrival }
    var batch: [PlacedRecord] = []
    forth(from: 0, near: ready.record.time, only: RecordSieve(.goReady, .netpoll)) { event in
      guard event.lane == ready.lane else { return true }
      if event.record.kind == .goReady, event.record.other == 0 { batch.append(event) }
      guard event.record.kind == .netpoll else { return true }
      if event.position > ready.position {
        arrival.poll = event
        arrival.first = batch.suffix(Int(clamping: event.record.count)).first
        return false
      }
      batch = []
      return true
    }
    return arrival
  }

  /// Hands `take` the events of two segments: the one that a moment lies in, and the next.
  private func forth(
    from ticks: UInt64, near moment: UInt64, only sieve: RecordSieve, _ take: (PlacedRecord) -> Bool
  ) {
    guard let number = history.number(at: moment), let start = history.segment(number)?.start else { return }
    forth(from: max(ticks, start), segments: 2, only: sieve, take)
  }

  /// Counts the Gs that the creator of the G in `creation` created after `ticks` and before that event.
  private func siblings(of creation: PlacedRecord, since ticks: UInt64) -> Int {
    var count = 0
    forth(from: ticks, segments: 8, only: RecordSieve(.goCreate)) { event in
      if event.record.time >= creation.record.time { return false }
      let isSibling = event.record.kind == .goCreate && event.record.other == creation.record.other
      if isSibling { count += 1 }
      return true
    }
    return count
  }

  /// Finds the row of a parked G in a table of Gs that was read before a moment: the time since which it has
  /// been parked, in ticks, and the descriptor for which it waits.
  private func row(of g: UInt64, before ticks: UInt64) -> (since: UInt64, fd: Int)? {
    guard let last = history.number(at: ticks) else { return nil }
    for number in (max(history.firstNumber, last - 64)...last).reversed() {
      guard let list = history.segment(number)?.goroutines?.bytes.flatMap({ GoroutineList($0) }) else {
        continue
      }
      guard let row = list.rows.first(where: { $0.id == g }), row.state == .waiting, row.since <= ticks,
        row.waitingOn != 0
      else { continue }
      return (row.since, Int(clamping: row.waitingOn - 1))
    }
    return nil
  }

  /// Returns a function that tells where a G of the request was spawned.
  private func entries(of facts: RequestFacts) -> (UInt64) -> String? {
    let (begin, names) = (facts.begin.record.time, history.names)
    var entries = tableEntries(begin, facts.end?.record.time ?? begin)
    if let creation = facts.creation?.record { entries[creation.g] = UInt64(creation.count) }
    return { entries[$0].flatMap(names.string) }
  }
}
