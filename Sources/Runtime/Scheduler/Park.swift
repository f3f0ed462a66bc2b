// Park and ready: the two halves of every wait; and how a G that was made ready gets into a run queue.
//
// Invariant: other threads can find a parking G only after it is off its stack and counted as waiting. A G that parks
// puts itself into its waker's queue under a lock (or announces itself in a poll descriptor) and passes the lock along;
// the scheduling stack releases that lock (`Commit`).
import CMPG
import Region
import Synchronization

extension M {
  /// Parks the running G. Returns after the G was made ready, once an M runs it again, not necessarily this one.
  @inline(__always)
  func park(_ reason: WaitReason, on: UInt64 = 0, commit: Commit) {
    guard let g else { fatal("park on M\(id), which runs no G") }
    ask(.park, reason, on: on, commit: commit)
    switchAway(g, self)
  }

  /// Makes a parked G runnable as the next G of this M's P, and wakes another P if one is idle.
  /// The caller owns the G's next move, because it took the G out of the queue in which the G waited.
  @inline(__always)
  func ready(_ g: G) {
    makeReady(g)
    sched.wakeP(self)  // S2 of Spinning §3: `makeReady` submitted with a sequentially consistent exchange
  }

  /// As `ready`, but wakes no P.
  @inline(__always)
  func makeReady(_ g: G) {
    let place = nextPlace
    readied(g, place)
    submitNext(g, place)
  }

  /// Makes `g`, which is counted as runnable, the next G of this P. The G that was in `runnext` so far goes into the
  /// LRQ.
  /// - Parameter place: the queue and the depth at which the event and the counters say that `g` is put.
  @inline(__always)
  func submitNext(_ g: G, _ place: Place) {
    if let displaced = p.lrq.exchangeNext(g) {
      pushLocal(displaced)
    } else if place.queue == .displacing {
      noteNextStolen()
    }
  }

  /// Puts a runnable G last in this P's LRQ. If that is full, half of it goes to the GRQ.
  @inline(__always)
  func pushLocal(_ g: G) {
    if !p.lrq.push(g) { pushSlow(g) }
    if tracing { p.notePeak(at: g.shared[.since].relaxed) }
  }

  @inline(never)
  private func pushSlow(_ g: G) {
    repeat {
      var spilled = p.lrq.spill()
      guard spilled.count > 0 else { continue }  // nothing was spilled: a thief has made room, so push again
      spilled.append(g)
      let count = spilled.count
      sched.lock.lock()
      // Before the append, so that this event precedes that of any M that takes one of these Gs.
      noteOverflow(count)
      sched.grqAppend(spilled, at: stamp())
      sched.lock.unlock()
      return
    } while !p.lrq.push(g)
  }
}
