// A fake scheduler whose Ps and Ms behave like real ones. It accounts for all time itself: how long each
// thing took, what each P and each M did, and what the Gs waited for. Instruments are tested against this
// truth.
import Region
import TestSupport

@testable import Host
@testable import Insight
@testable import Inspector
@testable import Observed

final class TimedScheduler {
  enum PState {
    case idle
    case scheduling(m: Int)
    case running(m: Int, g: UInt64)
    case spinning(m: Int)
    case syscall(m: Int, g: UInt64)
  }

  let region: RegionFixture
  private var dice: Dice
  private(set) var time: UInt64
  let start: UInt64
  private var ps: [PState]
  private var freeMs: [Int]
  private var nextG: UInt64 = 1
  private var sequence: UInt32 = 0
  private var runnable: [(g: UInt64, since: UInt64, reason: WaitReason)] = []
  private var parked: [(g: UInt64, reason: WaitReason)] = []
  private var sliceStart: [UInt64: UInt64] = [:]
  private var callStart: [UInt64: UInt64] = [:]
  /// Gs in system calls whose P was retaken, with their M.
  private var retaken: [(g: UInt64, m: Int)] = []
  private let sysmon: Int

  // The truth.
  private(set) var spans: [SpanKind: [UInt64]] = [:]
  private(set) var pTimes: [[UInt64]]
  private(set) var mTimes: [Int: [UInt64]] = [:]
  private(set) var starts = 0
  private(set) var preemptions = 0
  private(set) var searches = (ended: 0, found: 0)
  /// Each stretch of time, and which kind of pressure prevailed in it.
  private(set) var stretches: [(start: UInt64, end: UInt64, pressure: WritableKeyPath<Pressure, UInt64>)] = []

  /// - Parameter phase: nanoseconds from the beginning of a second to the scheduler's start.
  init(
    seed: UInt64, procs: Int = 3, ringRecords: Int = 1 << 14, longestStep: Int = 300_000, phase: UInt64 = 0
  ) {
    region = RegionFixture(
      .standard(pRecords: ringRecords, mRecords: 4096), procs: procs, ms: procs + 4)
    (dice, sysmon, self.longestStep) = (Dice(seed), procs + 3, longestStep)
    ps = Array(repeating: .idle, count: procs)
    pTimes = Array(repeating: Array(repeating: 0, count: PTime.Use.allCases.count), count: procs)
    freeMs = Array(0..<procs + 3)
    start = (monotonicNow() / 1_000_000_000 + 3_600) * 1_000_000_000 + phase
    time = start
  }

  private let longestStep: Int
  /// When the last record was written.
  private(set) var written: UInt64 = 0

  func run(_ steps: Int) {
    for _ in 0..<steps {
      pass(UInt64(1 + dice.below(longestStep)))
      step(dice.below(ps.count))
    }
  }

  // MARK: time

  private func pass(_ ticks: UInt64) {
    stretches.append((time, time + ticks, pressure))
    for p in ps.indices {
      pTimes[p][use(ps[p]).rawValue] += ticks
      switch ps[p] {
      case .running(let m, _): mTimes[m, default: [0, 0, 0, 0]][0] += ticks
      case .scheduling(let m): mTimes[m, default: [0, 0, 0, 0]][1] += ticks
      case .spinning(let m): mTimes[m, default: [0, 0, 0, 0]][2] += ticks
      case .idle, .syscall: break
      }
    }
    time += ticks
  }

  private func use(_ state: PState) -> PTime.Use {
    switch state {
    case .idle: .idle
    case .scheduling: .scheduling
    case .running: .running
    case .spinning: .spinning
    case .syscall: .syscall
    }
  }

  private var pressure: WritableKeyPath<Pressure, UInt64> {
    if runnable.isEmpty { return \.calm }
    if ps.contains(where: { use($0) == .idle }) { return \.avoidable }
    return ps.contains { use($0) == .spinning } ? \.searching : \.saturated
  }

  // MARK: moves

  private func step(_ p: Int) {
    switch ps[p] {
    case .idle:
      guard dice.below(3) == 0, let m = freeMs.popLast() else { return }
      write(.procStart, .p(p), m, count: UInt32(p))
      ps[p] = .scheduling(m: m)
    case .scheduling(let m): schedule(p, m)
    case .running(let m, let g): leave(p, m, g)
    case .spinning(let m): search(p, m)
    case .syscall(let m, let g): endCall(p, m, g)
    }
  }

  private func schedule(_ p: Int, _ m: Int) {
    switch dice.below(10) {
    case 0:
      write(.mSpin, .p(p), m)
      ps[p] = .spinning(m: m)
    case 1:
      write(.procStop, .p(p), m, count: UInt32(p))
      ps[p] = .idle
      freeMs.append(m)
    case 2 where nextG < 60: create(p, m)
    case 3 where !parked.isEmpty: ready(.p(p), m)
    case 4 where !retaken.isEmpty:
      let (g, owner) = retaken.removeFirst()
      record(.syscall, time - callStart[g]!, of: owner)
      write(.goSyscallExit, .m(owner), owner, g, arg: time - callStart[g]!, move: .syscallsQueued)
      runnable.append((g, time, .none))
      freeMs.append(owner)
    case 5: steal(p, m)
    default:
      guard !runnable.isEmpty else { return create(p, m) }
      let (g, since, reason) = runnable.remove(at: dice.below(runnable.count))
      spans[.runQueue, default: []].append(time - since)
      if reason.group == .netpoll { spans[.netpoll, default: []].append(time - since) }
      starts += 1
      write(.goStart, .p(p), m, g, detail: reason.rawValue << 4, arg: time - since, move: .started)
      (ps[p], sliceStart[g]) = (.running(m: m, g: g), time)
    }
  }

