// What the P of one lane does at the moment, as far as its events tell, and for how long it has done what.

struct LaneMeter {
  package private(set) var use = PTime.Use.unknown
  /// Up to when its time is accounted, in ticks; 0: not watched yet.
  package private(set) var last: UInt64 = 0
  /// The M whose thread wrote the last record: the time is its as well.
  package private(set) var m = -1
  /// The G that runs, and since when; 0: not known.
  package private(set) var g: UInt64 = 0
  package private(set) var since: UInt64 = 0
  /// The G that was labelled last in this lane and is still, and with what (a string id); 0: none is.
  package private(set) var labelled: (g: UInt64, label: UInt64) = (0, 0)
  /// When sysmon took it from a system call, oldest first; see Meter §4.
  private var retakes: [UInt64] = []
  private static let mostRetakes = 4096
  /// The second that it is in, and the moment in ticks at which that ends.
  package var second: UInt64 = 0
  var secondEnd: UInt64 = 0
  /// Ticks by `Use`, of which there are six, that are not handed on yet, all of `m`. In place: an array would ask at each
  /// change whether it is shared.
  private var times = [6 of UInt64](repeating: 0)

  /// Begins in what the gauges say.
  package mutating func begin(_ use: PTime.Use, m: Int, at time: UInt64) {
    (self.use, self.m, last, since, g) = (use, m, time, 0, 0)
  }

  /// Events are missing since the last one.
  package mutating func lose() { (use, since, g) = (.unknown, 0, 0) }

  /// Accounts for the time up to `time`.
  @inline(__always)
  package mutating func advance(to time: UInt64) {
    guard time > last else { return }
    let passed = time &- last
    last = time
    if use == .syscall { leaveSyscall(passed) } else { times[use.rawValue] &+= passed }
  }

  /// Until sysmon took the P it was in a system call; from then on nobody held it.
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

  /// Sysmon took it.
  package mutating func retake(at time: UInt64) {
    if retakes.count < Self.mostRetakes { retakes.append(time) }
  }

  @inline(__always)
  package mutating func change(to use: PTime.Use, at time: UInt64) {
    advance(to: time)
    self.use = use
  }

  /// Another M holds it from here on; what the last one's time was must have been taken.
  package mutating func hold(by m: Int) { self.m = m }

  @inline(__always)
  package mutating func start(_ g: UInt64, at time: UInt64) { (self.g, since) = (g, time) }

  /// The G stopped; how long it ran, if it is known.
  @inline(__always)
  package mutating func stop(_ g: UInt64, at time: UInt64) -> UInt64? {
    let isKnown = g == self.g && since != 0 && time >= since
    let start = since
    (self.g, since) = (0, 0)
    return isKnown ? time &- start : nil
  }

  package mutating func label(_ g: UInt64, _ label: UInt64) { labelled = (g, label) }

  /// Ticks by `Use` since the last call.
  mutating func takeTimes() -> [UInt64] {
    defer { times = .init(repeating: 0) }
    return times.indices.map { times[$0] }
  }
}
