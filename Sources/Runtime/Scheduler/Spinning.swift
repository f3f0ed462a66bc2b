// Spinning: how Ms sleep when there is nothing to do and wake when there is, and why no wake-up is lost.
//
// §1 The problem. Waking a thread costs microseconds. So an M that runs out of work should look around before it
// sleeps, and a thread that makes a G runnable should wake no other while an M is already looking. Yet if a G becomes
// runnable just as the last searcher gives up, and neither notices the other, the G may wait for ever beside an idle P.
//
// §2 What we rejected. A central scheduler: its lock becomes the bottleneck. Waking a thread for every new G: storms
// of threads that find nothing. Handing the waker's P over to the woken thread: it wrecks the waker's locality.
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
//   Found:   an M that spins and finds a G stops being counted. If it was the last one counted it wakes another M,
//            because there may be more work where that G came from.
// S1–S2 and T2–T3 each store one word, then load the word that the other side stores. Both pairs are sequentially
// consistent, so at least one side sees the other. Either the submitter sees spinningMs = 0 and an idle P, and wakes an
// M; or the searcher's second look sees the G. Without the fence after S1, or without the look T3, both may miss.
//
// §4 As many Ms as Ps. A P goes on the idle list before its M goes on the list of sleepers. A submitter in between
// finds an idle P and no sleeping M. Go starts a new thread then. We leave a note instead (`wanted`, under the lock),
// with a count of one in spinningMs for the M that will read it; every M reads the note, under the lock, before it may
// sleep. So no thread is started while there are GOMAXPROCS Ms that run Gs or sleep (`workers`). Invariant: `wanted`
// implies that an M is between T1 and T4. Proof: let `psOpen` be the number of Ps that are not stopped. If one of them
// is idle, fewer than `psOpen` Ms hold a P. So if there are `psOpen` workers and none sleeps, one is on its way to
// sleep. (`procs` would be too small a number while an M still holds a P beyond it.)
//
// §5 Netpoll. An M that was the last to search makes sure, before it sleeps, that the netpoll thread waits in the
// kernel (see Netpoll §3). From then on a ready socket wakes that thread, and that thread submits.
//
// §6 Hand-overs. Two Gs that take turns over a channel make one another runnable a million times a second, on one P. A
// second P finds no other work than to steal one of them, which makes both slower. If the second P's M went to sleep,
// the next hand-over would wake it. So when a searching M finds a `runnext` whose owner goes on to the next G within
// the 3 µs that the searcher grants, it leaves that G alone and dozes. It sleeps for some 70 µs, still counted as
// spinning, so that no submitter wakes an M, and then searches again (Go's `usleep(3)` in `runqgrab` has this effect).
// A G that is submitted meanwhile waits 70 µs at most.
//
// §7 Giving way. A server's Ms run dry for moments only, above all when its clients share its CPUs. To sleep then costs
// two futex calls, and the netpoll thread must be woken to wait in the kernel (§5): together a third of all that a
// small request costs. So while sockets are watched, an M that found nothing yields its CPU to any thread that wants it
// (at most three times) and searches again. Meanwhile the clients run, and the next look at the network finds what they
// sent. If no thread wants the CPU, a microsecond is lost.
import CMPG
import Region
import Synchronization

@inline(__always)
func relaxCPU() { mpg_relax() }

extension M {
  /// Counts this M as spinning.
  func startSpinning() {
    isSpinning = true
    sched.shared[.spinningMs].add(1)
    noteSpinning()
  }

  /// Publishes that this M spins. The caller has counted it already.
  func noteSpinning() {
    setState(.spinning)
    p.change(to: .spinning)
    emit(.mSpin)
  }

  /// The M found work: takes the M off the count of spinning Ms. If it was the last one counted, it wakes a successor
  /// (§3, Found).
  func stopSpinning() {
    isSpinning = false
    setState(.running)
    p.change(to: .running)
    emit(.mUnspin, arg: 1)
    if sched.shared[.spinningMs].subtract(1) == 0 { sched.wakeP(self) }
  }

  /// Gives up the M's P, and sleeps until another M hands over a P (T1 to T4 of §3). The M holds a P before and
  /// after, though not the same one. Afterwards the caller must search again.
  func sleepUntilThereIsWork() {
    let sched = sched
    sched.lock.lock()
    if sched.grqDepth > 0 {  // Gs came in since the search: skip T1 to T4
      sched.lock.unlock()
      return
    }
    sched.giveUp(release(), by: self)  // T1 of §3
    sched.lock.unlock()
    sleepWithoutP()
  }

