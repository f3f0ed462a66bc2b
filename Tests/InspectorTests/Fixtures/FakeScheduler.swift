// A fake scheduler. It writes a region as the runtime does: it counts each move on its lane, then writes the
// record to the lane's ring. It also keeps the truth about its Gs, against which readers are tested.
import Region
import TestSupport

@testable import Host
@testable import Inspector
@testable import Observed

/// A wait as it really was, in ticks.
struct TrueWait: Equatable {
  var g: UInt64
  var begin: UInt64
  /// nil: the G was never runnable, because it kept its P during a system call.
  var ready: UInt64?
  var end: UInt64
}

final class FakeScheduler {
  let region: RegionFixture
  private var dice: Dice
  private let procs: Int
  private(set) var time: UInt64
  private var nextG: UInt64 = 1
  private var sequences: [UInt64: UInt32] = [:]
  /// When each G stopped running (`stopped`), and when it became runnable (`since`).
  private var stopped: [UInt64: UInt64] = [:]
  private var since: [UInt64: UInt64] = [:]
  /// The truth about all waits: how long each G waited, and for how long of that it was runnable.
  private(set) var waits: [TrueWait] = []
  private var runnable: [UInt64] = []
  private var parked: [(g: UInt64, reason: WaitReason)] = []
  private var inSyscall: [(g: UInt64, p: Int)] = []
  private var running: [UInt64?] {
    didSet { for (p, g) in running.enumerated() where g != oldValue[p] { region[PField.g, p] = g ?? 0 } }
  }
  private var created: UInt64 = 0
  private var exited: UInt64 = 0
  private var switches: UInt64 = 0
  /// Writes the record of a move that is counted but not yet written.
  private var half: (() -> Void)?
  /// Whether some moves are left half done until the next move.
  var leavesHalfDone = false
  /// Whether Gs make system calls. The fake leaves a G in its call and runs others on the same M, which no
  /// real thread can do.
  var makesSyscalls = true

  private static let reasons: [WaitReason] = [.netpollRead, .chanReceive, .sleep, .mutex]

  init(seed: UInt64, procs: Int = 3, ringRecords: Int = 1 << 14) {
    region = RegionFixture(.standard(pRecords: ringRecords, mRecords: 4096), procs: procs, ms: procs + 1)
    (dice, self.procs) = (Dice(seed), procs)
    running = Array(repeating: nil, count: procs)
    // Ahead of the real clock, so that the machine's speed does not matter.
    time = monotonicNow() + 3_600_000_000_000
  }

  /// Makes `moves` moves of Gs on random lanes.
  func run(_ moves: Int) {
    for _ in 0..<moves { step() }
  }

  /// Writes the record that is missing, if a move is half done.
  func finish() {
    half?()
    half = nil
  }

  private func step() {
    let p = dice.below(procs)
    time += UInt64(1 + dice.below(3000))
    if dice.below(8) == 0 { return move(.others, .p(p), nil, record(.mSpin, .p(p), 0)) }
    if let g = running[p] { return leave(g, p) }
    switch dice.below(4) {
    case 0 where !parked.isEmpty:
      let (g, reason) = parked.remove(at: dice.below(parked.count))
      runnable.append(g)
      // Half of netpoll's wake-ups come from a thread without a P.
      let lane: Lane = reason == .netpollRead && dice.below(2) == 0 ? .m(procs) : .p(p)
      move(.readied, lane, reason, record(.goReady, lane, g, detail: reason.rawValue))
    case 1 where !inSyscall.isEmpty:
      let (g, old) = inSyscall.remove(at: dice.below(inSyscall.count))
      guard running[old] == nil else {
        runnable.append(g)
        return move(.syscallsQueued, .m(old), nil, record(.goSyscallExit, .m(old), g))
      }
      running[old] = g
      move(.syscallsReturned, .p(old), nil, record(.goSyscallExit, .p(old), g, detail: 1))
    case 2 where live < 120:
      created += 1
      runnable.append(nextG)
      move(.created, .p(p), nil, record(.goCreate, .p(p), nextG))
      nextG += 1
    default:
      guard !runnable.isEmpty else { return }
      let g = runnable.removeFirst()
      running[p] = g
      switches += 1
      move(.started, .p(p), nil, record(.goStart, .p(p), g))
    }
  }

