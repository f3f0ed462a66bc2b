// The lists of idle Ps and idle Ms. Both are last in, first out, because what ran last has the warmest caches. Call
// everything here under the scheduler's lock. The lengths of the lists stand in the region (`idlePs`, `idleMs`).
import Region

extension Scheduler {
  func putIdle(_ p: P) {
    p.nextIdle = unsafe guarded.pointee.idleP
    unsafe guarded.pointee.idleP = p
    shared[.idlePs].setOrdered(shared[.idlePs].relaxed + 1)  // T1 of Spinning §3
  }

  func popIdleP() -> P? {
    guard let p = unsafe guarded.pointee.idleP else { return nil }
    unsafe guarded.pointee.idleP = p.nextIdle
    shared[.idlePs].setOrdered(shared[.idlePs].relaxed - 1)
    return p
  }

  func putIdle(_ m: M) {
    m.nextIdle = unsafe guarded.pointee.idleM
    unsafe guarded.pointee.idleM = m
    shared[.idleMs].set(shared[.idleMs].relaxed + 1)
  }

  func popIdleM() -> M? {
    guard let m = unsafe guarded.pointee.idleM else { return nil }
    unsafe guarded.pointee.idleM = m.nextIdle
    let left = shared[.idleMs].relaxed - 1
    shared[.idleMs].set(left)
    if unsafe left < guarded.pointee.idleLow { unsafe guarded.pointee.idleLow = Int(left) }
    return m
  }
}
