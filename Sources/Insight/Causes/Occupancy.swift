// A hop is one part of a wait: a stretch of time for which one thing held the G up (WaitChain.swift). The
// occupancy of a P says what the P did during a hop: how long it ran Gs, how long its M was inside a system
// call, how long it was idle. For each P only these sums, the longest run and the longest system call are
// kept, so a hop of any length takes the same memory.
import Observed

/// The use of one P during a hop. Times are in ticks.
package struct Occupancy: Equatable {
  /// A stretch of time in which one G held the P.
  struct Stretch: Equatable {
    var g: UInt64
    var m: Int
    /// How much of the stretch lies in the hop.
    var inside: UInt64
    /// How long all of the stretch was.
    var length: UInt64
    /// Whether the beginning of the stretch is in the history. If not, the stretch was longer than `length`.
    var isWhole: Bool
  }

  /// How long the P ran Gs in the hop.
  package var running: UInt64 = 0
  /// How long the P's M was inside a system call in the hop.
  package var syscall: UInt64 = 0
  /// How long the P was idle in the hop.
  package var idle: UInt64 = 0
  /// How many runs of Gs there were in the hop.
  package var runs = 0
  var longestRun: Stretch?
  var longestSyscall: Stretch?
  /// The moment at which sysmon took the P from an M in a system call; nil: sysmon did not.
  var retaken: UInt64?

  /// How long some G held the P in the hop, running or in a system call.
  package var held: UInt64 { running + syscall }
}

/// Goes through events and sums up what each P did.
struct OccupancyCollector {
  private enum Activity: Equatable {
    case other, idle
    case run(UInt64, Int)
    case syscall(UInt64, Int)
  }

  private struct Current {
    var activity = Activity.other
    var since: UInt64
    var isWhole: Bool
  }

  private let from: UInt64
  private let to: UInt64
  private(set) var ps: [Int: Occupancy] = [:]
  private var current: [Int: Current] = [:]

  /// - Parameters:
  ///   - snapshot: the gauges at `start`, the moment from which on events will come.
  ///   - from: the beginning of the hop, in ticks.
  ///   - to: the end of the hop, in ticks.
  init(_ snapshot: Snapshot, at start: UInt64, from: UInt64, to: UInt64) {
    (self.from, self.to) = (from, to)
    for p in snapshot.ps {
      var activity = Activity.other
      if let g = p.g { activity = p.status == .syscall ? .syscall(g, p.m ?? 0) : .run(g, p.m ?? 0) }
      if p.status == .idle || p.status == .stopped { activity = .idle }
      current[p.id] = Current(activity: activity, since: start, isWhole: false)
      ps[p.id] = Occupancy()
    }
  }

  /// Takes the next event. Events must come in the order of time.
  mutating func take(_ event: PlacedRecord) {
    let record = event.record
    guard let kind = record.kind else { return }
    let m = Int(record.m)
    switch kind {
    case .retake:
      let p = Int(record.count)
      if record.time >= from, let had = ps[p], had.retaken == nil { ps[p]?.retaken = record.time }
      change(p, to: .idle, at: record.time)
    case .procRetire: change(Int(record.count), to: .idle, at: record.time)
    default:
      guard case .p(let p) = event.lane else { return }
      switch kind {
      case .goStart, .goResume: change(p, to: .run(record.g, m), at: record.time)
      case .goSyscallExit where record.detail != 0: change(p, to: .run(record.g, m), at: record.time)
      case .goSyscall: change(p, to: .syscall(record.g, m), at: record.time)
      case .goPark, .goYield, .goExit, .goPreempt, .procStart: change(p, to: .other, at: record.time)
      case .procStop: change(p, to: .idle, at: record.time)
      default: break
      }
    }
  }

  /// Ends the last stretch of each P. Call this after the last event. Assumes that each P goes on with what it
  /// does then until the end of the hop, or until `last` if that is later.
  mutating func finish(at last: UInt64) {
    for p in Array(current.keys) { change(p, to: .other, at: max(last, to)) }
  }

  private mutating func change(_ p: Int, to activity: Activity, at time: UInt64) {
    guard let old = current[p], var sums = ps[p] else { return }
    current[p] = Current(activity: activity, since: time, isWhole: true)
    let (first, last) = (max(old.since, from), min(time, to))
    guard first < last else { return }
    let inside = last - first
    func longest(_ best: Occupancy.Stretch?, _ g: UInt64, _ m: Int) -> Occupancy.Stretch? {
      if let best, best.inside >= inside { return best }
      return Occupancy.Stretch(g: g, m: m, inside: inside, length: time - old.since, isWhole: old.isWhole)
    }
    switch old.activity {
    case .other: break
    case .idle: sums.idle += inside
    case .run(let g, let m):
      sums.running += inside
      sums.runs += 1
      sums.longestRun = longest(sums.longestRun, g, m)
    case .syscall(let g, let m):
      sums.syscall += inside
      sums.longestSyscall = longest(sums.longestSyscall, g, m)
    }
    ps[p] = sums
  }
}
