// The search for work, step by step (Scheduler §3). Each step is one function and leaves its event behind.
//
// §1 The order: `runnext`, the LRQ, the GRQ, the network, other Ps. With this order alone, a P that always has Gs of
// its own would never take a G from anywhere else. Two rules prevent that:
//
// §2 Turns. Gs that yield go to the end of their LRQ, so an LRQ may never run dry. Therefore a P looks elsewhere when a
// quarter of a millisecond has passed since it last did: before its own Gs it takes one G from the GRQ, or, if the GRQ
// is empty and no thread has polled the network for a millisecond, one that a poll finds. Before it looks elsewhere
// again, it runs one of its own. So a G on the GRQ waits two turns (one of a G from elsewhere, one of a P's own G) for
// each G that stands before it, or a quarter of a millisecond if that is longer, divided by the number of Ps. Why by
// time and not by turns alone: suppose a G starts a great many Gs that run for microseconds. Full LRQs have spilled the
// oldest of them to the GRQ. If a P took these early, they would start as many of their own before the first ones are
// done, and Gs that were just made ready would stand behind all of them. Why one by one: if a P put a whole share of
// the GRQ into its LRQ behind other Gs, a reader of the events could not follow that (QueueTrace).
// We rejected Go's way, which puts every G that yields on the GRQ: that is fair as well, but every yield takes the lock
// that all Ps share. Where there are more Ps than CPUs, though, a G that yields while others wait does go on the GRQ.
// There the thread of a P is off its CPU for milliseconds, and its whole LRQ waits with it, turn after turn; a G on the
// GRQ is found by whichever thread has a CPU.
//
// §3 `runnext` inherits. A G that is started from `runnext` goes on in the slice of the G that readied it (Preempt §7).
// So Gs that hand one another the P are stopped as one G that keeps it would be.
import CMPG
import Region

extension M {
  /// Returns the next G to run. When there is none, the M sleeps, perhaps for long. The M holds a P before and after.
  func findRunnable() -> G {
    var patience = Self.patience
    while true {
      if p.needsAttention { attendToP() }
      fireTimers(of: p)
      let tick = p.tick()
      if tick % RuleNumbers.turn == 0, let g = takeTurnOfTheWaiting(grqFirst: tick % 2 == 0) { return g }
      if let g = takeOwn() { return g }
      step = 0  // what follows takes time, so the step's time stamp is no longer true (Moves)
      if let g = takeShareOfGRQ() ?? pollNetwork() ?? stealSomething() { return g }
      waitForWork(&patience)
    }
  }

  /// How often an M that found nothing gives way before it sleeps: Spinning §7.
  private static let patience = 3

  /// Called when the search found nothing: dozes, gives way or sleeps. Afterwards the caller must search again. See
  /// Spinning §6, §7.
  private func waitForWork(_ patience: inout Int) {
    if isSpinning, sawHandOver { return mpg_doze(20_000) }
    if sched.netpoll.watches, patience > 0 {
      patience -= 1
      return mpg_give_way()
    }
    sleepUntilThereIsWork()
    patience = Self.patience
  }

  /// Takes the next G from the GRQ or the LRQ, leaving `runnext` aside; called at every 61st search. Without preemption
  /// (`Options.preemption`) two Gs that hand each other the P could otherwise keep all other Gs of this P waiting. GRQ
  /// and LRQ take turns in coming first, so that neither keeps the other waiting.
  private func takeTurnOfTheWaiting(grqFirst: Bool) -> G? {
    grqFirst
      ? takeFromGRQ(1) ?? took(p.lrq.pop(), from: .lrq) : took(p.lrq.pop(), from: .lrq) ?? takeFromGRQ(1)
  }

  /// Notes the source from which a G is taken, unless `g` is nil. The event of the G's start carries the
  /// source (`RunSource`).
  @inline(__always)
  private func took(_ g: G?, from source: RunSource) -> G? {
    if g != nil { found = source }
    return g
  }

  /// Takes the G of `runnext`, or the first one of the LRQ; now and then one from elsewhere before the LRQ
  /// (§2).
  @inline(__always)
  private func takeOwn() -> G? {
    let lrq = p.lrq
    if let g = lrq.popNext() { return took(g, from: .runnext) }
    if sched.grqDepth > 0 || sched.netpoll.watches, let g = takeElsewhere() { return g }
    guard let g = lrq.pop() else { return nil }
    lrq.coming.prefetch()
    return took(g, from: .lrq)
  }

  /// Takes a G from the GRQ or the network, when it is time to look there (§2).
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

  /// Takes up to `limit` Gs from the GRQ: returns one, and puts the others into the LRQ, which has room for them.
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

  /// Polls the network without waiting. So under load no other thread has to poll.
  private func pollNetwork() -> G? {
    guard sched.netpoll.watches else { return nil }
    var ready = sched.netpoll.poll(self, nanoseconds: 0, by: .searching)
    guard let first = took(ready.popFirst(), from: .netpoll) else { return nil }
    if ready.count > 0 {
      pushLocal(ready)
    }
    return first
  }

  /// Takes half of another P's LRQ, or the Gs that a due timer of another P readies. At most half of the busy Ps search
  /// at once, so that searching cannot take more CPU than the work that is searched for.
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

  /// Looks at every other P once, from a random start.
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

  /// Whether `victim` goes on with one G for some 3 µs while the G in its `runnext` waits. Otherwise the Gs of `victim`
  /// hand the P to one another (Spinning §6), and a stolen G would only bounce between caches.
  private func keeps(_ victim: P, _ link: UInt64) -> Bool {
    let activity = victim.activity
    pause()
    if victim.activity != activity { sawHandOver = true }
    return victim.activity == activity && victim.lrq.nextLink == link
  }

  /// Puts Gs that a poll or timers readied into this P's LRQ, and wakes another P if one is idle.
  func pushLocal(_ batch: consuming GQueue) {
    var batch = batch
    while let g = batch.popFirst() { pushLocal(g) }
    sched.wakePAfterSubmit(self)
  }

  /// Waits for some 3 µs.
  private func pause() {
    for _ in 0..<100 { relaxCPU() }
  }
}
