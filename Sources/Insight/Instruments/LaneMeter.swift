// The activity of the P of one lane at the moment, as far as its events tell, and the time that it has spent
// on each kind of activity.

/// The meter of one P. All times are in ticks.
struct LaneMeter {
  private(set) var use = PTime.Use.unknown
  /// The time up to which the P's time is counted, in ticks; 0: the P is not watched yet.
  private(set) var last: UInt64 = 0
  /// The M whose thread wrote the last record. The P's time counts for this M as well. −1: not known.
  private(set) var m = -1
  /// The G that runs; 0: not known.
  private(set) var g: UInt64 = 0
  /// The moment from which on the G `g` runs, in ticks; 0: not known.
  private(set) var since: UInt64 = 0
  /// The G that got a label last in this lane, if it still has that label, and the label (a string id); 0:
  /// there is none.
  private(set) var labelled: (g: UInt64, label: UInt64) = (0, 0)
  /// The moments at which sysmon took the P from system calls, oldest first; see Meter §4.
  private var retakes: [UInt64] = []
  private static let mostRetakes = 4096
  /// The second of the clock in which `last` lies.
  var second: UInt64 = 0
  /// The moment at which the second in which `last` lies ends, in ticks.
  var secondEnd: UInt64 = 0
  /// The time of the P since the last `takeTimes`, by the six cases of `Use`. The M `m` held the P in all of
  /// it. This is an inline array, because an ordinary array would check at each change whether it is shared.
  private var times = [6 of UInt64](repeating: 0)

  /// Begins to watch the P. `use` and `m` are what the gauges say of it.
  mutating func begin(_ use: PTime.Use, m: Int, at time: UInt64) {
    (self.use, self.m, last, since, g) = (use, m, time, 0, 0)
  }

  /// Notes that events are missing after the last one, so what the P does is not known.
  mutating func lose() { (use, since, g) = (.unknown, 0, 0) }

  /// Adds the time up to `time` to the sum of what the P does.
  @inline(__always)
  mutating func advance(to time: UInt64) {
    guard time > last else { return }
    let passed = time &- last
    last = time
    if use == .syscall { leaveSyscall(passed) } else { times[use.rawValue] &+= passed }
  }

  /// Accounts for time in a system call. If sysmon took the P meanwhile, nobody held the P from then on.
  private mutating func leaveSyscall(_ passed: UInt64) {
    let start = last &- passed
    retakes.removeAll { $0 < start }
    guard let retaken = retakes.first, retaken < last else {
      times[PTime.Use.syscall.rawValue] &+= passed
      return
    }
    times[PTime.Use.syscall.rawValue] &+= retaken &- start
    times[PTime.Use.idle.rawValue] &+= last &- retaken
    use = .idle
  }

  /// Notes that sysmon took the P.
  mutating func retake(at time: UInt64) {
    if retakes.count < Self.mostRetakes { retakes.append(time) }
  }

  /// Adds the time up to `time` to the sum of what the P did until then. From `time` on the P does `use`.
  @inline(__always)
  mutating func change(to use: PTime.Use, at time: UInt64) {
    advance(to: time)
    self.use = use
  }

  /// Notes that another M holds the P from here on. Before this call, the time of the M that held it must
  /// have been taken (`takeTimes`).
  mutating func hold(by m: Int) { self.m = m }

  @inline(__always)
  mutating func start(_ g: UInt64, at time: UInt64) { (self.g, since) = (g, time) }

  /// Notes that the G stopped. Returns how long it ran; nil: not known.
  @inline(__always)
  mutating func stop(_ g: UInt64, at time: UInt64) -> UInt64? {
    let isKnown = g == self.g && since != 0 && time >= since
    let start = since
    (self.g, since) = (0, 0)
    return isKnown ? time &- start : nil
  }

  mutating func label(_ g: UInt64, _ label: UInt64) { labelled = (g, label) }

  /// Returns the time by `Use` since the last call.
  mutating func takeTimes() -> [UInt64] {
    defer { times = .init(repeating: 0) }
    return times.indices.map { times[$0] }
  }
}
