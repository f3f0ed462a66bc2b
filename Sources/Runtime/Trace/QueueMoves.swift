// Events that move Gs between queues without changing the Gs' state: steals, batches, spills. Each event is one record.
// The lane first counts the record, then the words below change, then the record is written (`Tracer`). Together with
// the counts of Moves.swift these words say how deep each queue is by the records alone (p's column: what thieves took
// from p):
//     runnext of p   queuedOn[runnext] − takenFrom[runnext] + nextMoved − Σ nexts of p's column
//     LRQ of p       queuedOn[lrq] + queuedOn[displacing] − takenFrom[lrq] − takenFrom[netpoll] + lrqMoved
//                      − Σ (gs − nexts) of p's column
//     GRQ            Σ queuedOn[grq] of all lanes + Σ grqMoved
// So by the records a G is on its queue from the record that puts it there to the record that takes it, whatever the M
// that moves it does in between. The depth of the queue itself differs by the Gs that such an M has just taken out or
// has yet to put in.
import Region

extension M {
  /// Tells that this M's P stole from `victim`. The M holds the P.
  func noteSteal(from victim: P, count: Int, runnext: Bool) {
    let (p, row) = (p, sched.region.steal(thief: p.id, victim: victim.id))
    emitOther(
      .steal, on: lane, at: stamp(), detail: runnext ? 1 : 0, count: count, arg: UInt64(victim.id)
    ) {
      // Each of these words is stored with release, so a reader that sees one of them also sees that the record was counted.
      row[.gs].shift(by: count)
      row[.hits].bumpPublished()
      if runnext { row[.nexts].bumpPublished() } else { p.shared[.lrqMoved].shift(by: count - 1) }
      p.shared[.steals].bumpPublished()
    }
  }

  /// Tells that `count` Gs were taken from the GRQ for `p`: one to run, the others for the LRQ of `p`. This M has `p`
  /// to itself.
  func noteTake(from p: P, count: Int) {
    emitOther(.grqTake, on: p.lane, at: stamp(), count: count, arg: UInt64(sched.grqDepth)) {
      p.shared[.grqMoved].shift(by: -count)
      p.shared[.lrqMoved].shift(by: count - 1)
    }
  }

  /// Tells that the full LRQ of this M's P has spilled: `count` Gs are about to be put on the GRQ. Call it under the
  /// scheduler's lock, before the append. If it were called afterwards, the records of the Ms that take these Gs could
  /// come first, and by the records the GRQ would have fewer than zero Gs.
  func noteOverflow(_ count: Int) {
    let p = p
    emitOther(.overflow, on: lane, at: stamp(), count: count, arg: UInt64(sched.grqDepth + count)) {
      p.shared[.overflowed].bump(by: UInt64(count))
      p.shared[.lrqMoved].shift(by: -count)
      p.shared[.grqMoved].shift(by: count)
    }
  }

  /// Tells that the G of `runnext` that was to be displaced is gone: a thief has taken it.
  @inline(never)
  func noteNextStolen() {
    let p = p
    emitOther(.nextStolen, on: lane, at: stamp()) {
      p.shared[.lrqMoved].shift(by: -1)
      p.shared[.nextMoved].shift(by: 1)
    }
  }

  /// Tells that sysmon, whose M this is, has taken `p` from M `id`, which is in a system call. Until sysmon passes `p`
  /// on, it has `p` to itself.
  func noteRetake(_ p: P, from id: Int) {
    emitOther(.retake, on: p.lane, at: stamp(), count: p.id, arg: UInt64(id)) { p.shared[.m].publish(0) }
  }

  /// Emits the event that `g` was taken for its first turn, but is set aside instead, because there is no stack for
  /// it.
  func noteSetAside(_ g: G) {
    let (lane, found) = (lane, found)
    emitOther(.goSetAside, on: lane, at: stamp(), g: g.id, detail: found.rawValue) { lane.count(found) }
  }

  /// Tells that `count` Gs that were set aside are about to be put on this P's LRQ; on the GRQ if this M holds no P.
  func noteTakeUp(_ count: Int) {
    guard count > 0 else { return }
    let (lane, place) = (lane, batchPlace(behind: 0))
    emitOther(.takeUp, on: lane, at: stamp(), count: count, arg: place.bits) {
      for _ in 0..<count { lane.count(place) }
    }
  }
}
