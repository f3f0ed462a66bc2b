// Ending Ms whose threads nobody has needed for a while.
//
// §1 The problem. A thousand system calls at once take a thousand threads, since each P goes on with another thread.
// Afterwards these threads sleep on the list of idle Ms, each with its stack. Without this file they would sleep there
// for ever.
//
// §2 Which Ms end. The list is last in, first out, so the Ms at its end have slept longest. While there are more idle
// Ms than a few (`idleMsKept`), the gc thread looks every two seconds at the smallest number of idle Ms since its last
// look (`idleLow`). That many Ms were not needed in all that time, so the gc thread cuts as many off the end of the
// list, less the few that it keeps. Only Ms on the list are ended. Not on the list are: an M that stands still with a
// preempted G, one that is kept for one G (that G's home: Home.swift), one in a system call. M0 is never ended either,
// because its thread is the process's first.
//
// §3 The protocol. To cut an M off is like handing a P over to it: it is done under the scheduler's lock, and only the
// thread that takes an M off the list may wake it.
//     gc thread:  E1  under the lock: takes the M off the list; idleMs and `workers` go down
//                 E2  tells the M to end, and wakes it
//     the M:      E3  is woken without a P; says in ring and region that it ends, and that it has no thread
//                 E4  its thread forgets that it was an M, so the handler of SIGURG finds no stop word
//                 E5  under the lock: goes onto the list of Ms that have no thread (`unstarted`). Whoever next needs an
//                     M takes it from there, with its number, ring and all
//                 E6  the thread ends, and touches nothing of the M
//
// §4 What would break it. `workers` goes down only at E5: a thread that wants an M in between finds none asleep, and as
// many workers as Ps, so it leaves a note (Spinning §4) that no M will read. E1 without the lock, or an M that stays on
// the list: another thread hands a P over to an M that ends, and the P is lost. E2 in the other order: the M is woken
// with nothing to do, which is fatal. E5 before E4: two threads are one M. SpinningModel shows the first three
// mistakes, EndingModel the others.
//
// §5 The deadlock check does not run while there are threads that are no Ms (Outside.swift), and a thread between E3
// and its end is one. So sysmon is asked to look again once these threads are surely gone.
import CMPG
import Region

/// The gc thread's record of when to look for Ms that can be ended.
struct ThreadPacer {
  /// The time from one look to the next, in nanoseconds.
  private static let pause: UInt64 = 2_000_000_000
  /// When the next look is due, in ticks; nil: there are only a few idle Ms.
  private(set) var due: UInt64?
  private var hasEnded = false

  /// Begins to look, because there are more idle Ms than are kept.
  mutating func begin() {
    guard due == nil else { return }
    due = Clock.now &+ Clock.ticks(nanoseconds: Self.pause)
    sched.watchIdleMs()
  }

  /// Ends idle Ms that nobody needs, if a look is due. True while there will be another look.
  mutating func look(by m: M) -> Bool {
    guard let due, due <= Clock.now else { return self.due != nil }
    if hasEnded { Sysmon.noteQuiet() }  // the threads that ended at the last look are gone by now: §5
    let found = sched.endIdleMs(by: m)
    hasEnded = found.ended > 0
    self.due = found.areMany || hasEnded ? Clock.now &+ Clock.ticks(nanoseconds: Self.pause) : nil
    return self.due != nil
  }
}

extension Scheduler {
  /// How many idle Ms are kept even if none of them was needed for long.
  var idleMsKept: Int { psOpen + 2 }

  /// Asks the gc thread to look when there are many idle Ms. Call without the lock, after an M went onto the idle list.
  @inline(__always)
  func noteIdleM() {
    if shared[.idleMs].relaxed > UInt64(idleMsKept) { gc.request(.endMs) }
  }

  /// Starts anew to record the smallest number of idle Ms (`idleLow`).
  func watchIdleMs() {
    lock.lock()
    unsafe guarded.pointee.idleLow = Int(shared[.idleMs].relaxed)
    lock.unlock()
  }

  /// Tells those idle Ms to end which no thread has needed since the last look, except the few that are kept (E1 and E2
  /// of §3). Returns how many these were, and whether there were more idle Ms than are kept. Called by the gc thread.
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
      next = other.nextIdle  // read before `other` may go onto another list
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

  /// Leaves the first `count` Ms on the list of idle Ms, and takes off all others. Returns the first of those taken
  /// off; nil: there is none, or the list is too long to walk under the lock. Call under the lock.
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

  /// Puts an M on the list of Ms that have no thread (E5 of §3). The calling thread is no M any more.
  fileprivate func takeBack(_ m: M) {
    lock.lock()
    m.nextIdle = unsafe guarded.pointee.unstarted
    unsafe guarded.pointee.unstarted = m
    lock.unlock()
  }
}

extension M {
  /// Ends the M's thread, and gives the M back for a later thread (E3 to E6 of §3). Call on the thread's own stack.
  func endThread() -> Never {
    emit(.mEnd)
    shared[.tid].set(0)
    setState(.exited)
    letGo()  // drops a request to stop that came too late
    hideStopWord()
    sched.takeBack(self)
    mpg_thread_end()
  }
}
