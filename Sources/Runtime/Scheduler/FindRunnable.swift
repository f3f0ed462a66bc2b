// The search for work, step by step (Scheduler §3). Each step is one function and leaves its event behind.
//
// §1 The order: `runnext`, the LRQ, the GRQ, the network, other Ps. Taken by itself it would let a P that always has Gs of
// its own keep everybody else waiting. Two rules against that:
//
// §2 Turns. Gs that yield go to the end of their LRQ, so an LRQ may never run dry. So a quarter of a millisecond after a P
// has last looked elsewhere, one G from the GRQ comes before its own, or what a look at the network finds, if nobody has
// looked for a millisecond; and then one of its own, before it looks elsewhere again. So a G on the GRQ waits for two
// turns of each that stands before it, divided by the Ps, or for a quarter of a millisecond of each. By time and not by
// turns alone: where Gs run for microseconds, those that the GRQ keeps are the oldest of a flood. Taken early, they would
// begin a flood of their own before this one is over; and Gs that were woken would stand behind all of them. One by one:
// a whole share, put into the LRQ behind others, could not be followed by who reads the events (QueueTrace).
// We rejected Go's way, to put every G that yields on the GRQ: that is fair as well, and every yield takes the lock that all
// Ps share. But where there are more Ps than CPUs it is ours too, for a G beside which others wait: the thread of a P is
// off its CPU for milliseconds then, and the whole LRQ waits with it, turn after turn, while a G on the GRQ is found by
// whichever thread has a CPU.
//
// §3 `runnext` inherits. A G that is started from `runnext` goes on in the slice of the G that readied it (Preempt §7):
// Gs that hand one another the P are stopped as one that keeps it would be.
import CMPG
import Region

extension M {
  /// The next G to run; sleeps, perhaps for long, when there is none. The M holds a P before and after.
  func findRunnable() -> G {
    var patience = Self.patience
    while true {
      if p.needsAttention { attendToP() }
      fireTimers(of: p)
      let tick = p.tick()
      if tick % RuleNumbers.turn == 0, let g = takeTurnOfTheWaiting(grqFirst: tick % 2 == 0) { return g }
      if let g = takeOwn() { return g }
      step = 0  // what follows takes time (Moves)
      if let g = takeShareOfGRQ() ?? pollNetwork() ?? stealSomething() { return g }
      waitForWork(&patience)
    }
  }

  /// How often it gives way before it sleeps: Spinning §7.
  private static let patience = 3

  /// The search found nothing: dozes, gives way or sleeps, and is to search again. See Spinning §6, §7.
  private func waitForWork(_ patience: inout Int) {
    if isSpinning, sawHandOver { return mpg_doze(20_000) }
    if sched.netpoll.watches, patience > 0 {
      patience -= 1
      return mpg_give_way()
    }
    sleepUntilThereIsWork()
    patience = Self.patience
  }

  /// Past `runnext` too: where nobody is stopped (`Options.preemption`) two Gs that hand each other the P could otherwise
  /// keep all others of this P waiting.
  /// GRQ and LRQ take turns in coming first, so that neither keeps the other waiting.
  private func takeTurnOfTheWaiting(grqFirst: Bool) -> G? {
    grqFirst
      ? takeFromGRQ(1) ?? took(p.lrq.pop(), from: .lrq) : took(p.lrq.pop(), from: .lrq) ?? takeFromGRQ(1)
  }

  /// Notes from where a G is taken, if it is one; its start tells (`RunSource`).
  @inline(__always)
  private func took(_ g: G?, from source: RunSource) -> G? {
    if g != nil { found = source }
    return g
  }

  /// `runnext`, then the first of the LRQ; now and then one from elsewhere before that (§2).
  @inline(__always)
  private func takeOwn() -> G? {
    let lrq = p.lrq
    if let g = lrq.popNext() { return took(g, from: .runnext) }
    if sched.grqDepth > 0 || sched.netpoll.watches, let g = takeElsewhere() { return g }
    guard let g = lrq.pop() else { return nil }
    lrq.coming.prefetch()
    return took(g, from: .lrq)
  }

