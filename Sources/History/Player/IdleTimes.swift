// How long each P was idle, searched, was in calls and ran, between a keyframe and a moment. The events in between tell
// it.
//
// The scheduler keeps these times itself, and a keyframe has them as they were read. Between two keyframes they grow by
// what the events say of each P. The moment of an event and the moment that the scheduler takes for its own account lie
// some hundred nanoseconds apart. At each keyframe the scheduler's own account replaces the sum, so the differences do
// not add up.
import Observed
import Region

package struct IdleTimes {
  /// The uses of a P's time, in the order of `Snapshot.P.times`.
  fileprivate enum Use: Int { case idle, searching, calls, running }

  fileprivate struct Row {
    var use: Use
    /// The moment up to which the P's time is accounted, in ticks.
    var since: UInt64
    /// The ticks spent since the keyframe, by `Use`.
    var ticks: [4 of UInt64] = [0, 0, 0, 0]
  }

  /// The row of each P, by the P's id; nil: the keyframe has no such P.
  private var rows: [Row?] = []
  private static let most = 4096

  package init(_ keyframe: Keyframe) {
    let start = keyframe.clock.ticks(at: keyframe.snapshot.time)
    for p in keyframe.snapshot.ps { add(p, since: start) }
  }

  /// Adds a P, which has been in its state since a moment in ticks.
  package mutating func add(_ p: Snapshot.P, since: UInt64) {
    guard p.id >= 0, p.id < Self.most else { return }
    while rows.count <= p.id { rows.append(nil) }
    rows[p.id] = Row(use: Self.use(p.status), since: since)
  }

  private static func use(_ status: PStatus) -> Use {
    switch status {
    case .idle, .stopped: .idle
    case .spinning: .searching
    case .running: .running
    case .syscall: .calls
    }
  }

  /// Adds one event. Events must come in the order of time.
  @inline(__always)
  package mutating func apply(_ record: Record, on lane: Lane) {
    guard let kind = record.kind else { return }
    switch kind {
    case .retake, .procRetire: set(Int(record.count), .idle, record.time)
    case .procStop: set(lane, .idle, record.time)
    case .mSpin: set(lane, .searching, record.time)
    case .goSyscall: set(lane, .calls, record.time)
    case .goStart, .goResume, .goSyscallExit: set(lane, .running, record.time)
    case .mUnspin where record.arg == 1: set(lane, .running, record.time)
    case .procStart: take(lane, record.time)
    default: break
    }
  }

  /// An M took a P. If the M is searching for work already, the P's time stays time of searching.
  private mutating func take(_ lane: Lane, _ time: UInt64) {
    guard case .p(let id) = lane, rows.indices.contains(id), rows[id]?.use != .searching else { return }
    set(id, .running, time)
  }

  private mutating func set(_ lane: Lane, _ use: Use, _ time: UInt64) {
    if case .p(let id) = lane { set(id, use, time) }
  }

  private mutating func set(_ id: Int, _ use: Use, _ time: UInt64) {
    guard rows.indices.contains(id), var row = rows[id], row.use != use else { return }
    row.advance(to: time)
    row.use = use
    rows[id] = row
  }

  /// Adds to the Ps' times the time that has passed until the moment `end`, in ticks.
  package func add(to ps: inout [Snapshot.P], until end: UInt64, _ clock: Clock) {
    for index in ps.indices where rows.indices.contains(ps[index].id) {
      guard var row = rows[ps[index].id] else { continue }
      row.advance(to: end)
      for (use, time) in Snapshot.P.times.enumerated() {
        ps[index][keyPath: time] = ps[index][keyPath: time].map {
          $0 &+ clock.nanoseconds(lasting: row.ticks[use])
        }
      }
    }
  }
}

extension IdleTimes.Row {
  fileprivate mutating func advance(to time: UInt64) {
    guard time > since else { return }
    ticks[use.rawValue] &+= time &- since
    since = time
  }
}

extension Snapshot.P {
  /// The times of a P, in the order of `IdleTimes.Use`.
  package static var times: [WritableKeyPath<Snapshot.P, UInt64?>] {
    [\.idleTime, \.spinTime, \.callTime, \.runTime]
  }
}
