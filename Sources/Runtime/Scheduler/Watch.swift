// What sysmon knows of one P from look to look, and what it does about it: a system call that lasts loses its P
// (Syscall §2), a G that runs for too long while others wait is stopped (Preempt §2).
import CMPG
import Region

/// One P as sysmon saw it last. Owner: sysmon.
struct Watch {
  /// What a look came to.
  enum Look: Comparable {
    case nothing
    /// Something will have to be done before long.
    case soon
    case acted
  }

  private var activity: UInt64 = 0
  private var offered: Int?
  /// When this activity was first seen, or was last asked to end, in ticks.
  private var since: UInt64 = 0
  /// CPU time of the M when the activity was seen for the second time.
  private var cpuAtStart: UInt64?
  /// The M that was asked to stop on account of this P, until it has answered.
  private var asked: M?
  private var isSignalled = false
  /// When a request to end this activity first came to nothing, or there was nobody to ask; 0: never.
  private var refused: UInt64 = 0

  /// Looks at `p`. By sysmon, whose M is `m`.
  mutating func look(at p: P, _ now: UInt64, by m: M) -> Look {
    if let asked { return answer(of: asked, on: p, now, by: m) }
    guard p.activity == activity, p.offeredBy == offered else {
      self = Watch()
      (activity, offered, since) = (p.activity, p.offeredBy, now)
      return .nothing
    }
    let lasted = now &- since
    if let offered {
      guard p.mustRetire || sched.hasWork || lasted > sched.slice else { return .nothing }
      sched.retake(p, from: offered, by: m)
      return .acted
    }
    guard sched.preempts, p.isHeldForGs || p.isOnItsWay else {
      refused = 0
      return .nothing
    }
    guard p.isHeldForGs, p.shared[.g].relaxed != 0 else {
      // On the scheduling stack, where nobody can be stopped.
      if lasted > sched.slice, refused == 0 { refused = now }
      return .nothing
    }
    return lookAtRunner(of: p, lasted, now, by: m)
  }

  /// Whether somebody was asked to stop who has not answered.
  var isPending: Bool { asked != nil }

  /// Whether this P has not moved for a slice though it should have: its M is inside the runtime, and waits there, or has
  /// not got so far as to take it.
  func isStuck(_ now: UInt64) -> Bool { refused != 0 && now &- refused > sched.slice }

  private mutating func lookAtRunner(of p: P, _ lasted: UInt64, _ now: UInt64, by m: M) -> Look {
    let holder = p.shared[.m].relaxed
    guard holder != 0, let runner = sched.m(Int(holder - 1)) else { return .nothing }
    if cpuAtStart == nil { cpuAtStart = runner.cpuTime }
    guard sched.hasWork || p.mustRetire else { return .nothing }
    let limit = sched.hasFreshWork ? sched.grain : sched.slice
    guard lasted > limit, hasUsed(limit, lasted, runner) else { return .soon }
    p.requestEnd(of: activity)
    guard runner.askToStop() else { return .soon }
    asked = runner
    isSignalled = false
    since = now
    cpuAtStart = runner.cpuTime
    m.emit(.preemptRequest, count: p.id, arg: holder - 1)
    return .acted
  }

  /// Whether the thread had the CPU for about as long as it had the P: on a machine with more to do than CPUs a thread
  /// that waits for its own turn is no hog. One that waits in the kernel is, in the end.
  private func hasUsed(_ limit: UInt64, _ lasted: UInt64, _ runner: M) -> Bool {
    guard let start = cpuAtStart, let now = runner.cpuTime else { return true }
    return now &- start > limit / 2 || lasted > 4 &* sched.slice
  }

  /// Whether the M has answered, and what comes of it. First it may do so by itself, on its way out of the runtime; then
  /// it gets the signal, once somebody is there to go on with the P.
  private mutating func answer(of asked: M, on p: P, _ now: UInt64, by m: M) -> Look {
    var stopped = false
    switch asked.stop {
    case .leftANote: asked.letGo()
    case .standsStill: stopped = sched.stopped(asked, by: m)
    case .runs, .onLoan: return .acted
    case .asked where p.activity != activity && asked.retract():
      stopped = true  // that G is not running any more
    case .asked:
      signal(asked, now &- since)
      return .acted  // look again soon
    }
    self.asked = nil
    if !stopped, refused == 0 { refused = now }
    return .acted
  }

  private mutating func signal(_ asked: M, _ waited: UInt64) {
    // A thread that waits for a CPU meanwhile could not have given way yet.
    guard !isSignalled, waited > sched.grain / 8, hasUsed(sched.grain / 4, waited, asked) else { return }
    if waited <= sched.grain, !sched.hasSpare() { return }
    isSignalled = true
    asked.signal()
  }
}

extension P {
  /// Whether nobody holds it, for good: see Procs.
  var isStopped: Bool { shared[.status].relaxed == UInt64(PStatus.stopped.rawValue) }

  /// Whether it was taken off the idle list, and whoever is to have it does not run yet: a thread that begins may wait for a
  /// lock of malloc. True for a moment of others too, while idle Ps come and go.
  var isOnItsWay: Bool {
    shared[.status].relaxed == UInt64(PStatus.idle.rawValue) && sched.shared[.idlePs].relaxed == 0
  }

  /// Whether an M holds it to run Gs, or to search for one.
  var isHeldForGs: Bool {
    let status = shared[.status].relaxed
    return status == UInt64(PStatus.running.rawValue) || status == UInt64(PStatus.spinning.rawValue)
  }
}