  /// §2.
  @inline(never)
  private func takeElsewhere() -> G? {
    let (now, last) = (step != 0 ? step : Clock.now, p.lookedElsewhere)
    guard last != 0 else {
      p.lookedElsewhere = now
      return nil
    }
    guard now.excess(over: last) > sched.grain / RuleNumbers.elsewhere, p.lrq.depth > 0 else { return nil }
    p.lookedElsewhere = now
    step = 0
    guard let g = takeFromGRQ(1) ?? (sched.netpoll.isLate(at: now) ? pollNetwork() : nil) else { return nil }
    p.lookedElsewhere = 0
    return g
  }

  private func takeShareOfGRQ() -> G? {
    guard sched.grqDepth > 0 else { return nil }
    return takeFromGRQ(sched.grqShare)
  }

  /// Takes up to `limit` Gs: one to run, the others into the LRQ, which has room for as many.
  private func takeFromGRQ(_ limit: Int) -> G? {
    guard sched.grqDepth > 0 else { return nil }
    sched.lock.lock()
    var batch = sched.grqTake(limit)
    sched.lock.unlock()
    guard batch.count > 0 else { return nil }
    noteTake(from: p, count: batch.count)
    let first = took(batch.popFirst(), from: .grq)
    while let g = batch.popFirst() { pushLocal(g) }
    return first
  }

  /// A look at the network without waiting: under load no other thread is needed for it.
  private func pollNetwork() -> G? {
    guard sched.netpoll.watches else { return nil }
    var ready = sched.netpoll.poll(self, nanoseconds: 0, by: .searching)
    guard let first = took(ready.popFirst(), from: .netpoll) else { return nil }
    if ready.count > 0 {
      pushLocal(ready)
    }
    return first
  }

  /// Half of somebody's LRQ, or a timer of somebody's that is due. Only so many search at once that they cannot take
  /// more CPU than the work they look for: half of the busy Ps.
  private func stealSomething() -> G? {
    guard sched.psBound > 1 else { return nil }
    if !isSpinning {
      let busy = sched.psOpen &- Int(truncatingIfNeeded: sched.shared[.idlePs].relaxed)
      guard 2 &* Int(truncatingIfNeeded: sched.shared[.spinningMs].relaxed) < busy else { return nil }
      startSpinning()
    }
    sawHandOver = false
    for round in 1...RuleNumbers.rounds {
      if let g = stealRound(last: round == RuleNumbers.rounds) { return g }
    }
    return nil
  }

  /// One look at every other P, from a random start.
  private func stealRound(last: Bool) -> G? {
    let count = sched.psBound
    let start = random(below: count)
    for step in 0..<count {
      let victim = sched.p((start &+ step) % count)
      guard victim != p else { continue }
      if last, fireTimers(of: victim), let g = takeOwn() { return g }
      if let g = steal(from: victim, last: last) { return g }
    }
    return nil
  }

  private func steal(from victim: P, last: Bool) -> G? {
    p.shared[.stealTries].bump()
    sched.region.steal(thief: p.id, victim: victim.id)[.tries].bump()
    let stolen = p.lrq.steal(from: victim.lrq) { noteSteal(from: victim, count: $0, runnext: false) }
    if let stolen { return took(stolen.first, from: .steal) }
    guard last, case let link = victim.lrq.nextLink, link != 0, keeps(victim, link),
      let g = p.lrq.stealNext(link, from: victim.lrq)
    else { return nil }
    noteSteal(from: victim, count: 1, runnext: true)
    return took(g, from: .stealNext)
  }

  /// Whether `victim` runs something that lasts while its `runnext` waits. Else it hands over from G to G (Spinning §6), and
  /// taking one away would only bounce it between caches.
  private func keeps(_ victim: P, _ link: UInt64) -> Bool {
    let activity = victim.activity
    pause()
    if victim.activity != activity { sawHandOver = true }
    return victim.activity == activity && victim.lrq.nextLink == link
  }

  /// Puts Gs that were readied by a poll or by timers into this P's LRQ, and gets another P going if one is idle.
  func pushLocal(_ batch: consuming GQueue) {
    var batch = batch
    while let g = batch.popFirst() { pushLocal(g) }
    sched.wakePAfterSubmit(self)
  }

  /// Some 3 µs.
  private func pause() {
    for _ in 0..<100 { relaxCPU() }
  }
}
