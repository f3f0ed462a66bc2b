// The checks of every snapshot that the observer takes.
import Glibc
import Inspector
import Region

struct Checks {
  /// The largest number of Ps: the work changes the number, from 1 to this one.
  private let procs: Int
  /// The longest time that a ready G may wait until it runs, and the longest time in which no G at all starts, in
  /// nanoseconds.
  private let patience: UInt64
  private var last: Snapshot?
  private var frames = 0
  private var consistent = 0
  private var scans = 0
  /// The waits of ready Gs that still go on, each with the time at which it was first seen.
  private var turns: [RunnableScan.Turn: UInt64] = [:]
  private var longestTurn: UInt64 = 0
  /// The moment at which the number of started Gs was last seen to change.
  private var lastSwitch: UInt64 = 0
  /// The number of snapshots in a row in which more Ms held a P than there are Ps.
  private var crowded = 0
  private(set) var violation: String?

  /// This many crowded snapshots in a row are a violation. A few in a row may be an accident, because the Ms are
  /// read one after another while Ps change hands.
  private static let believed = 20

  init(procs: Int, patience: Int) {
    self.procs = procs
    self.patience = UInt64(patience) * 1_000_000_000
  }

  var summary: String {
    let share = frames == 0 ? 0 : Double(consistent * 1000 / frames) / 10
    return
      "mpg-soak: \(frames) frames checked, \(consistent) of them consistent (\(share) %), \(scans) scans of the G "
      + "table, longest wait for a turn seen \(longestTurn / 1_000_000) ms"
  }

  mutating func look(at now: Snapshot) {
    frames += 1
    if now.isConsistent { consistent += 1 }
    check(
      now.gs.sumOfStates == now.gs.live,
      "Gs by state add up to \(now.gs.sumOfStates), and \(now.gs.live) live")
    if now.isConsistent {
      check(now.gs.running <= procs, "\(now.gs.running) Gs run on \(procs) Ps")
      let smallest = min(now.gs.running, now.gs.runnable, now.gs.preempted, now.gs.syscall)
      check(min(smallest, now.gs.waiting.values.min() ?? 0) >= 0, "a state has fewer than no Gs: \(now.gs)")
    }
    for p in now.ps {
      let (depth, most) = (p.lrq ?? -1, p.lrqMax ?? -1)
      check((0...Capacity.lrq).contains(depth) && most <= Capacity.lrq, "P\(p.id) has \(depth) Gs in its LRQ")
    }
    check((1...procs).contains(now.procs), "\(now.procs) procs instead of 1 to \(procs)")
    crowded = now.ms.count { $0.p != nil } > procs ? crowded + 1 : 0
    check(crowded < Self.believed, "more Ms hold a P than there are Ps")
    if let last { compare(last, now) }
    last = now
  }

  private mutating func compare(_ last: Snapshot, _ now: Snapshot) {
    grows("switches", last.switches, now.switches)
    grows("Gs created", last.gs.created, now.gs.created)
    grows("Gs exited", last.gs.exited, now.gs.exited)
    grows("netpoll wake-ups", last.netpoll.wakeups, now.netpoll.wakeups)
    grows("events", last.trace.events, now.trace.events)
    grows("events lost", last.trace.lost, now.trace.lost)
    for (before, after) in zip(last.ps, now.ps) where before.id == after.id {
      grows("steals by P\(after.id)", before.stealsIn, after.stealsIn)
      grows("starts on P\(after.id)", before.ticks, after.ticks)
    }
    if now.switches != last.switches { lastSwitch = now.time }
    check(
      lastSwitch == 0 || now.time - lastSwitch < patience,
      "no G was started for \(patience / 1_000_000_000) s")
  }

  mutating func look(at found: Set<RunnableScan.Turn>) {
    scans += 1
    let now = monotonicNanoseconds()
    turns = turns.filter { found.contains($0.key) }
    for turn in found { turns[turn] = turns[turn] ?? now }
    guard let oldest = turns.min(by: { $0.value < $1.value }) else { return }
    longestTurn = max(longestTurn, now - oldest.value)
    check(
      now - oldest.value < patience,
      "G \(oldest.key.id) waits for a turn since \((now - oldest.value) / 1_000_000) ms")
  }

  private mutating func grows(_ what: String, _ before: UInt64?, _ after: UInt64?) {
    guard let before, let after else { return check(false, "the number of \(what) is not told") }
    check(after >= before, "the number of \(what) fell from \(before) to \(after)")
  }

  private mutating func check(_ holds: Bool, _ otherwise: String) {
    if !holds, violation == nil { violation = otherwise }
  }
}

func monotonicNanoseconds() -> UInt64 {
  var now = timespec()
  unsafe clock_gettime(CLOCK_MONOTONIC, &now)
  return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
}
