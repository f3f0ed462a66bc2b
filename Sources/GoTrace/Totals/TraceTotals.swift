// Sums over a whole trace: how many events of each kind, how long Gs were in each state, and what they waited for.

/// How long a G, or all of them together, was in each state, in nanoseconds.
public struct TraceTimes: Sendable, Equatable {
  /// How long in the state runnable: ready, and not running.
  public var runnable: Int64 = 0
  /// How long in the state running.
  public var running: Int64 = 0
  /// How long in a system call, with or without a P.
  public var syscall: Int64 = 0
  /// How long in the state waiting: for another G, a timer, the network or the runtime.
  public var waiting: Int64 = 0

  /// Makes a value with no time in any state.
  public init() {}

  @inline(__always)
  mutating func add(_ time: Int64, in state: TraceGoState) {
    switch state {
    case .runnable: runnable &+= time
    case .running: running &+= time
    case .syscall: syscall &+= time
    case .waiting: waiting &+= time
    }
  }
}

/// Sums over the events of a trace, which are added as a reader gives them.
public struct TraceTotals: Sendable {
  /// How often Gs waited for something and how long, in nanoseconds.
  public struct Wait: Sendable, Equatable {
    public var count: UInt64 = 0
    public var time: Int64 = 0
  }

  /// How many events were added.
  public private(set) var events: UInt64 = 0
  /// How long all Gs together were in each state. Until `finish`, the times of Gs that still live are missing.
  public private(set) var times = TraceTimes()
  /// How long each G was in each state, by its id; empty, unless they are asked for.
  public private(set) var goroutines: [UInt64: TraceTimes] = [:]
  /// What Gs waited for, by Go's words; the empty word for waits whose beginning is not in the trace.
  public private(set) var waits: [String: Wait] = [:]
  /// The times of the first and the last event; nil: there is none.
  public private(set) var span: (first: Int64, last: Int64)?

  private let keepsGs: Bool
  private var counts = [UInt64](repeating: 0, count: 64)
  private var moves = [UInt64](repeating: 0, count: 25)
  private var gs: [Account] = []
  /// Go's words for waits, each with its index in `sums`; the empty word has index 0.
  private var words: [String: Int] = ["": 0]
  private var sums = [Wait()]
  /// The place of a word by its string's id, in the generation whose number is `generation`; −1: not looked up yet.
  private var places: [Int] = []
  private var generation: UInt64 = 0

  private struct Account {
    var id: UInt64
    var state: TraceGoState?
    var since: Int64
    var reason: Int
    var times: TraceTimes
  }

  /// - Parameter keepsGs: keeps the times of each G, which takes memory for every G that ever lived.
  public init(keepsGs: Bool = false) { self.keepsGs = keepsGs }

  /// How many events there are of a kind.
  public func count(_ kind: TraceKind) -> UInt64 { counts[Int(kind.rawValue)] }

  /// How often Gs went from a state to another one, or were said to be in the same one; nil stands for a G that is not there.
  public func moves(from: TraceGoState?, to: TraceGoState?) -> UInt64 {
    moves[Int(from?.rawValue ?? 0) * 5 + Int(to?.rawValue ?? 0)]
  }

  /// Adds events that the reader gave last.
  public mutating func add(_ events: [TraceEvent], of reader: borrowing TraceReader) {
    add(events, tables: reader.tables, isAfterGap: reader.isAfterGap)
  }

  /// Adds events of one generation.
  public mutating func add(_ events: [TraceEvent], tables: TraceTables, isAfterGap: Bool) {
    guard let first = events.first, let last = events.last else { return }
    if isAfterGap { close() }
    if generation != tables.generation || isAfterGap { (places, generation) = ([], tables.generation) }
    span = (span?.first ?? first.time, last.time)
    self.events += UInt64(events.count)
    for event in events {
      counts[Int(event.kind.rawValue)] &+= 1
      add(event, tables)
    }
  }

