// Pressure: for which share of the time Gs waited for a P, and whether they needed to.
//
// §1 At any moment there are Gs that could run and do not, or there are none; and there are Ps that nobody holds, or
// there are none. A G that waits while a P is idle waits for nothing but a wake-up: *avoidable*. One that waits while
// an M with a P searches is being looked for. One that waits while all Ps run others is queued because the machine is
// *saturated*. And a G whose news lies in the kernel waits too, though the scheduler does not know of it: hogs on all Ps
// poll nothing. Where a poll found something after nobody had looked for over a millisecond, what would be calm since the
// look before is *unpolled*: at most so long did news lie there. These and *calm* (nobody waits) are all there is, so they
// add up to the window. For what the threads themselves wait, see PressureOfCPUs.
//
// §2 This is exact, from events in the order of time: the number of runnable Gs is the keyframe's plus what became
// runnable minus what started, and what a P does follows from its lane. So it needs all lanes put in order, which costs
// several times what the meter does. A live viewer therefore measures four stretches a second that are as long as their
// events are few (see PressureProbe); of the past the last segments are measured, up to some number of events.
// `measured` says how much it was. Where records are missing nothing is measured.
//
// §3 Gs that were preempted and wait for their turn count as runnable. Where the records of two lanes have the same
// time, or a thread was held up between taking the time and counting, a moment may be counted on the other side.
import History
import Observed
import Region

/// Nanoseconds of a window by what Gs waited for; they add up to `measured`.
public struct Pressure: Sendable, Equatable {
  /// Nobody waited for a P.
  public var calm: UInt64 = 0
  /// Somebody did while a P was idle.
  public var avoidable: UInt64 = 0
  /// Somebody did, no P was idle, and at least one searched for work.
  public var searching: UInt64 = 0
  /// Somebody did, and all Ps were busy.
  public var saturated: UInt64 = 0
  /// No G that is known of did, but nobody polled for over a millisecond, and then there was news for some.
  public var unpolled: UInt64 = 0

  public init() {}

  /// How long was looked at.
  public var measured: UInt64 { calm &+ avoidable &+ searching &+ saturated &+ unpolled }

  package mutating func add(_ other: Pressure) {
    calm &+= other.calm
    avoidable &+= other.avoidable
    searching &+= other.searching
    saturated &+= other.saturated
    unpolled &+= other.unpolled
  }
}

/// Who waits and what the Ps do, from one event to the next.
struct PressureGauge {
  private enum Use: UInt8 { case none, idle, spinning, busy }

  private var waiting: Int
  /// By P.
  private var uses: [Use] = []
  private var idle = 0
  private var spinning = 0
  private var last: UInt64
  /// In ticks.
  private var ticks = Pressure()
  /// The last stretches in which nobody waited, oldest first: a late poll may tell otherwise.
  private var calm: [(start: UInt64, end: UInt64)] = []

  /// Ps that are believed, and stretches that are kept.
  private static let most = 4096
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

  /// Counts the time up to `time`.
  package mutating func advance(to time: UInt64) {
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

  /// A poll found news after nobody had looked since `start`, in ticks.
  private mutating func pollLate(since start: UInt64) {
    while let last = calm.last, last.end > start {
      let begin = max(last.start, start)
      ticks.calm &-= last.end - begin
      ticks.unpolled &+= last.end - begin
      if begin == last.start { calm.removeLast() } else { calm[calm.count - 1].end = begin }
    }
  }

  package mutating func apply(_ record: Record, on lane: Lane) {
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

  package func result(_ clock: Clock) -> Pressure {
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
  /// The pressure from its start to `end`, in ticks, when `count` of its events have happened; nil: there is a gap.
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
