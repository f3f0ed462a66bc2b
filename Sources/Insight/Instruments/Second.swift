// The sums of one second: a row of a heat map. Longer windows are added up from these.

/// The time of a P by its activity, in nanoseconds. The times add up to the time that the P was watched.
public struct PTime: Sendable, Equatable {
  /// The activities of a P.
  public enum Use: Int, CaseIterable, Sendable {
    /// No M held the P.
    case idle
    /// The P's M was in the scheduler: between two Gs, polling, firing timers.
    case scheduling
    /// A G ran on the P.
    case running
    /// The P's M searched for work.
    case spinning
    /// The P's M was in a system call, and nobody had taken the P yet.
    case syscall
    /// The activity of the P is not known, because events are missing.
    case unknown
  }

  /// The id of the P.
  public var p: Int
  /// How long the P did each thing, in nanoseconds, by the raw value of `Use`.
  public var times: [UInt64]

  package init(p: Int, times: [UInt64]) { (self.p, self.times) = (p, times) }

  /// The time that the P spent on `use`, in nanoseconds.
  public subscript(use: Use) -> UInt64 { times[use.rawValue] }
  /// The time that the P was watched, in nanoseconds.
  public var total: UInt64 { times.reduce(0, &+) }
}

/// The time of an M in a window by its activity, in nanoseconds.
public struct MTime: Sendable, Equatable {
  /// The id of the M.
  public var m: Int
  /// How long a G ran on the M, while the M held a P.
  public var running: UInt64 = 0
  /// How long the M was in the scheduler, while it held a P.
  public var scheduling: UInt64 = 0
  /// How long the M searched for work, while it held a P.
  public var spinning: UInt64 = 0
  /// How long the M was in system calls that ended in the window, with a P or without.
  public var syscall: UInt64 = 0
  /// How long the M held no P: it was parked, or kept by a preempted G, or did the runtime's own work, as
  /// sysmon, gc and netpoll do. This is what is left of the window.
  public var withoutP: UInt64 = 0

  package init(m: Int) { self.m = m }
}

/// The sums of the events of a window.
public struct Activity: Sendable, Equatable {
  /// The lengths of time that were measured, by kind.
  public var spans = Spans()
  /// How many times a G was started.
  public var starts: UInt64 = 0
  /// How many times a G was stopped because it ran too long.
  public var preemptions: UInt64 = 0
  /// How many times a P stole Gs from another P.
  public var steals: UInt64 = 0
  /// How many Gs all steals together moved.
  public var stolenGs: UInt64 = 0
  /// How many searches of Ms for work ended, with work or without.
  public var searches: UInt64 = 0
  /// How many searches of Ms found work.
  public var found: UInt64 = 0
  /// How many polls found something.
  public var polls: UInt64 = 0
  /// How many of the polls that found something were made by sysmon.
  public var sysmonPolls: UInt64 = 0
  /// The times of each P by its activity, in the order of ids. Has only Ps that were seen.
  public var ps: [PTime] = []
  /// The times of each M by its activity, in the order of ids. Has only Ms that were seen.
  public var ms: [MTime] = []
  /// The longest slice and its G; nil: no slice ended.
  public var longestSlice: LongSlice?
  /// How often each G was preempted: only the `mostPreempted` Gs that were preempted most often.
  public var preempted: [UInt64: Int] = [:]

  /// The time that each G ran in long runs, in nanoseconds: only the `mostPreempted` Gs that ran most.
  public var busy: [UInt64: UInt64] = [:]
  /// The label of the span for which a G worked, as a string id, by the G's id. Has only Gs that were
  /// preempted or ran long.
  package var labels: [UInt64: UInt64] = [:]

  static let mostPreempted = 64

  /// One slice of a G.
  public struct LongSlice: Sendable, Equatable {
    /// The id of the G.
    public var g: UInt64
    /// The length of the slice, in nanoseconds.
    public var nanoseconds: UInt64
  }

  /// The sums of no events.
  public init() {}

  mutating func trimPreempted() {
    guard preempted.count > Self.mostPreempted else { return }
    let kept = preempted.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(Self.mostPreempted)
    preempted = Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0.value) })
  }

  mutating func trimBusy() {
    guard busy.count > Self.mostPreempted else { return }
    let kept = busy.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(Self.mostPreempted)
    busy = Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0.value) })
  }

  private mutating func addNames(_ other: Activity) {
    busy.merge(other.busy, uniquingKeysWith: &+)
    trimBusy()
    labels.merge(other.labels) { $1 }
    if labels.count > 4 * Self.mostPreempted {
      labels = labels.filter { preempted[$0.key] != nil || busy[$0.key] != nil }
    }
  }

  /// Adds the sums of another window.
  package mutating func add(_ other: Activity) {
    spans.add(other.spans)
    starts &+= other.starts
    preemptions &+= other.preemptions
    steals &+= other.steals
    stolenGs &+= other.stolenGs
    searches &+= other.searches
    found &+= other.found
    polls &+= other.polls
    sysmonPolls &+= other.sysmonPolls
    if other.longestSlice?.nanoseconds ?? 0 > longestSlice?.nanoseconds ?? 0 {
      longestSlice = other.longestSlice
    }
    preempted.merge(other.preempted, uniquingKeysWith: +)
    trimPreempted()
    addNames(other)
    ps = merge(ps, other.ps, id: \.p) { a, b in PTime(p: a.p, times: zip(a.times, b.times).map { $0 &+ $1 }) }
    ms = merge(ms, other.ms, id: \.m) { a, b in
      var sum = a
      sum.running &+= b.running
      sum.scheduling &+= b.scheduling
      sum.spinning &+= b.spinning
      sum.syscall &+= b.syscall
      return sum
    }
  }
}

/// Merges two lists that are in the order of their ids. Rows with the same id are added up.
private func merge<Row>(_ a: [Row], _ b: [Row], id: (Row) -> Int, _ add: (Row, Row) -> Row) -> [Row] {
  var rows: [Row] = []
  rows.reserveCapacity(max(a.count, b.count))
  var (i, j) = (0, 0)
  while i < a.count || j < b.count {
    if j == b.count || i < a.count && id(a[i]) < id(b[j]) {
      rows.append(a[i])
      i += 1
    } else if i == a.count || id(b[j]) < id(a[i]) {
      rows.append(b[j])
      j += 1
    } else {
      rows.append(add(a[i], b[j]))
      (i, j) = (i + 1, j + 1)
    }
  }
  return rows
}

/// One second of the machine's monotonic clock.
public struct Second: Sendable, Equatable {
  /// The number of the second: the nanoseconds of its moments, divided by 10^9.
  public var number: UInt64
  /// The sums of the events of the second.
  public var activity = Activity()
}
