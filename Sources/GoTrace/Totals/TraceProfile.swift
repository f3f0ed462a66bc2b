// Where Gs began to wait, and how long they did: what `go tool trace -pprof=` makes of a trace.

/// Sums over a trace by stack: how often a G came into a kind of waiting there and how long, in nanoseconds, it stayed in it.
/// Events are added as a reader gives them. A wait that lasts beyond the end of the trace does not count, and neither does
/// one over a gap.
///
/// `go tool trace -pprof=sched` and its like leave out what a G waited before it ran for the first time in the trace. With
/// `countsFirstWait: false` the numbers are theirs, to the nanosecond.
public struct TraceProfile: Sendable {
  /// The kind of waiting that the profile sums up.
  public enum Kind: String, Sendable, CaseIterable {
    /// Ready, and not running. The stack is that of whoever made the G ready: its maker, or its waker, or its own.
    case sched
    /// Waiting for a channel, a select, or a lock of the package `sync`; `go tool trace` calls this profile
    /// `sync`.
    case block
    /// The time that Gs were in system calls.
    case syscall
    /// The time that Gs waited for the network.
    case net
  }

  /// What was summed up for one stack: how often, and how long.
  public struct Sample: Sendable, Equatable {
    /// The innermost frame first; empty: the trace tells no stack.
    public var frames: [TraceFrame]
    public var count: UInt64
    public var time: Int64
  }

  /// The kind of waiting that the profile sums up.
  public let kind: Kind
  private let state: TraceGoState
  /// The place of each stack in `samples`.
  private var places: [[TraceFrame]: Int] = [:]
  private var samples: [Sample] = []
  /// The place of a stack in `samples` by the stack's id, in the present generation.
  private var ids: [UInt64: Int] = [:]
  /// What each G waits for, by the G's place; nil: nothing of this kind.
  private var waits: [Wait?] = []
  /// Whether each G was seen to run, by the G's place.
  private var ran: [Bool] = []
  private let countsFirstWait: Bool
  private var generation: UInt64 = 0
  /// Whether a word is one for this kind of waiting, by its string's id, in the present generation.
  private var words: [UInt64: Bool] = [:]

  private struct Wait {
    var since: Int64
    var place: Int
  }

  /// Makes a profile to which no event was added yet.
  ///
  /// - Parameter countsFirstWait: whether what a G waited before it first ran counts: above all how long a new G was ready.
  public init(_ kind: Kind, countsFirstWait: Bool = true) {
    (self.kind, self.countsFirstWait) = (kind, countsFirstWait)
    state =
      switch kind {
      case .sched: .runnable
      case .syscall: .syscall
      case .block, .net: .waiting
      }
  }

  /// All stacks with their sums, the one with the longest time first.
  public var sorted: [Sample] {
    samples.filter { $0.time > 0 }.sorted { ($1.time, $1.count) < ($0.time, $0.count) }
  }

  /// Adds events that the reader gave last.
  public mutating func add(_ events: [TraceEvent], of reader: borrowing TraceReader) {
    if reader.isAfterGap { (waits, ran) = ([], []) }
    if reader.isGenerationStart || generation != reader.tables.generation {
      (ids, words, generation) = ([:], [:], reader.tables.generation)
    }
    let tables = reader.tables
    for event in events { add(event, tables) }
  }

  private mutating func add(_ event: TraceEvent, _ tables: TraceTables) {
    let arguments = event.arguments
    switch event.kind {
    case .goStart: change(event, event.subject, .running)
    case .goBlock:
      let counts = state == .waiting && isMeant(arguments.0, tables)
      change(event, event.slot, .waiting, counts: counts, stack: arguments.1, tables)
    case .goStop: change(event, event.slot, .runnable, stack: arguments.1, tables)
    case .goSyscallEndBlocked: change(event, event.slot, .runnable, tables)
    case .goUnblock: change(event, event.subject, .runnable, stack: arguments.2, tables)
    case .goSwitch, .goSwitchDestroy: change(event, event.subject, .runnable, tables)
    case .goSyscallBegin: change(event, event.slot, .syscall, stack: arguments.1, tables)
    case .goSyscallEnd: change(event, event.slot, .running)
    case .goDestroy, .goDestroySyscall: change(event, event.slot, nil)
    case .goCreate: change(event, event.subject, .runnable, stack: arguments.2, tables)
    case .goCreateBlocked: change(event, event.subject, .waiting, counts: false)
    case .goCreateSyscall: change(event, event.subject, .syscall, tables)
    case .goStatus, .goStatusStack:
      let told = TraceGoState(rawValue: UInt8(clamping: arguments.2))
      let stack = event.kind == .goStatusStack ? arguments.3 : 0
      change(event, event.subject, told, counts: told != .waiting, stack: stack, tables)
    default: break
    }
  }

  /// Notes the state that a G has from an event on: another one than before, or still the same.
  ///
  /// - Parameter counts: whether the state, if it is this profile's, is the kind of waiting that it sums up.
  private mutating func change(
    _ event: TraceEvent, _ slot: Int32, _ new: TraceGoState?, counts: Bool = true, stack: UInt64 = 0,
    _ tables: TraceTables = TraceTables()
  ) {
    let slot = Int(slot)
    guard slot >= 0 else { return }
    while waits.count <= slot {
      waits.append(nil)
      ran.append(false)
    }
    if let wait = waits[slot] {
      guard new != state else { return }
      waits[slot] = nil
      if countsFirstWait || ran[slot] || new == nil {
        samples[wait.place].count += 1
        samples[wait.place].time &+= event.time &- wait.since
      }
    } else if new == state, counts {
      waits[slot] = Wait(since: event.time, place: place(stack, tables))
    }
    if new == .running || new == nil { ran[slot] = new != nil }
  }

  /// The index of a stack in `samples`; a stack that is new is added.
  private mutating func place(_ id: UInt64, _ tables: TraceTables) -> Int {
    if let known = ids[id] { return known }
    let frames = tables.stack(id) ?? []
    let place = places[frames] ?? samples.count
    if place == samples.count {
      places[frames] = place
      samples.append(Sample(frames: frames, count: 0, time: 0))
    }
    ids[id] = place
    return place
  }

  /// Whether a word of Go's for a wait is one that this profile sums up.
  private mutating func isMeant(_ id: UInt64, _ tables: TraceTables) -> Bool {
    if let known = words[id] { return known }
    let word = tables.string(id) ?? ""
    let isMeant =
      kind == .net
      ? word == "network"
      : word.indices.contains { place in
        ["chan", "sync", "select"].contains { word[place...].hasPrefix($0) }
      }
    words[id] = isMeant
    return isMeant
  }
}
