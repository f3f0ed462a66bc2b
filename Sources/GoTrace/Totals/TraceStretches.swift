// How long the stretches of time in a trace were: those in which a G was ready, ran or waited for
// something, in which the garbage collector worked, or in which the world was stopped.

/// Finds the stretches of a trace that begin and end in it, and how long each was. Events are added as a reader gives them.
///
/// Each kind of stretch has a number, and `names` has its name: `run delay`, or, by Go's own words,
/// `waiting: chan receive`.
package struct TraceStretches: Sendable {
  /// The names, by number. More are added as they are found.
  package private(set) var names = [
    "run delay", "running", "system call", "GC mark phase", "GC mark assist", "GC sweep", "world stopped",
  ]
  /// The time of the first and the last event; nil: there is none.
  package private(set) var span: (first: Int64, last: Int64)?

  private static let (ready, running, syscall, marking, assist, sweep, stopped) = (0, 1, 2, 3, 4, 5, 6)
  private var waits: [String: Int] = [:]
  /// No more words for waits are told apart than these.
  private static let mostWords = 256
  /// The number of a wait's kind of stretch, by the id that Go's word for the wait has in the
  /// present generation.
  private var ids: [UInt64: Int] = [:]
  private var generation: UInt64 = 0
  /// What each G does, by its place: the number of its stretch's kind (−1: none that is measured),
  /// and since when.
  private var gs: [(number: Int, since: Int64)] = []
  private var marks: Int64?
  private var stops: Int64?
  private var assists: [Int32: Int64] = [:]
  private var sweeps: [Int: Int64] = [:]

  package init() {}

  /// Adds events that the reader gave last.
  ///
  /// - Parameter take: gets the number and the nanoseconds of each stretch that ends.
  package mutating func add(
    _ events: [TraceEvent], of reader: borrowing TraceReader, _ take: (Int, UInt64) -> Void
  ) {
    guard let first = events.first, let last = events.last else { return }
    if reader.isAfterGap { forget() }
    if generation != reader.tables.generation { (ids, generation) = ([:], reader.tables.generation) }
    span = (span?.first ?? first.time, last.time)
    let tables = reader.tables
    for event in events { add(event, tables, take) }
  }

  /// Forgets the stretches that have begun: nothing is known of what lasts over a gap.
  private mutating func forget() {
    (gs, assists, sweeps, marks, stops) = ([], [:], [:], nil, nil)
  }

  private mutating func add(_ event: TraceEvent, _ tables: TraceTables, _ take: (Int, UInt64) -> Void) {
    switch event.kind {
    case .goStart: change(event.subject, Self.running, event, take)
    case .goBlock where event.isDerived: change(event.slot, wait("coroutine"), event, take)
    case .goBlock: change(event.slot, wait(event.arguments.0, tables), event, take)
    case .goStop, .goSyscallEndBlocked: change(event.slot, Self.ready, event, take)
    case .goUnblock: change(event.subject, Self.ready, event, take)
    // A coroutine that is switched to runs at once, without being ready first.
    case .goSwitch, .goSwitchDestroy: change(event.subject, -1, event, take)
    case .goSyscallBegin: change(event.slot, Self.syscall, event, take)
    case .goSyscallEnd: change(event.slot, Self.running, event, take)
    case .goDestroy, .goDestroySyscall: change(event.slot, -1, event, take)
    case .goCreate: begin(event, Self.ready)
    case .goCreateBlocked: begin(event, -1)
    case .goCreateSyscall: begin(event, Self.syscall)
    case .goStatus, .goStatusStack: if event.subject >= 0, Int(event.subject) >= gs.count { begin(event, -1) }
    default: addRange(event, take)
    }
  }

  private mutating func addRange(_ event: TraceEvent, _ take: (Int, UInt64) -> Void) {
    func end(_ since: Int64?, _ number: Int) {
      if let since { take(number, UInt64(clamping: event.time &- since)) }
    }
    switch event.kind {
    case .gcBegin: marks = event.time
    case .gcEnd:
      end(marks, Self.marking)
      marks = nil
    case .stwBegin: stops = event.time
    case .stwEnd:
      end(stops, Self.stopped)
      stops = nil
    case .gcMarkAssistBegin: assists[event.slot] = event.time
    case .gcMarkAssistEnd: end(assists.removeValue(forKey: event.slot), Self.assist)
    case .gcSweepBegin: if let p = event.p { sweeps[p] = event.time }
    case .gcSweepEnd: if let p = event.p { end(sweeps.removeValue(forKey: p), Self.sweep) }
    default: break
    }
  }

  private mutating func begin(_ event: TraceEvent, _ number: Int) {
    let slot = Int(event.subject)
    guard slot >= 0 else { return }
    while gs.count <= slot { gs.append((-1, 0)) }
    gs[slot] = (number, event.time)
  }

  private mutating func change(
    _ slot: Int32, _ number: Int, _ event: TraceEvent, _ take: (Int, UInt64) -> Void
  ) {
    let slot = Int(slot)
    guard slot >= 0 else { return }
    while gs.count <= slot { gs.append((-1, 0)) }
    let old = gs[slot]
    if old.number >= 0 { take(old.number, UInt64(clamping: event.time &- old.since)) }
    gs[slot] = (number, event.time)
  }

  /// The number of the kind of stretch in which a G waits, from the id of Go's word for the wait.
  private mutating func wait(_ id: UInt64, _ tables: TraceTables) -> Int {
    if let known = ids[id] { return known }
    let number = wait(tables.string(id) ?? "unspecified")
    ids[id] = number
    return number
  }

  private mutating func wait(_ word: String) -> Int {
    // Go has some forty words for waits. A damaged trace may have any number of them, and each
    // takes a histogram.
    let word = waits[word] == nil && waits.count >= Self.mostWords ? "(other)" : word
    let number = waits[word] ?? names.count
    if number == names.count {
      waits[word] = number
      names.append("waiting: \(word)")
    }
    return number
  }
}
