// What sysmon knows of one P from look to look, and what it does about it: a system call that lasts loses its P
// (Syscall §2), so does a thread that sleeps in the kernel without having said so (Drift), and a slice that lasts too long
// while others wait is ended (Preempt §2, §7).
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

  /// The slice that runs, and when it was first seen, in ticks.
  private var slice: UInt64 = 0
  private var since: UInt64 = 0
  /// The G that runs, by the P's activity: who stands in `runnext` as long as it runs waits for it like others.
  private var activity: UInt64 = 0
  /// The M in a system call that may lose the P, how many calls had returned, and when this was first seen.
  private var offered: Int?
  private var calls: UInt64 = 0
  private var callSince: UInt64 = 0
  /// CPU time of the M when the slice was first looked at, and when it was last looked at, in nanoseconds; and when that
  /// was, in ticks.
  private var cpuAtStart: UInt64?
  private var cpuBefore: UInt64?
  private var before: UInt64 = 0
  private var request: Request?
  /// Times that the handler found it in a library with locks and let it go on; and when it may be asked again.
  private var timesBusy = 0
  private var notBefore: UInt64 = 0
  /// When a request to end this slice first came to nothing, or there was nobody to ask; 0: never.
  private var refused: UInt64 = 0

  /// The M that was asked to stop on account of this P, until it has answered.
  private struct Request {
    let runner: M
    let since: UInt64
    let cpu: UInt64?
  }

  /// Times that a thread may be let go on because of where it is, before it is stopped all the same: some 3 ms.
  private static let patience = 16

  /// Looks at `p`. By sysmon, whose M is `m`.
  mutating func look(at p: P, _ now: UInt64, _ drift: inout Drift, by m: M) -> Look {
    let offered = p.offeredBy
    if let request {
      // In a system call the P can be had without an answer.
      guard offered != nil, request.runner.retract() else { return answer(of: request, on: p, now, by: m) }
      self.request = nil
    }
    if p.slice != slice {
      self = Watch()
      (slice, since) = (p.slice, now)
      (self.offered, calls, callSince) = (offered, p.callsReturned, now)
      return .nothing
    }
    if let offered { return lookAtCall(of: offered, on: p, now, by: m) }
    self.offered = nil
    guard sched.preempts, p.isHeldForGs || p.isOnItsWay else {
      // Idle beside work: whoever is to take it may wait for a lock that a stopped G has.
      noteRefused(p.isIdle && sched.hasWork, now)
      return .nothing
    }
    guard p.isHeldForGs, p.shared[.g].relaxed != 0 else {
      // On the scheduling stack, where nobody can be stopped.
      if now &- since > sched.slice { noteRefused(true, now) }
      return .nothing
    }
    return lookAtRunner(of: p, now, &drift, by: m)
  }

  /// Whether somebody was asked to stop who has not answered.
  var isPending: Bool { request != nil }

  /// Whether this P has not moved for a slice though it should have: its M is inside the runtime, and waits there, or has
  /// not got so far as to take it; or there is no M that could go on with it, and none can be started.
  func isStuck(_ now: UInt64) -> Bool { refused != 0 && now &- refused > sched.slice }

  private mutating func noteRefused(_ isRefused: Bool, _ now: UInt64) {
    refused = !isRefused ? 0 : refused == 0 ? now : refused
  }

  /// A call that is seen a second time has lasted.
  private mutating func lookAtCall(of offered: Int, on p: P, _ now: UInt64, by m: M) -> Look {
    let isWanted = p.mustRetire || sched.hasWork
    guard offered == self.offered, p.callsReturned == calls else {
      (self.offered, calls, callSince) = (offered, p.callsReturned, now)
      return isWanted ? .soon : .nothing
    }
    guard isWanted || now &- callSince > sched.slice else { return .nothing }
    // Somebody must go on with it, whom sysmon cannot start: that allocates.
    let hasHeir = !isWanted || sched.hasSpare()
    noteRefused(!hasHeir, now)
    guard hasHeir else { return .soon }
    sched.retake(p, from: offered, by: m)
    return .acted
  }

  private mutating func lookAtRunner(of p: P, _ now: UInt64, _ drift: inout Drift, by m: M) -> Look {
    let holder = p.shared[.m].relaxed
    guard holder != 0, let runner = sched.m(Int(holder - 1)) else { return .nothing }
    let waiting = waiting(for: p)
    let isWanted = waiting != .nobody || p.mustRetire
    guard isWanted || cpuAtStart == nil else { return .nothing }
    if cpuAtStart == nil {
      cpuAtStart = runner.cpuTime
      (cpuBefore, before) = (cpuAtStart, now)
    }
    guard isWanted else { return .nothing }
    let sleep = sleep(of: runner, now)
    if case .asleep(let forLock) = sleep {
      // For a lock a G that was stopped will go on with the P, if there is one, on a thread of its own.
      let hasHeir = forLock && Preemption.queued > 0 || sched.hasSpare()
      if hasHeir, drift.take(p, from: runner, forLock: forLock, now, by: m) { return .acted }
      noteRefused(true, now)  // or inside the runtime it waits for somebody: Preempt §6
    }
    let (lasted, limit) = (now &- since, waiting == .fresh ? sched.grain : sched.slice)
    let hasHadIt =
      hasUsed(limit, since: cpuAtStart, runner) || (sleep == .unknown && lasted > 4 &* sched.slice)
    guard lasted > limit, hasHadIt, now >= notBefore else { return .soon }
    p.requestEnd(of: slice)
    guard runner.askToStop() else { return .soon }
    request = Request(runner: runner, since: now, cpu: runner.cpuTime)
    m.emit(.preemptRequest, count: p.id, arg: holder - 1)
    return .acted
  }

  private mutating func waiting(for p: P) -> Scheduler.Waiting {
    let before = activity
    activity = p.activity
    return activity == before && p.lrq.hasNext ? .fresh : sched.waiting
  }

  /// Whether the thread sleeps; asked when it has hardly had the CPU since the last look (Drift §5).
  private mutating func sleep(of runner: M, _ now: UInt64) -> M.Sleep {
    let passed = now &- before
    guard passed > sched.grain / 8 else { return .awake }
    let used = runner.cpuUsed(since: cpuBefore)
    (cpuBefore, before) = (runner.cpuTime, now)
    guard let used else { return .unknown }
    return used < passed / 8 ? runner.sleep : .awake
  }

  private mutating func isAsleep(_ runner: M, _ now: UInt64) -> Bool {
    if case .asleep = sleep(of: runner, now) { true } else { false }
  }

  /// Whether the thread had the CPU for half of `limit`: on a machine with more to do than CPUs a thread that waits for
  /// its own turn is no hog.
  private func hasUsed(_ limit: UInt64, since start: UInt64?, _ runner: M) -> Bool {
    guard let used = runner.cpuUsed(since: start) else { return true }
    return used > limit / 2
  }

  // MARK: the answer

  /// Whether the M has answered, and what comes of it. First it may do so by itself, on its way out of the runtime; then
  /// it gets the signal, once somebody is there to go on with the P.
  private mutating func answer(of request: Request, on p: P, _ now: UInt64, by m: M) -> Look {
    let runner = request.runner
    var stopped = false
    switch runner.stop {
    case .leftANote: runner.letGo()
    case .wasBusy:
      runner.letGo()
      timesBusy += 1
      notBefore = now &+ sched.grain / 8
      self.request = nil
      return .acted
    case .standsStill: stopped = sched.stopped(runner, by: m)
    case .signalled, .insisted, .onLoan, .beingTaken, .adrift: return .acted
    case .runs: stopped = p.slice != slice
    case .asked where p.slice != slice && runner.retract():
      stopped = true  // that slice is over
    case .asked where isAsleep(runner, now) && runner.retract():
      self.request = nil  // it cannot answer, and a signal would only wake it: the next look takes its P
      return .acted
    case .asked:
      signal(request, on: p, now)
      return .acted  // look again soon
    }
    self.request = nil
    if !stopped { noteRefused(true, now) }
    return .acted
  }

  private mutating func signal(_ request: Request, on p: P, _ now: UInt64) {
    let (runner, waited) = (request.runner, now &- request.since)
    // A thread that waits for a CPU meanwhile could not have given way yet.
    guard waited > sched.grain / 8 || timesBusy > 0,
      hasUsed(sched.grain / 4, since: request.cpu, runner) || timesBusy > 0
    else { return }
    if waited <= sched.grain, !sched.hasSpare() { return }
    guard runner.changeStop(.asked, timesBusy < Self.patience ? .signalled : .insisted) else { return }
    // Preempt §3: whoever goes into a system call waits for the signal; whoever is in one is not sent it.
    _ = mpg_all_threads_barrier()
    if p.offeredBy == runner.id {
      runner.letGo()
      self.request = nil
    } else {
      runner.signal()
    }
  }
}

extension P {
  /// Whether nobody holds it, for good: see Procs.
  var isStopped: Bool { shared[.status].relaxed == UInt64(PStatus.stopped.rawValue) }

  var isIdle: Bool { shared[.status].relaxed == UInt64(PStatus.idle.rawValue) }

  /// Whether it was taken off the idle list, and whoever is to have it does not run yet: a thread that begins may wait for a
  /// lock of malloc. True for a moment of others too, while idle Ps come and go.
  var isOnItsWay: Bool {
    isIdle && sched.shared[.idlePs].relaxed == 0
  }

  /// Whether an M holds it to run Gs, or to search for one.
  var isHeldForGs: Bool {
    let status = shared[.status].relaxed
    return status == UInt64(PStatus.running.rawValue) || status == UInt64(PStatus.spinning.rawValue)
  }
}
