// Gs that were set aside because there was no stack for their first turn (Shortages §2). They stay runnable, and are
// counted as runnable. They are on no run queue: there a P would come across them again and again.
//
// An M whose G has ended, and left its stack, puts one of them on its LRQ; the gc thread's look (Shortages §3) puts all
// of them on the GRQ, when it is time to try for a new stack. The scheduler's lock guards the queue. Its length is read
// without the lock, as a hint: an M that just misses a G leaves it to the next M or the next look.
import Region
import Synchronization

extension Scheduler {
  @inline(__always)
  var hasStackless: Bool { unsafe record.pointee.stacklessCount.load(ordering: .relaxed) != 0 }

  /// Takes up to `limit` of the Gs that were set aside for want of a stack, those that have waited longest
  /// first.
  func takeStackless(_ limit: Int = .max) -> GQueue {
    lock.lock()
    defer { lock.unlock() }
    var taken = GQueue()
    while taken.count < limit, let g = unsafe guarded.pointee.stackless.popFirst() { taken.append(g) }
    countStackless()
    return taken
  }

  fileprivate func setAside(_ g: G) {
    lock.lock()
    unsafe guarded.pointee.stackless.append(g)
    countStackless()
    lock.unlock()
    shortages.request()
  }

  private func countStackless() {
    let count = unsafe guarded.pointee.stackless.count
    unsafe record.pointee.stacklessCount.store(count, ordering: .relaxed)
    shared[.stackless].set(UInt64(count))
  }
}

extension M {
  /// Gives a stack to `g`, which is about to have its first turn. False when there is no stack, and `g` was
  /// set aside.
  @inline(never)
  func bindStack(_ g: G) -> Bool {
    guard let stack = unsafe p.takeStack() else {
      noteSetAside(g)
      sched.setAside(g)
      return false
    }
    unsafe g.bind(stack: stack)
    return true
  }

  /// Puts one G that was set aside on this P's LRQ, because a G has ended and left its stack to this P.
  @inline(never)
  func takeUpStackless() {
    var taken = sched.takeStackless(1)
    guard let g = taken.popFirst() else { return }
    noteTakeUp(1)
    pushLocal(g)
  }
}
