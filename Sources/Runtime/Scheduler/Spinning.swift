// Spinning: how Ms sleep when there is nothing to do and wake when there is, and why no wake-up is lost.
//
// §1 The problem. Waking a thread costs microseconds, so an M that runs out of work should look around before it
// sleeps, and a G made runnable should not wake a thread when one is already looking. Yet if a G becomes runnable
// just as the last searcher gives up, and neither notices the other, the G may wait for ever beside an idle P.
//
// §2 What we rejected. A central scheduler (the lock becomes the bottleneck). Waking a thread for every new G (storms
// of threads that find nothing). Handing the P over to the woken thread (it wrecks the locality of the waker).
//
// §3 The protocol (Go's). An M that holds a P and searches is *spinning*; `spinningMs` counts them.
//   Submit:  S1  make the G visible: runnext (sequentially consistent exchange), an LRQ or the GRQ (then a fence)
//            S2  if spinningMs ≠ 0 or no P is idle: done
//            S3  spinningMs 0 → 1 by CAS (one wakes, not all), take an idle P and an M, let it search
//   Sleep:   T1  put the P on the idle list (under the lock, idlePs grows)
//            T2  if spinning: spinningMs − 1 (sequentially consistent)
//            T3  look again at every LRQ, runnext, the GRQ and the earliest timer; if anything is there, take an idle
//                P, spinningMs + 1, and search again
//            T4  sleep
//   Found:   an M that spins and finds a G stops being counted; if it was the last it wakes another, because there
//            may be more where that came from.
// S1–S2 and T2–T3 are a store each, followed by a load of what the other stored. Both pairs are sequentially
// consistent, so at least one side sees the other: the submitter sees spinningMs = 0 and an idle P, and wakes; or the
// searcher's second look sees the G. Drop the fence after S1, or the look T3, and both may miss.
//
// §4 As many Ms as Ps. A P goes on the idle list before its M goes on the list of sleepers. A submitter in between
// finds an idle P and no M. Go starts a new thread then; we leave a note (`wanted`, under the lock), keep spinningMs
// counted for the M to come, and every M reads the note, under the lock, before it may sleep. So there are never more
// than GOMAXPROCS such Ms. Invariant: `wanted` implies that an M is between T1 and T4. The number that counts is
// `psOpen`, the Ps that are not stopped: with an idle one among them fewer than `psOpen` Ms hold one, so if there are
// as many workers and none sleeps, one is on its way. (`procs` would be too few while a P beyond it is still held.)
//
// §5 Netpoll. Whoever puts the last searching M to sleep makes sure that the netpoll thread waits in the kernel (see
// Netpoll §3): from then on a ready socket wakes that thread, and it submits.
//
// §6 Hand-overs. Two Gs that take turns over a channel make one another runnable a million times a second, on one P, and
// the other P finds nothing to do but to take one of them away, which makes both slower. If its M went to sleep, the next
// hand-over would wake it. So where a searching M finds a `runnext` whose owner goes on to the next G within the
// 3 µs that it gives it, it leaves that one alone, and dozes: it sleeps for some 70 µs, still counted as spinning, so that
// nobody wakes anybody, and searches again (Go's `usleep(3)` in `runqgrab` has this effect). What is submitted meanwhile
// waits for as long at most.
//
// §7 Giving way. A server's Ms run dry for moments only, above all when its clients share its CPUs. To sleep then costs
// two futex calls, and the netpoll thread's round through the kernel besides: a third of all that a small request costs.
// So while sockets are watched an M that found nothing gives its CPU to whoever wants it, three times at most, and
// searches again: the clients run, and the next look at the network finds what they sent. Nobody there, that is a
// microsecond lost.
import CMPG
import Region
import Synchronization

@inline(__always)
func relaxCPU() { mpg_relax() }

extension M {
  /// Counts this M among those that search.
  func startSpinning() {
    isSpinning = true
    sched.shared[.spinningMs].add(1)
    noteSpinning()
  }

  /// Shows what it has been counted as.
  func noteSpinning() {
    setState(.spinning)
    p.change(to: .spinning)
    emit(.mSpin)
  }

  /// It found work: no longer counted; the last one wakes a successor (§3, Found).
  func stopSpinning() {
    isSpinning = false
    setState(.running)
    p.change(to: .running)
    emit(.mUnspin, arg: 1)
    if sched.shared[.spinningMs].subtract(1) == 0 { sched.wakeP(self) }
  }

  /// T1 to T4. The M holds a P before and after, though not the same; afterwards it searches again.
  func sleepUntilThereIsWork() {
    let sched = sched
    sched.lock.lock()
    if sched.grqDepth > 0 {  // came in since the search: no need to go through it all
      sched.lock.unlock()
      return
    }
    sched.giveUp(release(), by: self)  // T1
    sched.lock.unlock()
    sleepWithoutP()
  }

  /// T2 to T4, after the M has given up its P under the lock.
  func sleepWithoutP() {
    let sched = sched
    if isSpinning {
      isSpinning = false
      emit(.mUnspin)
      sched.shared[.spinningMs].subtract(1)  // T2
    }
    if let p = sched.lookAgain() {  // T3
      isSpinning = true
      acquire(p)
      noteSpinning()
      return
    }
    sched.netpoll.arm(self)
    sleepForP()  // T4
  }

