// The facts about one P that sysmon remembers from look to look, and sysmon's rules for that P. A system call that
// lasts loses its P (Syscall §2). So does a thread that sleeps in the kernel outside of `blocking` (Drift). A slice
// that lasts too long while other Gs wait is ended (Preempt §2, §7).
import CMPG
import Region

/// One P as sysmon saw it at the last look. Owner: sysmon.
struct Watch {
  /// The outcome of a look.
  enum Look: Comparable {
    case nothing
    /// Nothing was done, but something will have to be done before long.
    case soon
    case acted
  }

  /// The number of the slice that sysmon saw at the last look (Preempt §7).
  private var slice: UInt64 = 0
  /// When sysmon first saw that slice, in ticks.
  private var since: UInt64 = 0
  /// `P.activity` at the last look: a number that grows whenever a G starts or goes on running on the P. While it is
  /// unchanged, the P has run one and the same G, and a G in `runnext` waits behind that G.
  private var activity: UInt64 = 0
  /// The id of the M in a system call that may lose the P; nil: none.
  private var offered: Int?
  /// How many system calls had returned to the P when sysmon first saw that M's call.
  private var calls: UInt64 = 0
  /// When sysmon first saw that call, in ticks.
  private var callSince: UInt64 = 0
  /// The CPU time that the M had used when sysmon first saw this slice, in nanoseconds; nil: not known.
  private var cpuAtStart: UInt64?
  /// The CPU time that the M had used at the last look, in nanoseconds; nil: not known.
  private var cpuBefore: UInt64?
  /// The moment of the last look, in ticks.
  private var before: UInt64 = 0
  private var request: Request?
  /// How often the handler found the thread in a library with locks and let it go on (Preempt §8).
  private var timesBusy = 0
  /// The moment before which sysmon does not ask again, in ticks.
  private var notBefore: UInt64 = 0
  /// Since when this P has not gone on to other Gs though it should have (`isStuck`), in ticks; 0: it has, or it need
  /// not.
  private var refused: UInt64 = 0

  /// A request to an M to stop on account of this P. It lasts until the M has answered.
  private struct Request {
    let runner: M
    /// When the M was asked, in ticks of the events' clock, because the runtime's clock may stand still (PaceClock).
    let since: UInt64
    let cpu: UInt64?
  }

  /// How often a thread may be let go on because it is in a library that may hold a lock. Then it is stopped all the
  /// same: after some 3 ms.
  private static let patience = 16

  /// Looks at `p`. Called by sysmon, whose M is `m`.
  mutating func look(at p: P, _ now: UInt64, _ drift: inout Drift, by m: M) -> Look {
    let offered = p.offeredBy
    if let request {
      // The M is in a system call: sysmon can take the P without an answer.
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
    if Pace.isOn { return lookWhilePaced(at: p, now) }
    guard sched.preempts, p.isHeldForGs || p.isOnItsWay else {
      // The P is idle though there is work: the M that is to take it may wait for a lock that a stopped G holds.
      noteRefused(p.isIdle && sched.hasWork, now)
      return .nothing
    }
    guard p.isHeldForGs, p.shared[.g].relaxed != 0 else {
      // An M that runs no G is on its scheduling stack, where it cannot be stopped.
      if now &- since > sched.slice { noteRefused(true, now) }
      return .nothing
    }
    return lookAtRunner(of: p, now, &drift, by: m)
  }

  /// Whether an M that was asked to stop has not answered yet.
  var isPending: Bool { request != nil }

  /// Whether this P has for a slice not gone on to other Gs though it should have. Either its M waits inside the
  /// runtime; or the M that is to take the P has not got so far; or no M is there to go on with the P, and none can be
  /// started.
  func isStuck(_ now: UInt64) -> Bool { refused != 0 && now &- refused > sched.slice }

  private mutating func noteRefused(_ isRefused: Bool, _ now: UInt64) {
    refused = !isRefused ? 0 : refused == 0 ? now : refused
  }

  /// Looks at a P on offer. If two looks see the same system call, the call is one that lasts (Syscall §2).
  private mutating func lookAtCall(of offered: Int, on p: P, _ now: UInt64, by m: M) -> Look {
    let isWanted = p.mustRetire || sched.hasWork
    guard offered == self.offered, p.callsReturned == calls else {
      (self.offered, calls, callSince) = (offered, p.callsReturned, now)
      return isWanted ? .soon : .nothing
    }
    guard isWanted || now &- callSince > sched.slice else { return .nothing }
    // When sysmon takes the P, another M must go on with it. Sysmon cannot start a thread for a new M, because that
    // allocates. So take the P only if there is a spare M.
    let hasHeir = !isWanted || sched.hasSpare()
    noteRefused(!hasHeir, now)
    guard hasHeir, Pace.mayAct(m) else { return .soon }
    sched.retake(p, from: offered, by: m)
    return .acted
  }

  /// Asks the thread that runs user code on `p` to come to the gate (Pace §2): if it has not been there yet (Pace §5),
  /// or if it has used up a slice since it was there.
  private mutating func lookWhilePaced(at p: P, _ now: UInt64) -> Look {
    (refused, since) = (0, now)
    let holder = p.shared[.m].relaxed
    guard p.isHeldForGs, p.shared[.g].relaxed != 0, holder != 0, let runner = sched.m(Int(holder - 1)),
      !Pace.stands(runner)
    else {
      cpuAtStart = nil
      return .nothing
    }
    if cpuAtStart == nil { cpuAtStart = runner.cpuTime }
    let isHog = sched.preempts && hasUsed(2 &* sched.slice, since: cpuAtStart, runner)
    guard isHog || !Pace.knows(runner), runner.askToStop() else { return .soon }
    request = Request(runner: runner, since: Clock.now, cpu: cpuAtStart)
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
      // A P whose thread sleeps for a lock goes on with a G that was stopped, if there is one. That G has a thread of
      // its own, so no spare M is needed.
      let hasHeir = forLock && Preemption.queued > 0 || sched.hasSpare()
      if hasHeir, drift.take(p, from: runner, forLock: forLock, now, by: m) { return .acted }
      noteRefused(true, now)  // no heir, or the thread waits inside the runtime: Preempt §6
    }
    let (lasted, limit) = (now &- since, waiting == .fresh ? sched.grain : sched.slice)
    let hasHadIt =
      hasUsed(limit, since: cpuAtStart, runner) || (sleep == .unknown && lasted > 4 &* sched.slice)
    guard lasted > limit, hasHadIt, now >= notBefore else { return .soon }
    p.requestEnd(of: slice)
    guard runner.askToStop() else { return .soon }
    request = Request(runner: runner, since: Clock.now, cpu: runner.cpuTime)
    m.emit(.preemptRequest, count: p.id, arg: holder - 1)
    return .acted
  }

