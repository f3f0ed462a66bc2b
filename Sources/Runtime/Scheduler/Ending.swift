// Ending Ms: threads that nobody has needed for a while.
//
// §1 The problem. A thousand system calls at once take a thousand threads, since the Ps go on with others. Afterwards
// these threads sleep on the list of idle Ms, each with its stack, and without this they would for ever.
//
// §2 Whom. The list is last in, first out, so those at its end have slept longest. While there are more than a few, the
// gc thread looks every two seconds at how few there were since its last look (`idleLow`): so many did nobody need, and
// all but the few are cut off the end. Who is not on the list is never ended: an M that stands still with a preempted G,
// one that is the home of a G (Home.swift), one in a system call. Nor is M0, whose thread is the process's first.
//
// §3 The protocol. To cut is like handing over a P: under the scheduler's lock, and who takes an M off the list is the only
// one to wake it.
//     gc thread:  E1  under the lock: off the list; idleMs and `workers` go down
//                 E2  the M is told to end, and woken
//     the M:      E3  woken without a P: says that it ends, in ring and region, and that it has no thread
//                 E4  its thread forgets it: is no M any more, and the handler of SIGURG finds no stop word
//                 E5  under the lock: onto the list of those that have no thread (`unstarted`), from where the next that
//                     needs an M takes it, number, ring and all
//                 E6  the thread ends, and touches nothing of the M
//
// §4 What would break it. `workers` that goes down at E5 only: who wants an M in between finds none asleep, and as many
// workers as Ps; so it leaves a note (Spinning §4), which nobody will read. E1 without the lock, or an M that stays on the
// list: a P is handed over to an M that ends, and is lost. E2 in the other order: it is woken with nothing to do, which is
// fatal. E5 before E4: two threads are one M. SpinningModel has the first three, EndingModel the others.
//
// §5 Deadlocks are not looked for while there are threads that are no Ms (Outside.swift): a thread between E3 and its end is
// one. So sysmon is asked to look again when they are surely gone.
import CMPG
import Region

/// The gc thread's half: when to look.
struct ThreadPacer {
  /// Nanoseconds from look to look.
  private static let pause: UInt64 = 2_000_000_000
  /// When the next is due; nil: there are but a few.
  private(set) var due: UInt64?
  private var hasEnded = false

  /// There are more idle Ms than are to be kept.
  mutating func begin() {
    guard due == nil else { return }
    due = Clock.now &+ Clock.ticks(nanoseconds: Self.pause)
    sched.watchIdleMs()
  }

  /// Looks if it is time. Whether there is more to look after.
  mutating func look(by m: M) -> Bool {
    guard let due, due <= Clock.now else { return self.due != nil }
    if hasEnded { Sysmon.noteQuiet() }  // §5
    let found = sched.endIdleMs(by: m)
    hasEnded = found.ended > 0
    self.due = found.areMany || hasEnded ? Clock.now &+ Clock.ticks(nanoseconds: Self.pause) : nil
    return self.due != nil
  }
}

extension Scheduler {
  /// How many Ms may sleep without being looked after.
  var idleMsKept: Int { psOpen + 2 }

  /// The M `m` has gone onto the list of the idle. Without the lock.
  @inline(__always)
  func noteIdleM() {
    if shared[.idleMs].relaxed > UInt64(idleMsKept) { gc.request(.endMs) }
  }

  /// From now on the smallest number of idle Ms counts.
  func watchIdleMs() {
    lock.lock()
    unsafe guarded.pointee.idleLow = Int(shared[.idleMs].relaxed)
    lock.unlock()
  }

  /// E1 and E2 for those that nobody has needed since the last look, but for a few. By the gc thread.
  func endIdleMs(by m: M) -> (ended: Int, areMany: Bool) {
    lock.lock()
    let (idle, kept) = (Int(shared[.idleMs].relaxed), idleMsKept)
    let surplus = unsafe min(guarded.pointee.idleLow, idle) - kept
    unsafe guarded.pointee.idleLow = idle
    var next = surplus > 0 ? cut(after: idle - surplus) : nil
    if next != nil { unsafe guarded.pointee.idleLow = idle - surplus }
    lock.unlock()
    var ended = 0
    while let other = next {
      next = other.nextIdle  // before it may go onto another list
      if other.id == 0 {
        putBack(other)
      } else {
        other.tellToEnd()
        other.wake()
        ended += 1
      }
    }
    return (ended, idle > kept)
  }

  /// Cuts the list of idle Ms after so many; the first of the rest. nil: it would take too long to get there. Under the
  /// lock.
  private func cut(after count: Int) -> M? {
    guard count <= 256, var last = unsafe guarded.pointee.idleM else { return nil }
    for _ in 1..<count {
      guard let next = last.nextIdle else { return nil }
      last = next
    }
    let rest = last.nextIdle
    last.nextIdle = nil
    let gone = Int(shared[.idleMs].relaxed) - count
    shared[.idleMs].set(UInt64(count))
    workers -= gone
    return rest
  }

  private func putBack(_ m: M) {
    lock.lock()
    workers += 1
    putIdle(m)
    lock.unlock()
  }

  /// E5. The caller's thread is no M any more.
  fileprivate func takeBack(_ m: M) {
    lock.lock()
    m.nextIdle = unsafe guarded.pointee.unstarted
    unsafe guarded.pointee.unstarted = m
    lock.unlock()
  }
}

extension M {
  /// E3 to E6. On the thread's own stack.
  func endThread() -> Never {
    emit(.mEnd)
    shared[.tid].set(0)
    setState(.exited)
    letGo()  // a request to stop that came too late
    hideStopWord()
    sched.takeBack(self)
    mpg_thread_end()
  }
}
