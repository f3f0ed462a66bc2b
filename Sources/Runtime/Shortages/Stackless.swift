// Gs set aside because there was no stack for their first turn (Shortages §2). They stay runnable, and are counted as
// such; they are on no run queue, since there a P would only come across them again and again.
//
// Who takes them up: an M whose G has ended and left its stack, one for each such stack; and the gc thread's look, all,
// when a new stack may be tried for. The queue is under the scheduler's lock; its length is read without, as a hint: an
// M that misses it by a hair leaves the G to the next M or the next look.
import Region
import Synchronization

extension Scheduler {
  @inline(__always)
  var hasStackless: Bool { unsafe record.pointee.stacklessCount.load(ordering: .relaxed) != 0 }

  /// The first `limit` of them.
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
  /// Gives `g`, which is about to have its first turn, a stack; false when there is none, and it was set aside.
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

  /// A G has left its stack to this P: it is for one of those that wait for one.
  @inline(never)
  func takeUpStackless() {
    var taken = sched.takeStackless(1)
    guard let g = taken.popFirst() else { return }
    noteTakeUp(1)
    pushLocal(g)
  }
}
