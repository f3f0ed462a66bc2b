// Park and ready: the two halves of every wait, and the yield.
//
// Invariant: a parking G can be found by others only after it is off its stack and counted as waiting. Whoever parks
// puts itself into the queue of its waker under a lock (or announces itself in a poll descriptor) and passes the
// lock along; the scheduling stack releases it (`Commit`).
import CMPG
import Region
import Synchronization

extension M {
  /// Parks the running G; returns when somebody made it ready and an M took it up, not necessarily this one.
  @inline(__always)
  func park(_ reason: WaitReason, on: UInt64 = 0, commit: Commit) {
    guard let g else { fatal("park on M\(id), which runs no G") }
    ask(.park, reason, on: on, commit: commit)
    switchAway(g, self)
  }

  /// Makes a parked G runnable on this M's P, next in line, and gets another P going if one is idle.
  /// The caller owns the G's next move: it took it out of the queue in which it waited.
  @inline(__always)
  func ready(_ g: G) {
    makeReady(g)
    sched.wakeP(self)  // S2: `makeReady` submitted with a sequentially consistent exchange
  }

  /// The same without waking a P.
  @inline(__always)
  func makeReady(_ g: G) {
    let place = nextPlace
    readied(g, place)
    submitNext(g, place)
  }

  /// Makes `g`, which is counted as runnable, the next of this P; the one that was next goes into the LRQ.
  /// - Parameter place: as it was told and counted.
  @inline(__always)
  func submitNext(_ g: G, _ place: Place) {
    if let displaced = p.lrq.exchangeNext(g) {
      pushLocal(displaced)
    } else if place.queue == .displacing {
      noteNextStolen()
    }
  }

  /// Puts a runnable G last in this P's LRQ; half of a full one goes to the GRQ.
  @inline(__always)
  func pushLocal(_ g: G) {
    if !p.lrq.push(g) { pushSlow(g) }
    if tracing { p.notePeak(at: g.shared[.since].relaxed) }
  }

  @inline(never)
  private func pushSlow(_ g: G) {
    repeat {
      var spilled = p.lrq.spill()
      guard spilled.count > 0 else { continue }  // a thief made room
      spilled.append(g)
      let count = spilled.count
      sched.lock.lock()
      noteOverflow(count)  // first: who takes one of them tells of it later
      sched.grqAppend(spilled, at: stamp())
      sched.lock.unlock()
      return
    } while !p.lrq.push(g)
  }
}
