// Procs: changing the number of Ps while Gs run.
//
// §1 The problem. A P holds Gs (LRQ, runnext), timers and caches. It belongs to its holder: an M that may run a loop of
// the user's for as long as it likes, an M inside a system call, or the idle list. To make the number smaller we must
// take Ps away from all of these, lose nothing that the Ps hold, and wait for nobody: a stop-the-world (Go's way) would
// wait for the loop. Meanwhile thieves, sysmon, netpoll and readers look at Ps all the time.
//
// §2 What we rejected. Stopping the world. Taking away the queue of a P that an M holds: a thief may take slot by slot,
// but `runnext`, caches and the lane belong to the holder. Freeing a stopped P's memory: readers may look at it at any
// time.
//
// §3 The protocol. The number stands in the region (`SchedField.procs`). Every P is in one *place*, which changes only
// under the scheduler's lock:
//     open      runs Gs, is idle, or is on offer (Syscall §2)
//     leaving   retired (U1, R2); on a list from which the gc thread takes it
//     cleaning  the gc thread takes away its timers and caches (G1, G2)
//     stopped   holds nothing
//   change:   C1  procs ← n, under the lock
//             C2  larger: stopped and leaving Ps below n open again and go on the idle list. A P that the gc
//                 thread is cleaning opens afterwards (G3)
//             C3  smaller: open Ps at n and above are *asked* to retire, and those on the idle list are retired at once
//   give up:  U1  whoever lets go of a P does it under the lock: a P below procs goes on the idle list, any other is
//                 retired. `procs` decides, not what was asked
//             U2  an M that finds its P asked to retire, at its next scheduling point, gives the P up. Then it does all
//                 that an M does after it put its P on the idle list (Spinning §3, T2 to T4). An M that comes out of
//                 a system call gives up such a P too. From an M that stays in its call sysmon takes the P; if there
//                 is preemption (Preempt), sysmon also takes the P from an M whose G computes without end
//   retire:   R1  the Gs of runnext and the LRQ go to the GRQ, in the same hold of the lock as U1
//             R2  the P is `stopped` for readers, `leaving` for us; psOpen − 1; the gc thread is woken
//   gc:       G1  takes the P off the list, moves its timers to P 0 (Timers+Moving), its caches to the pools
//             G2  does so without the scheduler's lock: it allocates, which sysmon and holders of that lock must not
//             G3  back under the lock: the P opens if procs grew meanwhile; else it is stopped, and psBound (§4) may
//                 shrink
//
// §4 Which Ps each of the runtime's threads looks at. `psMade`: the Ps that were ever made. Their counters count for
// good, and readers sum up all of them. `psBound`: no P with this number or a higher one holds anything. Thieves, the
// last look of Spinning T3, sysmon and netpoll go up to it. So while an M has yet to let go of its P, thieves still
// steal from that P, its timers fire, and sysmon retakes it from a system call. `psBound` is raised before a P opens
// and lowered only after G1. `psOpen`: the Ps that are open: the first `procs`, and those beyond that are still held.
// Not `procs` but `psOpen` says how many Ms there may be (Spinning §4), and whether all Ps are idle.
//
// §5 Invariants.
//   • The idle list holds only open Ps below `procs`: C3 sweeps it, U1 puts no others there. So no M gets a retired P.
//   • A P that is not open has an empty queue, and only the gc thread touches what else it has.
//   • A G that R1 has moved is found: it is on the GRQ before the lock is released, and then its mover looks again (an
//     M: Spinning T3) or wakes a P (everyone else: Spinning S2), as after any submission.
//   • psOpen ≥ the Ps that Ms hold, plus the idle ones.
//
// §6 What breaks without each step; ProcsModel shows it. C3 without the sweep of the idle list, or U1 that decides by
// what was asked and not by `procs` under the lock: an M is woken with a P that must not run. No R1: Gs lie in a queue
// that no thread looks at any more, once psBound is lowered. No T3 after R1: the G on the GRQ waits beside an idle P,
// since its submitter may have counted on this M, which was searching. `procs` in place of psOpen in Spinning §4: a
// submitter leaves a note for an M that runs a loop on a retired P, and no M reads it. psBound raised late: a sleeper's
// last look misses the new P's queue.
import Region
import Synchronization

enum Procs {
  /// The place of a P in the protocol of §3.
  enum Place {
    case open, leaving, cleaning, stopped
  }

  /// The requests that can be made to the holder of a P.
  enum Attention: UInt32 {
    /// Let go of the P for good.
    case retire = 1
    /// Give back what the P's caches hold; see Collector §4.
    case flush = 2
    /// Stand at the gate; see Pace §2.
    case pace = 4
  }