  @inline(__always)
  private mutating func add(_ event: TraceEvent, _ tables: TraceTables) {
    switch event.kind {
    case .goStart: move(event.subject, event, to: .running)
    case .goBlock: move(event.slot, event, to: .waiting, reason: reason(event.arguments.0, tables))
    case .goStop, .goSyscallEndBlocked: move(event.slot, event, to: .runnable)
    case .goUnblock, .goSwitch, .goSwitchDestroy: move(event.subject, event, to: .runnable)
    case .goSyscallBegin: move(event.slot, event, to: .syscall)
    case .goSyscallEnd: move(event.slot, event, to: .running)
    case .goDestroy, .goDestroySyscall: move(event.slot, event, to: nil)
    case .goCreate: begin(event, .runnable)
    case .goCreateBlocked: begin(event, .waiting)
    case .goCreateSyscall: begin(event, .syscall)
    case .goStatus, .goStatusStack:
      guard let state = TraceGoState(rawValue: UInt8(clamping: event.arguments.2)) else { return }
      let slot = Int(event.subject)
      if slot >= gs.count || gs[slot].state == nil || gs[slot].id != event.arguments.0 {
        begin(event, state)
      } else {
        move(event.subject, event, to: state)
      }
    default: break
    }
  }

  /// Begins to count the times of the G that an event makes or tells of.
  private mutating func begin(_ event: TraceEvent, _ state: TraceGoState) {
    let slot = Int(event.subject)
    guard slot >= 0 else { return }
    let account = Account(
      id: event.arguments.0, state: state, since: event.time, reason: 0, times: TraceTimes())
    while gs.count <= slot { gs.append(Account(id: 0, state: nil, since: 0, reason: 0, times: TraceTimes())) }
    if gs[slot].state != nil { fold(slot, event.time) }
    moves[Int(state.rawValue)] += 1
    gs[slot] = account
  }

  @inline(__always)
  private mutating func move(_ place: Int32, _ event: TraceEvent, to state: TraceGoState?, reason: Int = 0) {
    let slot = Int(place)
    guard slot >= 0, slot < gs.count, let from = gs[slot].state else { return }
    let time = event.time &- gs[slot].since
    gs[slot].times.add(time, in: from)
    moves[Int(from.rawValue) * 5 + Int(state?.rawValue ?? 0)] &+= 1
    if from == .waiting {
      sums[gs[slot].reason].time &+= time
      if state != .waiting { sums[gs[slot].reason].count &+= 1 }
    } else if state == .waiting {
      gs[slot].reason = reason
    }
    (gs[slot].state, gs[slot].since) = (state ?? from, event.time)
    if state == nil { fold(slot, event.time) }
  }

  /// The index of a wait's word in `sums`; a word that is new is added.
  @inline(__always)
  private mutating func reason(_ id: UInt64, _ tables: TraceTables) -> Int {
    if id < UInt64(places.count), places[Int(id)] >= 0 { return places[Int(id)] }
    return newReason(id, tables)
  }

  private mutating func newReason(_ id: UInt64, _ tables: TraceTables) -> Int {
    let word = tables.string(id) ?? ""
    let place = words[word] ?? sums.count
    if place == sums.count {
      words[word] = place
      sums.append(Wait())
    }
    if id < 1 << 16 {
      while places.count <= Int(id) { places.append(-1) }
      places[Int(id)] = place
    }
    return place
  }

  /// Adds the times of a G that has ended, or is not known any more, to the totals.
  private mutating func fold(_ slot: Int, _ now: Int64) {
    guard let state = gs[slot].state else { return }
    let rest = now &- gs[slot].since
    gs[slot].times.add(rest, in: state)
    if state == .waiting { sums[gs[slot].reason].time &+= rest }
    let sum = gs[slot].times
    times.runnable &+= sum.runnable
    times.running &+= sum.running
    times.syscall &+= sum.syscall
    times.waiting &+= sum.waiting
    if keepsGs {
      var all = goroutines[gs[slot].id] ?? TraceTimes()
      all.runnable &+= sum.runnable
      all.running &+= sum.running
      all.syscall &+= sum.syscall
      all.waiting &+= sum.waiting
      goroutines[gs[slot].id] = all
    }
    gs[slot].state = nil
  }

  /// Counts what Gs are doing up to the last event. Nothing is known of what they do in a gap.
  private mutating func close() {
    for slot in gs.indices { fold(slot, span?.last ?? 0) }
  }

  /// Adds the states that Gs are in at the end of the trace. Call it once, after the last events.
  public mutating func finish() {
    close()
    for (word, place) in words where sums[place] != Wait() { waits[word] = sums[place] }
  }
}
