// Asks a history for causes: the waits of one G, the slowest waits of all Gs, and the chain of one wait.
//
//     var player = Player(history)!
//     for wait in player.slowestWaits(10) {
//       let chain = player.chain(of: wait)
//       print(chain.verdict.text, chain.hops.map(\.duration))
//     }
import History
import Observed
import Region

/// The order in which waits are ranked.
public enum WaitOrder: String, Sendable, CaseIterable {
  /// Ranks waits by `Wait.delay`: the time that the scheduler could have saved.
  case delay
  /// Ranks waits by the length of the whole wait.
  case length
}

extension Player {
  /// Maximum number of waits kept of one G: the latest ones.
  public static let mostWaits = 100_000
  /// Maximum number of segments read to explain one wait: some minutes of history.
  private static let reach = 512
  /// A G that keeps a P longer than this many nanoseconds is a hog, if the target does not tell its time
  /// slice.
  private static let hog: UInt64 = 10_000_000

  /// Returns the waits of a G up to this moment, oldest first. The last one may still go on.
  public func waits(of g: UInt64) -> [Wait] { waits(of: g, from: history.firstNumber) }

  /// Returns the last wait of a G up to this moment. Reads no more of the history than it needs.
  public func lastWait(of g: UInt64) -> Wait? { lastWait(of: g) { _ in true } }

  /// Returns the last wait of a G for which `isWanted` is true. Reads the last `reaches[0]` segments first,
  /// and then more, until it has also found the beginning of the wait.
  func lastWait(
    of g: UInt64, within reaches: [Int] = [4, 32, Self.reach], where isWanted: (Wait) -> Bool
  ) -> Wait? {
    guard let here = history.number(at: ticks) else { return nil }
    let move = lastMove(of: g)
    for reach in reaches {
      let first = max(history.firstNumber, (move ?? here) - reach)
      let last = waits(of: g, from: first, to: move ?? .max).last(where: isWanted)
      // A wait whose beginning is not in these segments may be whole when more of them are read.
      if let last, last.facts.begin != nil || reach == reaches.last { return last }
    }
    return nil
  }

  /// The number of the segment in which the G last changed its state. Later segments tell nothing more of its
  /// waits, so they need not be read. nil: not known, because records are missing or no list of the Gs is at
  /// hand.
  private func lastMove(of g: UInt64) -> Int? {
    guard missing == 0, let all = goroutinesAtHand?.all, let since = all.first(where: { $0.id == g })?.since
    else { return nil }
    return history.number(atTime: since)
  }

  /// Returns the waits of a G that lie in the segments `first` to `last`, oldest first. If these hold no
  /// event of the G, the list of Gs may still tell of a wait that goes on.
  package func waits(of g: UInt64, from first: Int, to last: Int = .max) -> [Wait] {
    var found: [WaitFacts] = []
    let sieve = RecordSieve(of: g, others: [.netpoll, .netpollLate])
    let open = collect(WaitCollector(of: g), from: first, to: last, only: sieve) {
      if found.count >= 2 * Self.mostWaits { found.removeFirst(Self.mostWaits) }
      found.append($0)
    }
    if found.isEmpty, open.isEmpty, let row = goroutines.all.first(where: { $0.id == g }),
      let facts = WaitFacts(row, clock, reasons: history.reasons, until: ticks)
    {
      found = [facts]
    }
    return (found.suffix(Self.mostWaits) + open).map { Wait($0, clock, reasons: history.reasons) }
  }