  /// Held during a change, so that there is only one at a time; a second caller of `setProcs` parks.
  fileprivate static let changing = Mutex()
}

/// Changes the number of Ps (Go: GOMAXPROCS), and so how many Gs run at once. Returns the number before.
///
/// A larger number takes effect at once. With a smaller one, Gs on Ps that retire give way at their next scheduling
/// point; a G that computes without end reaches one only with preemption (`Options.preemption`). Nothing waits for
/// that, and nothing is lost. When the region's file system has no room for more Ps, there are as many as it has room
/// for (`statistics().procs`). Must be called from a G; it may park.
///
/// - Parameter n: 1 to 1,024.
@discardableResult
public func setProcs(_ n: Int) -> Int {
  precondition((1...Capacity.ps).contains(n), "procs are 1 to \(Capacity.ps)")
  Procs.changing.lock()
  defer { Procs.changing.unlock() }
  sched.makePs(below: n)
  let m = enterRuntime("setProcs")
  defer { leaveRuntime() }
  return sched.change(procs: min(n, sched.psMade), by: m)
}

extension Scheduler {
  /// The number of Ps that were ever made.
  var psMade: Int { Int(truncatingIfNeeded: shared[.psMade].acquired) }
  /// The number of Ps that are open; only a hint without the lock.
  var psOpen: Int { Int(truncatingIfNeeded: shared[.psOpen].ordered) }
  /// No P with this number or a higher one holds anything: see §4. Sequentially consistent, for the looks that must not
  /// miss anything (Spinning T3, Netpoll §4).
  @inline(__always)
  var psBound: Int {
    get { unsafe record.pointee.psBound.pointee.load(ordering: .sequentiallyConsistent) }
    nonmutating set {
      unsafe record.pointee.psBound.pointee.store(newValue, ordering: .sequentiallyConsistent)
    }
  }

  /// Whether no M holds a P.
  var allIdle: Bool {
    lock.lock()
    defer { lock.unlock() }
    return shared[.idlePs].relaxed == shared[.psOpen].relaxed
  }

  // MARK: making Ps

  /// Makes the first Ps: P 0 for M 0, the others idle. Called at boot, while there is only one thread.
  func makeFirstPs(_ count: Int) {
    for id in 0..<count { unsafe (record.pointee.ps + id).initialize(to: PRecord(id: id, region: region)) }
    psBound = count
    shared[.psOpen].set(UInt64(count))
    shared[.psMade].publish(UInt64(count))
    shared[.procs].publish(UInt64(count))
    for id in (1..<count).reversed() { putIdle(p(id)) }
  }

  /// Makes Ps up to `count`, in place `stopped`; fewer when the region finds no memory. Only one thread at a
  /// time may call this.
  fileprivate func makePs(below count: Int) {
    for id in psMade..<max(count, psMade) {
      let region = region
      let isBacked = blocking { (try? region.allocateP(id)) != nil }
      guard isBacked else { return }
      unsafe (record.pointee.ps + id).initialize(to: PRecord(id: id, region: region))
      p(id).place = .stopped
      p(id).shared[.status].set(UInt64(PStatus.stopped.rawValue))
      shared[.psMade].publish(UInt64(id + 1))
    }
  }

  // MARK: changing their number

  fileprivate func change(procs new: Int, by m: M) -> Int {
    lock.lock()
    let old = procs
    m.emitOther(.procsChange, on: m.lane, at: m.stamp(), count: new, arg: UInt64(old)) {
      shared[.procs].setOrdered(UInt64(new))  // C1 of §3
    }
    if new > old { open(old..<new) } else { close(new..<old, by: m) }
    lock.unlock()
    netpoll.arm(m)  // there may be more idle Ps than before (Netpoll §3)
    if hasWork { wakePAfterSubmit(m) }
    return old
  }

  /// Opens Ps, because their number grows (C2 of §3). Call under the lock.
  private func open(_ range: Range<Int>) {
    psBound = max(psBound, range.upperBound)
    var rest: P?
    while let p = popLeaving() {
      guard p.id >= range.upperBound else {
        open(p)
        continue
      }
      p.nextIdle = rest
      rest = p
    }
    unsafe guarded.pointee.leaving = rest
    for id in range {
      let p = p(id)
      p.settle(.retire)
      if p.place == .stopped { open(p) }
    }
  }

  /// Opens one P. Call under the lock, as the owner of a P that holds no Gs.
  private func open(_ p: P) {
    p.place = .open
    p.settle(.retire)
    p.timers.reopen()
    p.change(to: .idle)
    shared[.psOpen].setOrdered(shared[.psOpen].relaxed + 1)
    putIdle(p)
  }