  /// Sleeps on the list of idle Ms until somebody hands over a P. Takes up a note on the way (§4).
  func sleepForP() {
    let sched = sched
    sched.lock.lock()
    let noted = sched.takeNote()
    if let p = noted.p {
      sched.lock.unlock()
      isSpinning = true
      acquire(p)
      noteSpinning()
      return
    }
    sched.putIdle(self)
    setState(.parked)
    emit(.mPark)
    sched.lock.unlock()
    sched.noteIdleM()
    sleepUntilWoken()
    if takeEnd() { endThread() }
    resume()
  }

  /// Goes on with what the waker handed over.
  func resume() {
    guard let (p, spinning) = takeNext() else { fatal("M\(id) was woken without a P") }
    isSpinning = spinning
    acquire(p)
    if spinning { noteSpinning() } else { setState(.running) }
  }
}

extension Scheduler {
  /// Gets an idle P going, if there is one and nobody searches yet (§3, S2 and S3). `m` is the caller.
  ///
  /// Ordering: both loads are sequentially consistent and follow the caller's S1.
  @inline(__always)
  func wakeP(_ m: M) {
    if shared[.spinningMs].ordered == 0, shared[.idlePs].ordered != 0 { wakePSlow(m) }
  }

  /// The same after a submission that was no sequentially consistent operation: S1 needs its fence.
  func wakePAfterSubmit(_ m: M) {
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    wakeP(m)
  }

  /// Whether anything runnable is to be seen anywhere.
  var hasWork: Bool {
    if grqDepth > 0 { return true }
    for id in 0..<psBound where !p(id).lrq.isEmpty { return true }
    return false
  }

  @inline(never)
  private func wakePSlow(_ m: M) {
    guard shared[.spinningMs].compareExchange(0, 1) else { return }
    lock.lock()
    let woken = startM(spinning: true, by: m)
    if woken == .noP || woken == .short { shared[.spinningMs].subtract(1) }
    lock.unlock()
    finish(woken, spinning: true, by: m)
  }

  /// What came of the wish for an M, for the part that is done without the lock.
  enum Woken: Equatable {
    case noP
    case noted
    /// No thread can be had for it now; the P is idle again, and will be looked at again (Threads §2).
    case short
    case sleeper(M)
    case new(M)
  }

  /// Pairs an idle P with an M. Under the lock; then call `finish` without it.
  func startM(spinning: Bool, by m: M) -> Woken {
    guard let p = popIdleP() else { return .noP }
    if let sleeper = popIdleM() {
      sleeper.prepare(nextP: p, spinning: spinning)
      return .sleeper(sleeper)
    }
    if workers < psOpen {
      // Sysmon starts none: that allocates, and a G that was stopped may hold malloc's lock.
      guard m.shared[.state].relaxed != UInt64(MState.sysmon.rawValue), let new = takeM() else {
        putIdle(p)
        return .short
      }
      new.prepare(nextP: p, spinning: spinning)
      return .new(new)
    }
    // All Ms exist and none sleeps: one is on its way (§4).
    putIdle(p)
    if unsafe guarded.pointee.wanted {
      if spinning { shared[.spinningMs].subtract(1) }  // one note, one count
    } else {
      unsafe guarded.pointee.wanted = true
      if !spinning { shared[.spinningMs].add(1) }
    }
    return .noted
  }

  /// The slow half of starting an M, without the lock. `m` is the caller.
  func finish(_ woken: Woken, spinning: Bool, by m: M) {
    switch woken {
    case .noP, .noted: break
    case .short:
      netpoll.arm(m)
      shortages.request()  // only now: spinningMs has been taken back
    case .sleeper(let other):
      m.emit(.mWake, count: other.id, arg: spinning ? 1 : 0)
      other.wake()
    case .new(let other):
      m.emit(.mWake, count: other.id, arg: spinning ? 1 : 0)
      unsafe startThread(other, worker, by: m)
    }
  }

  /// Puts Gs that were readied without a P on the GRQ, and gets as many idle Ps going as there are Gs. `m` is the
  /// caller, which holds no P.
  func inject(_ batch: consuming GQueue, by m: M) {
    let count = batch.count
    guard count > 0 else { return }
    lock.lock()
    grqAppend(batch, at: m.stamp())  // S1
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    lock.unlock()
    for _ in 0..<min(count, procs) {
      guard shared[.idlePs].ordered != 0 else { return Sysmon.nudge() }
      lock.lock()
      let woken = startM(spinning: false, by: m)
      lock.unlock()
      finish(woken, spinning: false, by: m)
      if woken == .noP || woken == .noted || woken == .short { return }
    }
  }

  /// T3: whether anything runnable is to be seen anywhere; then an idle P to fetch it with, and the caller counted
  /// among those that spin.
  func lookAgain() -> P? {
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    guard hasWork else { return nil }
    lock.lock()
    defer { lock.unlock() }
    let noted = takeNote()
    if let p = noted.p { return p }
    guard let p = popIdleP() else { return nil }
    shared[.spinningMs].add(1)
    return p
  }

  /// Takes the note of §4, if there is one, with a P and the count that goes with it. Under the lock.
  func takeNote() -> (taken: Bool, p: P?) {
    guard unsafe guarded.pointee.wanted else { return (false, nil) }
    unsafe guarded.pointee.wanted = false
    if let p = popIdleP() { return (true, p) }
    // Others took all Ps in the meantime: they run, and will see what there is.
    shared[.spinningMs].subtract(1)
    return (true, nil)
  }
}