  private func leave(_ g: UInt64, _ p: Int) {
    running[p] = nil
    switch dice.below(8) {
    case 0:
      exited += 1
      move(.exited, .p(p), nil, record(.goExit, .p(p), g))
    case 1:
      runnable.append(g)
      move(.yielded, .p(p), nil, record(.goYield, .p(p), g))
    case 2 where makesSyscalls:
      inSyscall.append((g, p))
      move(.syscalls, .p(p), nil, record(.goSyscall, .p(p), g))
    default:
      let reason = Self.reasons[dice.below(Self.reasons.count)]
      parked.append((g, reason))
      move(.parked, .p(p), reason, record(.goPark, .p(p), g, detail: reason.rawValue, arg: g + 3))
    }
  }

  private func record(
    _ kind: EventKind, _ lane: Lane, _ g: UInt64, detail: UInt8 = 0, arg: UInt64 = 0
  ) -> Record {
    sequences[g, default: 0] += 1
    let arg = note(kind, g, detail) ?? arg
    let m =
      switch lane {
      case .p(let id): id
      case .m(let id): id
      }
    return Record(kind, time: time, m: UInt16(m), g: g, detail: detail, count: sequences[g] ?? 0, arg: arg)
  }

  /// Records the truth about waits. For a start, returns how long the G was runnable.
  private func note(_ kind: EventKind, _ g: UInt64, _ detail: UInt8) -> UInt64? {
    switch kind {
    case .goCreate, .goYield: (stopped[g], since[g]) = (time, time)
    case .goPark, .goSyscall: stopped[g] = time
    case .goReady: since[g] = time
    case .goSyscallExit where detail == 0: since[g] = time
    case .goSyscallExit: waits.append(TrueWait(g: g, begin: stopped[g] ?? 0, ready: nil, end: time))
    case .goStart:
      waits.append(TrueWait(g: g, begin: stopped[g] ?? 0, ready: since[g], end: time))
      return time - (since[g] ?? 0)
    default: break
    }
    return nil
  }

  private func move(_ field: LaneField, _ lane: Lane, _ reason: WaitReason?, _ record: Record) {
    finish()
    let (block, ring) =
      switch lane {
      case .p(let id): (id, region.ring(p: id))
      case .m(let id): (region.lane(m: id), region.ring(m: id))
      }
    region.count(field, on: block, reason: reason)
    half = { ring.append(record) }
    if !leavesHalfDone || dice.below(4) != 0 { finish() }
  }

  // MARK: the truth

  var live: Int { Int(created - exited) }

  /// The Gs by state, now. A half-done move counts as done.
  var gs: Snapshot.Gs {
    var gs = Snapshot.Gs()
    (gs.created, gs.exited) = (created, exited)
    (gs.running, gs.runnable) = (running.count { $0 != nil }, runnable.count)
    (gs.syscall, gs.tasks, gs.stackless) = (inSyscall.count, 0, 0)
    for (_, reason) in parked { gs.waiting[reason, default: 0] += 1 }
    return gs
  }

  /// The state of each G, by id.
  var states: [UInt64: GState] {
    var states: [UInt64: GState] = [:]
    for g in runnable { states[g] = .runnable }
    for g in running.compactMap({ $0 }) { states[g] = .running }
    for (g, _) in parked { states[g] = .waiting }
    for (g, _) in inSyscall { states[g] = .syscall }
    return states
  }

  /// The G that each P runs.
  var onPs: [UInt64?] { running }

  /// Writes the G table as the runtime does.
  func listGs() {
    let states = states
    for slot in 0..<Int(region[SchedField.gSlots]) { region[GField.id, slot] = 0 }
    for (slot, (g, state)) in states.sorted(by: { $0.key < $1.key }).enumerated() {
      let reason = parked.first { $0.g == g }?.reason ?? .none
      region[GField.status, slot] = GStatus(state, reason: reason).word
      region[GField.since, slot] = time
      region[GField.id, slot] = g
    }
    region[SchedField.gListed] = 4096
    region[SchedField.gSlots] = UInt64(states.count)
  }
}
