// Pressure: the share of the time in which Gs waited for a P, and whether they needed to.
//
// §1 The parts. At any moment some Gs are runnable and do not run, or none is; and some Ps are held by no M,
// or all are held. If a G waits while a P is idle, it waits for nothing but a wake-up: this is *avoidable*.
// If it waits while an M with a P searches, that M is looking for it: *searching*. If it waits while all Ps
// run other Gs, the machine is *saturated*. A G also waits if its descriptor is ready in the kernel and
// nobody polls, but the scheduler does not know of that: while hogs hold all Ps, nobody polls. So if a poll
// finds something after nobody had polled for over a millisecond, the calm time since the poll before becomes
// *unpolled*: a descriptor may have been ready for at most that long. These four and *calm* (no G waits) are
// all there is, so they add up to the window. CPUPressure tells what the threads themselves wait for.
//
// §2 The method. The result is exact, because it is computed from events in the order of time: the number of
// runnable Gs is that of the keyframe, plus those that became runnable, minus those that started; and what a P
// does follows from its lane. So all lanes must be put in order, which costs several times what the meter does.
// A live viewer therefore measures four stretches a second, and the more events there are, the shorter the
// stretches (see PressureProbe). Of the past, the last segments are measured, up to some number of events.
// `measured` says how much time was measured. Where records are missing, nothing is measured.
//
// §3 Limits. Gs that were preempted and wait for their turn count as runnable. If records of two lanes have
// the same time, or a thread was held up between taking the time and counting, a moment may be counted in the
// wrong part.
import History
import Observed
import Region

/// The time of a window, in nanoseconds, by the causes for which Gs waited. The parts add up to `measured`.
public struct Pressure: Sendable, Equatable {
  /// How long no G waited for a P.
  public var calm: UInt64 = 0
  /// How long a G waited while a P was idle.
  public var avoidable: UInt64 = 0
  /// How long a G waited while no P was idle, and at least one M with a P searched for work.
  public var searching: UInt64 = 0
  /// How long a G waited while all Ps were busy.
  public var saturated: UInt64 = 0
  /// How long no G was known to wait, but a descriptor may have been ready: no thread had polled for over a
  /// millisecond, and the next poll found something.
  public var unpolled: UInt64 = 0

  /// Makes a value in which nothing was measured.
  public init() {}

  /// The time that was measured, in nanoseconds.
  public var measured: UInt64 { calm &+ avoidable &+ searching &+ saturated &+ unpolled }

  package mutating func add(_ other: Pressure) {
    calm &+= other.calm
    avoidable &+= other.avoidable
    searching &+= other.searching
    saturated &+= other.saturated
    unpolled &+= other.unpolled
  }
}

/// Follows how many Gs wait and what the Ps do, from one event to the next.
struct PressureGauge {
  private enum Use: UInt8 { case none, idle, spinning, busy }

  private var waiting: Int
  /// The activity of each P, by its id.
  private var uses: [Use] = []
  private var idle = 0
  private var spinning = 0
  private var last: UInt64
  /// The parts so far, in ticks.
  private var ticks = Pressure()
  /// The last stretches in which no runnable G waited, oldest first. They are kept because a poll that comes
  /// late may show that a descriptor was ready meanwhile; then that time is counted as unpolled instead of
  /// calm (§1).
  private var calm: [(start: UInt64, end: UInt64)] = []

  /// The most Ps that are followed. A region that claims more is damaged.
  private static let most = 4096
  /// The most calm stretches that are kept.
  private static let mostStretches = 512

  init(_ snapshot: Snapshot, from start: UInt64) {
    (waiting, last) = (snapshot.gs.runnable + snapshot.gs.preempted, start)
    for p in snapshot.ps where p.status != .stopped {
      set(p.id, p.status == .idle ? .idle : p.status == .spinning ? .spinning : .busy)
    }
  }

  @inline(__always)
  private mutating func set(_ p: Int, _ use: Use) {
    if p >= uses.count { makeRoom(for: p) }
    guard p < uses.count, uses[p] != use else { return }
    if uses[p] == .idle { idle -= 1 }
    if uses[p] == .spinning { spinning -= 1 }
    uses[p] = use
    if use == .idle { idle += 1 }
    if use == .spinning { spinning += 1 }
  }

  private mutating func makeRoom(for p: Int) {
    guard p < Self.most else { return }
    uses += [Use](repeating: .none, count: p + 1 - uses.count)
  }

  /// Adds the time up to `time`, in ticks, to the part to which it belongs.
  mutating func advance(to time: UInt64) {
    guard time > last else { return }
    let passed = time - last
    last = time
    if waiting <= 0 {
      ticks.calm &+= passed
      noteCalm(from: time - passed, to: time)
    } else if idle > 0 {
      ticks.avoidable &+= passed
    } else {
      if spinning > 0 { ticks.searching &+= passed } else { ticks.saturated &+= passed }
    }
  }

  private mutating func noteCalm(from start: UInt64, to end: UInt64) {
    if let last = calm.last, last.end == start {
      calm[calm.count - 1].end = end
    } else {
      if calm.count >= 2 * Self.mostStretches { calm.removeFirst(Self.mostStretches) }
      calm.append((start, end))
    }
  }

  /// Moves the calm time since `start`, in ticks, to the unpolled time, because a poll has now found
  /// something.
  private mutating func pollLate(since start: UInt64) {
    while let last = calm.last, last.end > start {
      let begin = max(last.start, start)
      ticks.calm &-= last.end - begin
      ticks.unpolled &+= last.end - begin
      if begin == last.start { calm.removeLast() } else { calm[calm.count - 1].end = begin }
    }
  }

  /// Applies what an event changes: how many Gs wait, and what a P does.
  mutating func apply(_ record: Record, on lane: Lane) {
    guard let kind = record.kind else { return }
    switch kind {
    case .netpollLate: pollLate(since: record.time - min(record.time, record.arg))
    case .goCreate, .goReady, .goYield, .goPreempt: waiting += 1
    case .goStart, .goResume: waiting -= 1
    case .goSyscallExit: waiting += record.detail == 0 ? 1 : 0
    case .retake: set(Int(record.count), .idle)
    case .procRetire: set(Int(record.count), .none)
    default: break
    }
    guard case .p(let p) = lane else { return }
    switch kind {
    case .procStop: set(p, .idle)
    case .mSpin: set(p, .spinning)
    case .procStart, .mUnspin, .goStart, .goResume, .goSyscallExit: set(p, .busy)
    default: break
    }
  }

  func result(_ clock: Clock) -> Pressure {
    var pressure = Pressure()
    pressure.calm = clock.nanoseconds(lasting: ticks.calm)
    pressure.avoidable = clock.nanoseconds(lasting: ticks.avoidable)
    pressure.searching = clock.nanoseconds(lasting: ticks.searching)
    pressure.saturated = clock.nanoseconds(lasting: ticks.saturated)
    pressure.unpolled = clock.nanoseconds(lasting: ticks.unpolled)
    return pressure
  }
}

extension Window {
  /// The pressure from the window's start to `end`, in ticks, from the first `count` events; nil: records are
  /// missing.
  package func pressure(after count: Int, at end: UInt64) -> Pressure? {
    guard isWhole, missing(at: end) == 0 else { return nil }
    var gauge = PressureGauge(keyframe.snapshot, from: start)
    for event in events.prefix(count) {
      gauge.advance(to: min(event.record.time, end))
      gauge.apply(event.record, on: event.lane)
    }
    gauge.advance(to: end)
    return gauge.result(keyframe.clock)
  }
}
