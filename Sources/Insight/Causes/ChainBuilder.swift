// Builds the hops of a wait. The boundaries between hops are moments of one clock, in ticks, and each hop
// reaches from one boundary to the next.
import Observed
import Region

/// Builds hops from what is known of a wait. Their durations add up to the length of the wait.
struct ChainBuilder {
  /// A hop whose end is not known yet. It ends where the next part begins.
  private struct Part {
    /// The moment at which the part begins, in ticks.
    var from: UInt64
    var hop: Hop
  }

  let facts: WaitFacts
  let clock: Clock
  let reasons: [WaitReason?]
  private var parts: [Part] = []

  init(_ facts: WaitFacts, _ clock: Clock, reasons: [WaitReason?]) {
    (self.facts, self.clock, self.reasons) = (facts, clock, reasons)
  }

  /// Returns the hops, at least one, and their boundaries in ticks.
  mutating func build(_ trace: QueueTrace?) -> (hops: [Hop], ticks: [UInt64]) {
    parts = []
    stopped()
    if facts.readyTime != nil { queued(trace) }
    return close()
  }

  private func part(_ kind: Hop.Kind, from: UInt64, _ fill: (inout Hop) -> Void) -> Part {
    var hop = Hop(kind: kind, ending: .unknown, begin: 0, duration: 0)
    fill(&hop)
    return Part(from: from, hop: hop)
  }

  // MARK: until it is runnable

  /// Adds the time before the G was runnable: parked or in a system call, and then the part in which its
  /// descriptor may have been ready, or its timer was due, but no thread had polled yet.
  private mutating func stopped() {
    guard let begin = facts.begin?.record, facts.ready != facts.begin || facts.ready == nil else { return }
    let isSyscall = begin.kind == .goSyscall
    let stop = part(isSyscall ? .syscall : .waiting, from: facts.beginTime) { hop in
      (hop.ending, hop.by) = (readyEnding, readyBy)
      if isSyscall { hop.m = Int(begin.m) } else if begin.arg != 0 { hop.fd = Int(clamping: begin.arg - 1) }
    }
    parts.append(stop)
    if !isSyscall, facts.lateTicks > 0, let ready = facts.readyTime {
      let late = part(.late, from: ready - facts.lateTicks) { late in
        (late.ending, late.fd) = (stop.hop.ending, stop.hop.fd)
      }
      parts[0].hop.ending = .lasting
      parts.append(late)
    }
  }

  private var readyBy: UInt64? {
    guard let record = facts.ready?.record, record.kind == .goReady, record.other != 0 else { return nil }
    return record.other
  }

  private var readyEnding: Hop.Ending {
    guard let ready = facts.ready else {
      return facts.end == nil ? .lasting : facts.begin?.record.kind == .goSyscall ? .returned : .unknown
    }
    if ready.record.kind == .goSyscallExit { return .returned }
    if readyBy != nil { return .readied }
    let reason = reasons[Int(ready.record.detail)] ?? .none
    if reason == .sleep || facts.late?.isTimer == true { return .fired }
    return reason.group == .netpoll || reason == .signal ? .polled : .readied
  }

  // MARK: until it runs

  private mutating func queued(_ trace: QueueTrace?) {
    guard let way = trace?.way(), !way.isEmpty else { return notTold() }
    for (index, stand) in way.enumerated() {
      let next = index + 1 < way.count ? way[index + 1] : nil
      let stood = part(stand.kind, from: stand.from) { hop in
        (hop.p, hop.depth) = (stand.p, stand.depth)
        end(&hop, by: next?.arrival)
      }
      parts.append(stood)
    }
    if let wake = trace?.wake() { split(wake) }
  }

  /// Notes what ended a hop: the event that brought the G to its next queue, or the G's start.
  private func end(_ hop: inout Hop, by event: PlacedRecord?) {
    guard let event else {
      hop.ending = facts.end == nil ? .lasting : .ran
      return
    }
    if case .p(let p) = event.lane { hop.taker = p }
    switch event.record.kind {
    case .steal: hop.ending = .stolen
    case .grqTake: hop.ending = .taken
    case .overflow, .procRetire: (hop.ending, hop.taker) = (.spilled, nil)
    default: (hop.ending, hop.by, hop.taker) = (.displaced, event.record.g, nil)
    }
  }