  private func create(_ p: Int, _ m: Int) {
    write(.goCreate, .p(p), m, nextG, move: .created)
    runnable.append((nextG, time, .none))
    nextG += 1
  }

  private func ready(_ lane: Lane, _ m: Int) {
    let (g, reason) = parked.remove(at: dice.below(parked.count))
    write(.goReady, lane, m, g, detail: reason.rawValue, move: .readied, reason: reason)
    runnable.append((g, time, reason))
  }

  private func steal(_ p: Int, _ m: Int) {
    let victim = (p + 1 + dice.below(ps.count - 1)) % ps.count
    let pair = p * Capacity.ps + victim
    region.word(PField.stealTries, p).bump()
    region.word(StealField.tries, pair).bump()
    guard dice.below(2) == 0 else { return }
    let gs = 1 + dice.below(100)
    region.word(StealField.hits, pair).bump()
    region.word(StealField.gs, pair).bump(by: UInt64(gs))
    write(.steal, .p(p), m, count: UInt32(gs), arg: UInt64(victim))
  }

  private func leave(_ p: Int, _ m: Int, _ g: UInt64) {
    if dice.below(4) == 0, !parked.isEmpty { return ready(dice.below(2) == 0 ? .p(p) : .m(sysmon), m) }
    spans[.slice, default: []].append(time - sliceStart[g]!)
    ps[p] = .scheduling(m: m)
    switch dice.below(6) {
    case 0: write(.goExit, .p(p), m, g, move: .exited)
    case 1:
      write(.goYield, .p(p), m, g, move: .yielded)
      runnable.append((g, time, .none))
    case 2:
      preemptions += 1
      write(.goPreempt, .p(p), m, g, move: .yielded)
      runnable.append((g, time, .none))
    case 3:
      write(.goSyscall, .p(p), m, g, move: .syscalls)
      (ps[p], callStart[g]) = (.syscall(m: m, g: g), time)
    default:
      let reason = [WaitReason.netpollRead, .netpollWrite, .chanReceive, .sleep][dice.below(4)]
      write(.goPark, .p(p), m, g, detail: reason.rawValue, move: .parked, reason: reason)
      parked.append((g, reason))
    }
  }

  private func search(_ p: Int, _ m: Int) {
    searches.ended += 1
    if dice.below(2) == 0 {
      searches.found += 1
      write(.mUnspin, .p(p), m, arg: 1)
      ps[p] = .scheduling(m: m)
    } else {
      write(.procStop, .p(p), m, count: UInt32(p))
      write(.mUnspin, .m(m), m)
      ps[p] = .idle
      freeMs.append(m)
    }
  }

  private func endCall(_ p: Int, _ m: Int, _ g: UInt64) {
    guard dice.below(2) == 0 else {
      write(.retake, .m(sysmon), sysmon, count: UInt32(p), arg: UInt64(m))
      retaken.append((g, m))
      ps[p] = .idle
      return
    }
    record(.syscall, time - callStart[g]!, of: m)
    write(.goSyscallExit, .p(p), m, g, detail: 1, arg: time - callStart[g]!, move: .syscallsReturned)
    (ps[p], sliceStart[g]) = (.running(m: m, g: g), time)
  }

  private func record(_ kind: SpanKind, _ ticks: UInt64, of m: Int) {
    spans[kind, default: []].append(ticks)
    mTimes[m, default: [0, 0, 0, 0]][3] += ticks
  }

  private func write(
    _ kind: EventKind, _ lane: Lane, _ m: Int, _ g: UInt64 = 0, detail: UInt8 = 0, count: UInt32? = nil,
    arg: UInt64 = 0, move: LaneField = .others, reason: WaitReason? = nil
  ) {
    sequence += 1
    written = time
    let (block, ring) =
      switch lane {
      case .p(let id): (id, region.ring(p: id))
      case .m(let id): (region.lane(m: id), region.ring(m: id))
      }
    region.count(move, on: block, reason: reason)
    ring.append(
      Record(
        kind, time: time, m: UInt16(m), g: g, detail: detail, count: count ?? (g == 0 ? 0 : sequence),
        arg: arg))
  }

  // MARK: its gauges

  /// Writes the fields of the Ps that a keyframe reads.
  func showPs() {
    for (p, state) in ps.enumerated() {
      let (status, m, g): (PStatus, Int?, UInt64) =
        switch state {
        case .idle: (.idle, nil, 0)
        case .scheduling(let m): (.running, m, 0)
        case .running(let m, let g): (.running, m, g)
        case .spinning(let m): (.spinning, m, 0)
        case .syscall(let m, _): (.syscall, m, 0)
        }
      region[PField.status, p] = region.raw(status)
      region[PField.m, p] = m.map { UInt64($0 + 1) } ?? 0
      region[PField.g, p] = g
      region[PField.since, p] = time
      region[PField.idleTicks, p] = pTimes[p][PTime.Use.idle.rawValue]
      region[PField.spinTicks, p] = pTimes[p][PTime.Use.spinning.rawValue]
    }
  }
}
