// Events written by hand, in milliseconds: a scheduler whose every truth the test knows.
import Region

@testable import History
@testable import Host
@testable import Insight
@testable import Inspector
@testable import Observed
@testable import RegionSource

final class Script {
  let region: RegionFixture
  private let source: RegionReader
  let history = History()
  private let start: UInt64
  private var sequences: [UInt64: UInt32] = [:]

  /// - Parameter procs: the number of Ps. Each counts as running until its first event says otherwise.
  init(procs: Int = 3, ms: Int = 6) throws {
    region = RegionFixture(.standard(pRecords: 1024, mRecords: 256), procs: procs, ms: ms)
    for p in 0..<procs { region[PField.status, p] = UInt64(PStatus.running.rawValue) }
    start = monotonicNow() + 3_600_000_000_000  // ahead of the clock
    source = try region.source()
    try mark()
  }

  private func mark(goroutines: Bool = false) throws {
    _ = try source.drainInPlace(history.take)
    history.settle()
    let rows = goroutines ? try source.goroutines(limit: 100) : nil
    history.mark(try source.observe())
    if let rows { history.attach(GoroutineList(rows: rows)) }
    _ = try source.drainInPlace(history.take)
    history.settle()
  }

  /// A moment in milliseconds as nanoseconds, which are this region's ticks.
  func time(_ ms: Double) -> UInt64 { start + UInt64(ms * 1e6) }

  /// Writes an event of a P at a moment in milliseconds. The M has the P's number unless `m` says otherwise.
  /// A move of a G gets the G's next sequence number as its count, unless `count` is given.
  func p(
    _ p: Int, _ ms: Double, _ kind: EventKind, _ g: UInt64 = 0, _ detail: UInt8 = 0, count: UInt32? = nil,
    arg: UInt64 = 0, m: Int? = nil
  ) {
    let record = record(kind, ms, m ?? p, g, detail, count, arg)
    self.count(record, on: p)
    region.ring(p: p).append(record)
  }

  /// Writes an event of an M without a P.
  func m(
    _ m: Int, _ ms: Double, _ kind: EventKind, _ g: UInt64 = 0, _ detail: UInt8 = 0, count: UInt32? = nil,
    arg: UInt64 = 0
  ) {
    let record = record(kind, ms, m, g, detail, count, arg)
    self.count(record, on: region.lane(m: m))
    region.ring(m: m).append(record)
  }

  private func record(
    _ kind: EventKind, _ ms: Double, _ m: Int, _ g: UInt64, _ detail: UInt8, _ count: UInt32?, _ arg: UInt64
  ) -> Record {
    if Self.field(kind, detail) != nil { sequences[g, default: 0] += 1 }
    return Record(
      kind, time: time(ms), m: UInt16(m), g: g, detail: detail, count: count ?? sequences[g] ?? 0, arg: arg)
  }

  /// The counter that an event increments as a move of a G; nil: the event is no move.
  private static func field(_ kind: EventKind, _ detail: UInt8) -> LaneField? {
    switch kind {
    case .goCreate: .created
    case .goStart: .started
    case .goPark: .parked
    case .goReady: .readied
    case .goYield: .yielded
    case .goExit: .exited
    case .goPreempt: detail == 1 ? .preempted : .yielded
    case .goResume: .resumed
    case .goSyscall: .syscalls
    case .goSyscallExit: detail == 0 ? .syscallsQueued : .syscallsReturned
    default: nil
    }
  }

  private func count(_ record: Record, on lane: Int) {
    guard let kind = record.kind else { return }
    let field = Self.field(kind, record.detail) ?? .others
    let reason = field == .parked || field == .readied ? WaitReason(rawValue: record.detail) : nil
    region.count(field, on: lane, reason: reason)
  }

  /// A player over all events, at their end.
  func player(goroutines: Bool = false) throws -> Player {
    try mark(goroutines: goroutines)
    return Player(history)!
  }

  /// The explanation of a G's last wait.
  func why(_ g: UInt64) throws -> WaitChain { try player().why(g: g)! }
}

extension Place {
  static func next(_ depth: Int) -> UInt64 { Place(.runnext, depth: depth).bits }
  static func lrq(_ depth: Int) -> UInt64 { Place(.lrq, depth: depth).bits }
  static func grq(_ depth: Int) -> UInt64 { Place(.grq, depth: depth).bits }
}

extension WaitChain {
  /// The hops as kinds and milliseconds: `waiting 4.9, lrq 1.0`.
  var picture: String { hops.map { "\($0.kind) \(Double($0.duration) / 1e6)" }.joined(separator: ", ") }

  /// Whether the hops follow each other without gaps from begin to end, and the guilty hop is the longest.
  var addsUp: Bool {
    !hops.isEmpty && hops[0].begin == begin && hops.reduce(0) { $0 + $1.duration } == end - begin
      && zip(hops, hops.dropFirst()).allSatisfy { $0.end == $1.begin }
      && hops.allSatisfy { $0.duration <= hops[guilty].duration }
  }
}