  /// Returns the slowest waits up to this moment, slowest first. A wait that goes on counts with its length
  /// so far, even if it began before the history. Waits that are equal by `order` are ranked by the other
  /// `WaitOrder`. So there are results whenever some G waits, even if the scheduler delayed none.
  public func slowestWaits(_ limit: Int, by order: WaitOrder = .delay) -> [Wait] {
    typealias Weight = (UInt64, UInt64)
    func weight(_ facts: WaitFacts) -> Weight {
      let length = facts.endTime - facts.beginTime
      return order == .delay ? (facts.delay, length) : (length, facts.delay)
    }
    let limit = max(0, min(limit, Self.mostWaits))
    var best: [WaitFacts] = []
    var least: Weight = (0, 0)
    func offer(_ facts: WaitFacts) {
      guard weight(facts) > least else { return }
      best.append(facts)
      guard best.count >= 2 * limit + 16 else { return }
      best = Array(best.sorted { weight($0) > weight($1) }.prefix(limit))
      if best.count == limit { least = best.last.map(weight) ?? (0, 0) }
    }
    let open = collect(WaitCollector(), offer)
    for facts in open { offer(facts) }
    let known = Set(open.map(\.g))
    for row in goroutines.all where !known.contains(row.id) {
      if let facts = WaitFacts(row, clock, reasons: history.reasons, until: ticks) { offer(facts) }
    }
    return best.sorted { weight($0) > weight($1) }.prefix(limit)
      .map { Wait($0, clock, reasons: history.reasons) }
  }

  /// Explains the wait of G `g` at this moment, or else its last one; nil: the history has no wait of this G.
  public func why(g: UInt64) -> WaitChain? { waits(of: g).last.map(chain) }

  /// Goes through all events up to this moment. Hands waits that are over to `take`, and returns those that
  /// still go on.
  private func collect(
    _ collector: WaitCollector, from first: Int? = nil, to last: Int = .max, only sieve: RecordSieve? = nil,
    _ take: (WaitFacts) -> Void
  ) -> [WaitFacts] {
    var collector = collector
    var gaps = MissingRecords()
    func finished(_ facts: WaitFacts) -> WaitFacts {
      var facts = facts
      facts.missing = gaps.count(from: facts.beginTime, to: facts.endTime)
      return facts
    }
    walk(from: first ?? history.firstNumber, to: last, only: sieve) { window, events in
      gaps.take(window)
      for event in events { if let facts = collector.take(event) { take(finished(facts)) } }
    }
    return collector.open.values.map { open in
      var open = open
      open.until = max(ticks, open.ready?.record.time ?? 0, open.begin?.record.time ?? 0)
      return finished(open)
    }
  }

  // MARK: one chain

  /// Explains a wait: where the G was, hop by hop, and what is to blame. The wait must come from this
  /// history.
  public func chain(of wait: Wait) -> WaitChain {
    let facts = wait.facts
    var builder = ChainBuilder(facts, clock, reasons: history.reasons)
    var (hops, bounds) = builder.build(trace(facts))
    let guilty = hops.indices.max { hops[$0].duration < hops[$1].duration } ?? 0
    let (from, to) = (bounds[guilty], bounds[guilty + 1])
    let ps = Judge.asksForPs(hops[guilty]) ? occupancy(from, to) : [:]
    let named =
      [facts.g] + hops.compactMap(\.by)
      + ps.values.flatMap { [$0.longestRun?.g, $0.longestSyscall?.g].compactMap { $0 } }
    let names = entries(near: facts, creations(of: Set(named), from, to))
    func name(_ g: UInt64) -> String { "G\(g)" + (names(g).map { " (\($0))" } ?? "") }
    var reason = WaitReason.none
    if case .parked(let parked) = wait.beginning { reason = parked }
    for index in hops.indices { hops[index].text = hops[index].words(reason: "\(reason)", name: name) }
    var verdict = Judge(
      hop: hops[guilty], length: to - from, late: facts.late, reason: reason, ps: ps, clock: clock,
      name: name,
      hog: model.snapshot.ruleNumbers[.slice] ?? Self.hog
    ).verdict()
    if wait.missing > 0 { verdict.text += ", as far as is known: records are missing" }
    let begin = hops[0].begin
    var chain = WaitChain(
      wait: wait, entry: names(facts.g), begin: begin, end: hops.reduce(begin) { $0 + $1.duration },
      hops: hops,
      guilty: guilty, verdict: verdict, isWhole: facts.begin != nil && wait.missing == 0)
    if let end = facts.end {
      chain.m = Int(end.record.m)
      if case .p(let p) = end.lane { chain.p = p }
    }
    return chain
  }

