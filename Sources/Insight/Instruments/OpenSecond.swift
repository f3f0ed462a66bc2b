// A second for which events still come in. The meter adds to it, in ticks.
import Observed

/// The sums of a second that is not over.
struct OpenSecond {
  let number: UInt64
  /// Copies of a second share its tally. A meter that adds to it must own it first; see `ownTally`.
  private(set) var tally = SpanTally()
  var starts: UInt64 = 0
  var steals: UInt64 = 0
  var stolenGs: UInt64 = 0
  var searches: UInt64 = 0
  var found: UInt64 = 0
  var polls: UInt64 = 0
  var sysmonPolls: UInt64 = 0
  private(set) var preemptions: UInt64 = 0
  private var preempted: [UInt64: Int] = [:]
  private var longest: (g: UInt64, ticks: UInt64) = (0, 0)
  /// How many ticks each G ran in runs of `long` ticks or more.
  private var busy: [UInt64: UInt64] = [:]
  /// The label of the span for which a G worked, as a string id, by the G's id. Has only Gs that ran long or
  /// were preempted.
  private var labels: [UInt64: UInt64] = [:]
  /// A run of this many ticks or more is long: some 40 to 130 µs. Shorter runs are not added up by G, so that a
  /// flood of short Gs costs nothing more.
  private static let long: UInt64 = 1 << 17
  /// The times of the Ps: `uses` words for each P.
  private var ps: [UInt64] = []
  /// The times of the Ms: `shares` words for each M, which are running, scheduling, spinning, in system
  /// calls.
  private var ms: [UInt64] = []

  private static let uses = PTime.Use.allCases.count
  private static let shares = 4
  /// Maximum number of Gs in a list. Sysmon preempts a hundred Gs a second on each P, but damaged records may
  /// tell of any number.
  private static let mostPreempted = 4096

  init(number: UInt64) { self.number = number }

  /// Gives this second a tally of its own, if a copy of this second shares it. The meter of a moment of the past is a copy
  /// of one that is kept for the next moment, and must not count into that one. This is asked once for many records, because
  /// asking for each would cost more than to count it.
  mutating func ownTally() { if !isKnownUniquelyReferenced(&tally) { tally = SpanTally(tally) } }

  @inline(__always)
  mutating func addSlice(_ ticks: UInt64, of g: UInt64) {
    tally.add(.slice, ticks)
    if ticks > longest.ticks { longest = (g, ticks) }
    if ticks >= Self.long { addBusy(ticks, of: g) }
  }

  /// Whether a run is long enough to count in `busy`.
  @inline(__always)
  static func isLong(_ ticks: UInt64) -> Bool { ticks >= long }

  @inline(never)
  mutating func addBusy(_ ticks: UInt64, of g: UInt64) {
    if busy[g] != nil || busy.count < Self.mostPreempted { busy[g, default: 0] &+= ticks }
  }

  /// - Parameter label: a string id; 0: the G works for no span.
  mutating func note(label: UInt64, of g: UInt64) {
    if labels[g] != nil || labels.count < Self.mostPreempted { labels[g] = label }
  }

  mutating func addPreemption(of g: UInt64) {
    preemptions &+= 1
    if preempted[g] != nil || preempted.count < Self.mostPreempted { preempted[g, default: 0] += 1 }
  }

  mutating func addSyscall(_ ticks: UInt64, of m: Int) {
    tally.add(.syscall, ticks)
    makeRoom(forM: m)
    ms[m * Self.shares + 3] &+= ticks
  }

  /// Adds the ticks that P `p` spent while `m` held it, by `PTime.Use`. An `m` of −1 is not known.
  mutating func add(_ times: [UInt64], p: Int, m: Int) {
    while ps.count < (p + 1) * Self.uses { ps.append(0) }
    for (index, ticks) in times.enumerated() { ps[p * Self.uses + index] &+= ticks }
    guard m >= 0 else { return }
    makeRoom(forM: m)
    for (share, use) in [PTime.Use.running, .scheduling, .spinning].enumerated() {
      ms[m * Self.shares + share] &+= times[use.rawValue]
    }
  }

  private mutating func makeRoom(forM m: Int) {
    let missing = (m + 1) * Self.shares - ms.count
    if missing > 0 { ms += [UInt64](repeating: 0, count: missing) }
  }

  /// Returns the sums of the second in nanoseconds.
  func activity(_ clock: Clock) -> Activity {
    var activity = Activity()
    activity.spans = tally.spans
    activity.spans.scale(clock.nanosecondsPerTick)
    (activity.starts, activity.steals, activity.stolenGs) = (starts, steals, stolenGs)
    (activity.searches, activity.found) = (searches, found)
    (activity.polls, activity.sysmonPolls) = (polls, sysmonPolls)
    (activity.preemptions, activity.preempted) = (preemptions, preempted)
    activity.trimPreempted()
    activity.busy = busy.mapValues { clock.nanoseconds(lasting: $0) }
    activity.trimBusy()
    activity.labels = labels
    if longest.ticks > 0 {
      activity.longestSlice = .init(g: longest.g, nanoseconds: clock.nanoseconds(lasting: longest.ticks))
    }
    for p in 0..<ps.count / Self.uses {
      let times = ps[p * Self.uses..<(p + 1) * Self.uses].map { clock.nanoseconds(lasting: $0) }
      if times.contains(where: { $0 != 0 }) { activity.ps.append(PTime(p: p, times: times)) }
    }
    for m in 0..<ms.count / Self.shares {
      let times = ms[m * Self.shares..<(m + 1) * Self.shares].map { clock.nanoseconds(lasting: $0) }
      guard times.contains(where: { $0 != 0 }) else { continue }
      var row = MTime(m: m)
      (row.running, row.scheduling, row.spinning, row.syscall) = (times[0], times[1], times[2], times[3])
      activity.ms.append(row)
    }
    return activity
  }
}
