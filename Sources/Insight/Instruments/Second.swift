// What one second came to: the row of a heat map, and what longer windows are added up from.

/// What a P did for how long, in nanoseconds. They add up to the time over which it was watched.
public struct PTime: Sendable, Equatable {
  /// What a P can do at a time.
  public enum Use: Int, CaseIterable, Sendable {
    /// No M held it.
    case idle
    /// Its M was in the scheduler: between two Gs, polling, firing timers.
    case scheduling
    /// A G ran.
    case running
    /// Its M searched for work.
    case spinning
    /// Its M was in a system call, and nobody had taken it yet.
    case syscall
    /// Events are missing.
    case unknown
  }

  public var p: Int
  /// By `Use`.
  public var times: [UInt64]

  package init(p: Int, times: [UInt64]) { (self.p, self.times) = (p, times) }

  public subscript(use: Use) -> UInt64 { times[use.rawValue] }
  public var total: UInt64 { times.reduce(0, &+) }
}

/// What an M did for how long, in nanoseconds, of the same window.
public struct MTime: Sendable, Equatable {
  public var m: Int
  /// While it held a P: a G of its ran; it was in the scheduler; it searched.
  public var running: UInt64 = 0
  public var scheduling: UInt64 = 0
  public var spinning: UInt64 = 0
  /// In system calls that ended in the window, with its P or without.
  public var syscall: UInt64 = 0
  /// The rest: parked, kept by a preempted G, or, for an M that never holds a P, its own work.
  public var withoutP: UInt64 = 0

  package init(m: Int) { self.m = m }
}

/// What the events of a window came to.
public struct Activity: Sendable, Equatable {
  public var spans = Spans()
  /// Gs started, and Gs stopped because they ran too long.
  public var starts: UInt64 = 0
  public var preemptions: UInt64 = 0
  /// Steals, and the Gs that they moved.
  public var steals: UInt64 = 0
  public var stolenGs: UInt64 = 0
  /// Searches of Ms for work that ended, and those of them that found some.
  public var searches: UInt64 = 0
  public var found: UInt64 = 0
  /// Polls that found something, and those of them that sysmon had to make.
  public var polls: UInt64 = 0
  public var sysmonPolls: UInt64 = 0
  /// By P and by M, those that were seen, in the order of their ids.
  public var ps: [PTime] = []
  public var ms: [MTime] = []
  /// The G whose slice was the longest; nil: no slice ended.
  public var longestSlice: LongSlice?
  /// How often which G was preempted: those `mostPreempted` that were most often.
  public var preempted: [UInt64: Int] = [:]

  /// Nanoseconds for which which G ran in goes that were not short: those `mostPreempted` that ran most.
  public var busy: [UInt64: UInt64] = [:]
  /// Of Gs that were preempted or ran long: the label of the span that each worked for, by string id.
  package var labels: [UInt64: UInt64] = [:]

  static let mostPreempted = 64

  public struct LongSlice: Sendable, Equatable {
    public var g: UInt64
    public var nanoseconds: UInt64
  }

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

/// Two lists in the order of their ids become one.
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
  /// Its number: nanoseconds ÷ 10^9.
  public var number: UInt64
  public var activity = Activity()
}