  /// Looks for work once more, and sleeps if there is none (T2 to T4 of §3). The M has given up its P under the lock.
  func sleepWithoutP() {
    let sched = sched
    if isSpinning {
      isSpinning = false
      emit(.mUnspin)
      sched.shared[.spinningMs].subtract(1)  // T2 of §3
    }
    if let p = sched.lookAgain() {  // T3 of §3
      isSpinning = true
      acquire(p)
      noteSpinning()
      return
    }
    sched.netpoll.arm(self)
    sleepForP()  // T4 of §3
  }

  /// Sleeps on the list of idle Ms until another M hands over a P. Reads the note of §4 before it falls asleep.
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
    Pace.rests(self)
    sleepUntilWoken()
    if takeEnd() { endThread() }
    resume()
  }

  /// Acquires the P that the waker handed over.
  func resume() {
    Pace.stand(self)
    guard let (p, spinning) = takeNext() else { fatal("M\(id) was woken without a P") }
    isSpinning = spinning
    acquire(p)
    if spinning { noteSpinning() } else { setState(.running) }
  }
}

extension Scheduler {
  /// Wakes an M for an idle P, if there is one and no M searches yet (§3, S2 and S3). `m` is the caller's M.
  ///
  /// Ordering: both loads are sequentially consistent and follow the caller's S1.
  @inline(__always)
  func wakeP(_ m: M) {
    if shared[.spinningMs].ordered == 0, shared[.idlePs].ordered != 0 { wakePSlow(m) }
  }

  /// As `wakeP`, after a submission that was not sequentially consistent: adds the fence that S1 needs.
  func wakePAfterSubmit(_ m: M) {
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    wakeP(m)
  }

  /// Whether there is a runnable G in any queue.
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

  /// The outcome of a request for an M. `finish` does the part that needs no lock.
  enum Woken: Equatable {
    case noP
    case noted
    /// No thread can be started now. The P is idle again, and the gc thread will look again (Threads §2).
    case short
    case sleeper(M)
    case new(M)
  }

  /// Pairs an idle P with an M. Call under the lock, then call `finish` without it.
  func startM(spinning: Bool, by m: M) -> Woken {
    guard let p = popIdleP() else { return .noP }
    if let sleeper = popIdleM() {
      sleeper.prepare(nextP: p, spinning: spinning)
      return .sleeper(sleeper)
    }
    if workers < psOpen {
      // Sysmon starts no thread: that allocates, and a stopped G may hold malloc's lock.
      guard m.shared[.state].relaxed != UInt64(MState.sysmon.rawValue), let new = takeM() else {
        putIdle(p)
        return .short
      }
      new.prepare(nextP: p, spinning: spinning)
      return .new(new)
    }
    // There are as many Ms as open Ps, none of them sleeps, and yet a P was idle. So one M has no P and is about to
    // sleep. It reads the note, `wanted`, before it does (§4).
    putIdle(p)
    if unsafe guarded.pointee.wanted {
      // The note that is there already keeps one count in spinningMs.
      if spinning { shared[.spinningMs].subtract(1) }
    } else {
      unsafe guarded.pointee.wanted = true
      if !spinning { shared[.spinningMs].add(1) }
    }
    return .noted
  }

  /// Does the part of `startM` that needs no lock. `m` is the caller's M.
  func finish(_ woken: Woken, spinning: Bool, by m: M) {
    switch woken {
    case .noP, .noted: break
    case .short:
      netpoll.arm(m)
      shortages.request()  // only now, after spinningMs went down (Threads §2)
    case .sleeper(let other):
      m.emit(.mWake, count: other.id, arg: spinning ? 1 : 0)
      other.wake()
    case .new(let other):
      m.emit(.mWake, count: other.id, arg: spinning ? 1 : 0)
      unsafe startThread(other, worker, by: m)
    }
  }

  /// Puts Gs that were readied without a P on the GRQ, and wakes an M for each of as many idle Ps as there are Gs. `m`
  /// is the caller's M, which holds no P.
  func inject(_ batch: consuming GQueue, by m: M) {
    let count = batch.count
    guard count > 0 else { return }
    lock.lock()
    grqAppend(batch, at: m.stamp())  // S1 of §3
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

  /// Looks for runnable Gs anywhere (T3 of §3). When there are some, takes an idle P, counts the caller as spinning,
  /// and returns that P.
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

  /// Takes the note of §4, if there is one, and with it an idle P and the note's count in spinningMs. Call
  /// under the lock.
  func takeNote() -> (taken: Bool, p: P?) {
    guard unsafe guarded.pointee.wanted else { return (false, nil) }
    unsafe guarded.pointee.wanted = false
    if let p = popIdleP() { return (true, p) }
    // Other Ms have taken all idle Ps in the meantime. These Ms run, and will find the work.
    shared[.spinningMs].subtract(1)
    return (true, nil)
  }
}
