// What moves Gs between queues without being a move of theirs: steals, batches, spills. Each is one record and, between
// its count and the record, the words that go with it (`Tracer`). With those that Moves.swift counts they say how deep each
// queue is, as the records have it:
//     runnext of p   queuedOn[runnext] − takenFrom[runnext] + nextMoved − Σ nexts of p's column
//     LRQ of p       queuedOn[lrq] + queuedOn[displacing] − takenFrom[lrq] − takenFrom[netpoll] + lrqMoved
//                      − Σ (gs − nexts) of p's column
//     GRQ            Σ queuedOn[grq] of all lanes + Σ grqMoved
// So a G is on its queue from the record that puts it there to the record that takes it, whatever its mover's hands do in
// between: the depth of the queue itself differs by Gs that are in somebody's hands.
import Region

extension M {
  /// This M's P stole from `victim`. It holds the P.
  func noteSteal(from victim: P, count: Int, runnext: Bool) {
    let (p, row) = (p, sched.region.steal(thief: p.id, victim: victim.id))
    emitOther(
      .steal, on: lane, at: stamp(), detail: runnext ? 1 : 0, count: count, arg: UInt64(victim.id)
    ) {
      row[.gs].shift(by: count)  // with release, as all of these: after the count
      row[.hits].bumpPublished()
      if runnext { row[.nexts].bumpPublished() } else { p.shared[.lrqMoved].shift(by: count - 1) }
      p.shared[.steals].bumpPublished()
    }
  }

  /// So many Gs were taken from the GRQ for `p`, which this M has to itself: one to run, the others for its LRQ.
  func noteTake(from p: P, count: Int) {
    emitOther(.grqTake, on: p.lane, at: stamp(), count: count, arg: UInt64(sched.grqDepth)) {
      p.shared[.grqMoved].shift(by: -count)
      p.shared[.lrqMoved].shift(by: count - 1)
    }
  }

  /// The full LRQ of this M's P has spilled: so many Gs are about to be put on the GRQ. Under its lock; were it told after that,
  /// the records of who takes them could come first, and the GRQ would have less than nothing by the records.
  func noteOverflow(_ count: Int) {
    let p = p
    emitOther(.overflow, on: lane, at: stamp(), count: count, arg: UInt64(sched.grqDepth + count)) {
      p.shared[.overflowed].bump(by: UInt64(count))
      p.shared[.lrqMoved].shift(by: -count)
      p.shared[.grqMoved].shift(by: count)
    }
  }

  /// A thief had taken what was to be displaced.
  @inline(never)
  func noteNextStolen() {
    let p = p
    emitOther(.nextStolen, on: lane, at: stamp()) {
      p.shared[.lrqMoved].shift(by: -1)
      p.shared[.nextMoved].shift(by: 1)
    }
  }

  /// Sysmon, which this M is, has taken `p` from an M in a system call, and has it to itself.
  func noteRetake(_ p: P, from id: Int) {
    emitOther(.retake, on: p.lane, at: stamp(), count: p.id, arg: UInt64(id)) { p.shared[.m].publish(0) }
  }

  /// `g` was taken to run for the first time, and is set aside instead.
  func noteSetAside(_ g: G) {
    let (lane, found) = (lane, found)
    emitOther(.goSetAside, on: lane, at: stamp(), g: g.id, detail: found.rawValue) { lane.count(found) }
  }

  /// So many of them are about to be put on this P's LRQ, or on the GRQ where there is no P.
  func noteTakeUp(_ count: Int) {
    guard count > 0 else { return }
    let (lane, place) = (lane, batchPlace(behind: 0))
    emitOther(.takeUp, on: lane, at: stamp(), count: count, arg: place.bits) {
      for _ in 0..<count { lane.count(place) }
    }
  }
}