  /// Adds one hop for all the time that the G was runnable, when the events do not say how it moved between
  /// queues. If the G has not run yet, the queue on which it was put is known; otherwise the hop is
  /// `unknown`.
  private mutating func notTold() {
    let from = facts.readyTime ?? facts.beginTime
    guard facts.end == nil, let ready = facts.ready else {
      parts.append(part(.unknown, from: from) { $0.ending = facts.end == nil ? .lasting : .ran })
      return
    }
    let place = ready.record.place
    let kinds: [Place.Queue: Hop.Kind] = [.runnext: .runnext, .displacing: .runnext, .lrq: .lrq, .grq: .grq]
    let stood = part(place.queue.flatMap { kinds[$0] } ?? .unknown, from: from) { hop in
      hop.ending = .lasting
      if case .p(let p) = ready.lane, place.queue != .grq { hop.p = p }
      hop.depth = place == .untold ? nil : place.depth
    }
    parts.append(stood)
  }

  /// Divides the hop during which the M that later ran the G was woken. The first part ends when this M was
  /// woken, the second when the M had a P, and the last when the M took the G.
  private mutating func split(_ wake: (woken: UInt64?, came: UInt64)) {
    guard let end = facts.end,
      let index = parts.lastIndex(where: { $0.from <= wake.came && $0.hop.kind != .starting }),
      [.runnext, .lrq, .grq].contains(parts[index].hop.kind), wake.came < facts.endTime
    else { return }
    if index + 1 < parts.count, parts[index + 1].from <= wake.came { return }
    let whole = parts[index]
    var rest = whole
    rest.from = wake.came
    // If the G stands on the queue of the M's own P, it still waits in line there. If it stands on any other
    // queue, the M must search for it.
    if case .p(let p) = end.lane, whole.hop.p != p {
      (rest.hop.kind, rest.hop.m) = (.searching, Int(end.record.m))
    }
    var added = [rest]
    if let woken = wake.woken, woken >= whole.from {
      var waking = whole
      waking.from = woken
      (waking.hop.kind, waking.hop.ending, waking.hop.m) = (.waking, .woken, Int(end.record.m))
      added.insert(waking, at: 0)
    }
    parts[index].hop.ending = .woken
    parts.insert(contentsOf: added, at: index + 1)
  }

  // MARK: adding up

  /// Puts the boundaries in order, from the beginning of the wait to its end, and makes a hop between each
  /// two. Drops hops of no length, but keeps the last one if there is no other.
  private func close() -> (hops: [Hop], ticks: [UInt64]) {
    var parts = parts
    if parts.isEmpty {
      var hop = Hop(kind: .unknown, ending: facts.end == nil ? .lasting : .ran, begin: 0, duration: 0)
      if case .p(let p)? = facts.end?.lane { hop.p = p }
      parts = [Part(from: facts.beginTime, hop: hop)]
    }
    var bounds = parts.map { min(max($0.from, facts.beginTime), facts.endTime) } + [facts.endTime]
    bounds[0] = facts.beginTime
    for index in bounds.indices.dropFirst() { bounds[index] = max(bounds[index], bounds[index - 1]) }
    let times = bounds.map { clock.nanoseconds(at: $0) }
    var (hops, ticks): ([Hop], [UInt64]) = ([], [bounds[0]])
    for (index, part) in parts.enumerated() {
      let isLast = index == parts.count - 1
      guard times[index + 1] > times[index] || isLast && hops.isEmpty else { continue }
      var hop = part.hop
      (hop.begin, hop.duration) = (times[index], times[index + 1].excess(over: times[index]))
      hops.append(hop)
      ticks.append(bounds[index + 1])
    }
    return (hops, ticks)
  }
}