  private func trace(_ facts: WaitFacts) -> QueueTrace? {
    guard var trace = QueueTrace(facts), let ready = facts.ready, let end = facts.end else { return nil }
    var isIn = false
    var isOver = false
    // The sieve lets through the events that move Gs between queues. It also lets through `ready` and `end`,
    // since only the events between these two are wanted.
    let sieve = RecordSieve(
      of: facts.g,
      others: [.steal, .grqTake, .procStart, .mWake, .goCreate, .goReady, .goStart, .overflow, .procRetire])
    through(ready.record.time, facts.endTime, only: sieve) { _, event in
      if isIn, !isOver {
        isOver = event.position == end.position && event.lane == end.lane
        if !isOver { trace.take(event) }
      } else if event.position == ready.position, event.lane == ready.lane {
        isIn = true
      }
    }
    return trace
  }

  /// Returns how long each P ran Gs, was in system calls and was idle between two moments (in ticks), by the
  /// P's id.
  private func occupancy(_ from: UInt64, _ to: UInt64) -> [Int: Occupancy] {
    var collector: OccupancyCollector?
    var last = to
    through(from, to, earlier: 1, later: 1) { window, event in
      if collector == nil {
        let snapshot = window.model(after: window.prefix, at: window.start, reasons: history.reasons).snapshot
        collector = OccupancyCollector(snapshot, at: window.start, from: from, to: to)
      }
      collector?.take(event)
      last = max(last, event.record.time)
    }
    collector?.finish(at: last)
    return collector?.ps ?? [:]
  }

  /// The place where each of `gs` was spawned, as a string id, by the G's id. Finds only Gs that were created
  /// between two moments (in ticks); if these lie far apart, only Gs that were created near the second one.
  private func creations(of gs: Set<UInt64>, _ from: UInt64, _ to: UInt64) -> [UInt64: UInt32] {
    var names: [UInt64: UInt32] = [:]
    let reach = history.number(at: to).flatMap { history.segment($0 - 16)?.start } ?? 0
    through(max(from, reach), to, earlier: 1, later: 1, only: RecordSieve(.goCreate)) { _, event in
      if event.record.kind == .goCreate, gs.contains(event.record.g) {
        names[event.record.g] = event.record.count
      }
    }
    return names
  }

  /// Hands `take` every event of the segments between two moments, and of some segments before and after.
  private func through(
    _ from: UInt64, _ to: UInt64, earlier: Int = 0, later: Int = 0, only sieve: RecordSieve? = nil,
    _ take: (Window, PlacedRecord) -> Void
  ) {
    guard let last = history.number(at: to), let number = history.number(at: from) else { return }
    let first = max(number - earlier, last - Self.reach)
    walk(from: first, to: last + later, only: sieve) { window, events in
      for event in events { take(window, event) }
    }
  }

  /// Returns a function that tells where a G was spawned. The function knows the Gs of `creations`, and the Gs
  /// in the tables that were read around the time of the wait.
  private func entries(near facts: WaitFacts, _ creations: [UInt64: UInt32]) -> (UInt64) -> String? {
    let rows = tableEntries(facts.beginTime, facts.endTime)
    let names = history.names
    let own = facts.begin?.record
    return { g in
      if let own, own.kind == .goCreate, own.g == g { return names.string(UInt64(own.count)) }
      return (creations[g].map(UInt64.init) ?? rows[g]).flatMap(names.string)
    }
  }

  /// The place where each G was spawned, as a string id, by the G's id. Looks it up in the tables of Gs that
  /// the history keeps from shortly before `from` to shortly after `to`, which are moments in ticks.
  func tableEntries(_ from: UInt64, _ to: UInt64) -> [UInt64: UInt64] {
    let numbers = [history.number(at: from), history.number(at: to)].compactMap { $0 }
    let tables = (numbers.min() ?? 0) - 8...(numbers.max() ?? 0) + 8
    var rows: [UInt64: UInt64] = [:]
    for number in history.numbers.clamped(to: tables.lowerBound..<tables.upperBound).prefix(64) {
      let list = history.segment(number)?.goroutines?.bytes.flatMap { GoroutineList($0) }
      for row in list?.rows ?? [] { rows[row.id] = row.entry }
    }
    return rows
  }
}