  /// Asks the Ps above the new number to retire, and retires the idle ones at once (C3 of §3). Call under the lock.
  private func close(_ range: Range<Int>, by m: M) {
    for id in range { p(id).ask(for: .retire) }
    var kept: P?
    while let p = popIdleP() {
      if p.id >= range.lowerBound {
        retire(p, by: m)
      } else {
        p.nextIdle = kept
        kept = p
      }
    }
    while let p = kept {
      kept = p.nextIdle
      putIdle(p)
    }
  }

  /// Takes a P from the caller, which owned it, and makes the P idle or retires it (U1 of §3). Call under the lock.
  func giveUp(_ p: P, by m: M) {
    if p.id < procs { putIdle(p) } else { retire(p, by: m) }
  }

  /// Retires a P: moves its Gs to the GRQ, marks the P as stopped, and leaves it to the gc thread (R1 and R2 of §3).
  /// Call under the scheduler's lock. Allocates nothing, because holders of this lock must not.
  private func retire(_ p: P, by m: M) {
    var gs = GQueue()
    if let next = p.lrq.popNext() { gs.append(next) }
    let nexts = gs.count
    while let g = p.lrq.pop() { gs.append(g) }
    let count = gs.count
    if count > 0 { grqAppend(gs, at: m.stamp()) }
    p.change(to: .stopped)
    shared[.psOpen].setOrdered(shared[.psOpen].relaxed - 1)
    p.place = .leaving
    p.nextIdle = unsafe guarded.pointee.leaving
    unsafe guarded.pointee.leaving = p
    m.emitOther(
      .procRetire, on: p.lane, at: m.stamp(), detail: UInt8(nexts), count: p.id, arg: UInt64(count)
    ) {
      p.shared[.nextMoved].shift(by: -nexts)
      p.shared[.lrqMoved].shift(by: nexts - count)
      p.shared[.grqMoved].shift(by: count)
    }
    gc.request(.cleanPs)
  }

  private func popLeaving() -> P? {
    guard let p = unsafe guarded.pointee.leaving else { return nil }
    unsafe guarded.pointee.leaving = p.nextIdle
    return p
  }

  /// Retires the P that `m` has just claimed on its way out of a system call, because procs has become smaller
  /// meanwhile (U2 of §3).
  func retireClaimed(_ p: P, by m: M) {
    m.emitOther(.procStop, on: p.lane, at: m.stamp(), count: p.id) { p.shared[.m].publish(0) }
    p.change(to: .idle)
    lock.lock()
    workers -= 1
    giveUp(p, by: m)
    lock.unlock()
    if hasWork { wakePAfterSubmit(m) }
  }

  // MARK: the gc thread's part

  /// Cleans every retired P on the list (G1 to G3 of §3): empties its timers and caches, then stops it or opens it
  /// again. Called by the gc thread.
  func cleanPs(by gc: M) {
    while let p = takeLeaving() {
      p.timers.close(into: self.p(0).timers)
      netpoll.timerAdded(self.p(0).timers.next)
      p.flushCaches()
      lock.lock()
      let isWanted = p.id < procs
      if isWanted { open(p) } else { p.place = .stopped }
      lowerBound()
      lock.unlock()
      if isWanted {
        netpoll.arm(gc)
        if hasWork { wakePAfterSubmit(gc) }
      }
    }
  }

  private func takeLeaving() -> P? {
    lock.lock()
    defer { lock.unlock() }
    let p = popLeaving()
    p?.place = .cleaning
    return p
  }

  /// Lowers `psBound` past stopped Ps at its end. Call under the lock.
  private func lowerBound() {
    var bound = psBound
    while bound > procs, p(bound - 1).place == .stopped { bound -= 1 }
    psBound = bound
  }
}

extension M {
  /// Does what other threads asked of the M's P: gives back caches, stands at the gate (Pace §2), and retires the P (U2
  /// of §3). The M holds a P before and after, though not always the same one.
  @inline(never)
  func attendToP() {
    if p.asks(for: .flush) {
      p.settle(.flush)
      p.flushCaches()
    }
    if p.asks(for: .pace) {
      if Pace.isOn { Pace.stand(self) } else { p.settle(.pace) }
    }
    guard p.mustRetire else { return }
    let sched = sched
    sched.lock.lock()
    guard p.id >= sched.procs else { return sched.lock.unlock() }  // else procs grew again meanwhile
    sched.giveUp(release(), by: self)
    sched.lock.unlock()
    sleepWithoutP()
  }
}
