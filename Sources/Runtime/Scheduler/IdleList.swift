// The lists of idle Ps and Ms, last in, first out: the one that ran last is the warmest. All under the scheduler's
// lock; the lengths are public.
import Region

extension Scheduler {
  func putIdle(_ p: P) {
    p.nextIdle = unsafe record.pointee.idleP
    unsafe record.pointee.idleP = p
    shared[.idlePs].setOrdered(shared[.idlePs].relaxed + 1)  // T1 of Spinning §3
  }

  func popIdleP() -> P? {
    guard let p = unsafe record.pointee.idleP else { return nil }
    unsafe record.pointee.idleP = p.nextIdle
    shared[.idlePs].setOrdered(shared[.idlePs].relaxed - 1)
    return p
  }

  func putIdle(_ m: M) {
    m.nextIdle = unsafe record.pointee.idleM
    unsafe record.pointee.idleM = m
    shared[.idleMs].set(shared[.idleMs].relaxed + 1)
  }

  func popIdleM() -> M? {
    guard let m = unsafe record.pointee.idleM else { return nil }
    unsafe record.pointee.idleM = m.nextIdle
    shared[.idleMs].set(shared[.idleMs].relaxed - 1)
    return m
  }
}