  private mutating func waiting(for p: P) -> Scheduler.Waiting {
    let before = activity
    activity = p.activity
    return activity == before && p.lrq.hasNext ? .fresh : sched.waiting
  }

  /// Whether the thread of `runner` sleeps. Asks the system only if the thread hardly had the CPU since the last look
  /// (Drift §5).
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

  /// Whether the thread of `runner` had the CPU for more than half of `limit`; true if that is not known. If not, its
  /// G is no hog: on a machine with more to do than CPUs, the thread only waited for a CPU.
  private func hasUsed(_ limit: UInt64, since start: UInt64?, _ runner: M) -> Bool {
    guard let used = runner.cpuUsed(since: start) else { return true }
    return used > limit / 2
  }

  // MARK: the answer

  /// Looks for the M's answer and acts on it. The M first has time to answer by itself, on its way out of the runtime.
  /// Then it gets the signal, once an M is there to go on with the P.
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
      stopped = true  // the slice that was to end is over
    case .asked where isAsleep(runner, now) && runner.retract():
      // A sleeper cannot answer, and a signal would only wake it. The next look takes its P.
      self.request = nil
      return .acted
    case .asked:
      signal(request, on: p, by: m)
      return .acted  // look again soon
    }
    self.request = nil
    if !stopped { noteRefused(true, now) }
    return .acted
  }

  private mutating func signal(_ request: Request, on p: P, by m: M) {
    let (runner, waited) = (request.runner, Clock.now &- request.since)
    if Pace.isOn, !p.mustYield {
      // A thread that is asked only to come to the gate (Pace §2) is left alone until it has had the CPU for a whole
      // slice since the request. Then its slice is ended, and it gets the signal and loses its P.
      guard sched.preempts, hasUsed(2 &* sched.slice, since: request.cpu, runner) else { return }
      p.requestEnd(of: slice)
      m.emit(.preemptRequest, count: p.id, arg: UInt64(runner.id))
    }
    // A thread that has waited for a CPU all the time could not have given way yet.
    guard waited > sched.grain / 8 || timesBusy > 0,
      hasUsed(sched.grain / 4, since: request.cpu, runner) || timesBusy > 0
    else { return }
    if waited <= sched.grain, !sched.hasSpare() { return }
    guard runner.changeStop(.asked, timesBusy < Self.patience ? .signalled : .insisted) else { return }
    // With this barrier, an M that enters a system call sees that a signal is coming, and waits for it; or the M is
    // seen to be inside the call, and is sent no signal (Preempt §3, Syscall §4).
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
  /// Whether the P is stopped: its number is not below the number of procs, and no M holds it. See Procs.
  var isStopped: Bool { shared[.status].relaxed == UInt64(PStatus.stopped.rawValue) }

  var isIdle: Bool { shared[.status].relaxed == UInt64(PStatus.idle.rawValue) }

  /// Whether the P is idle but not on the idle list: it was taken for an M whose thread does not run yet, perhaps
  /// because that thread is being started and waits for malloc's lock. The answer can be wrong for a moment while other
  /// Ps go on or off the list.
  var isOnItsWay: Bool {
    isIdle && sched.shared[.idlePs].relaxed == 0
  }

  /// Whether an M holds the P to run Gs, or to search for one.
  var isHeldForGs: Bool {
    let status = shared[.status].relaxed
    return status == UInt64(PStatus.running.rawValue) || status == UInt64(PStatus.spinning.rawValue)
  }
}
