// Whether the values of one pass (one reading of all words, Lanes §3) agree: each ready G must be on one queue, each
// running G on one P.
//
// §1 The problem. A move of a G takes several stores. A G is counted, and then put on a queue; or it is taken off a
// queue, and then counted as running. A P says which G it runs, and an M says which P it holds. Between two of these
// stores the region rests for some nanoseconds, or for as long as the system keeps the thread from its CPU. A pass
// that is made meanwhile shows a half-made move: a ready G is *in hands*, on no queue. Two such passes may well be
// equal, so it is not enough that two passes are equal.
//
// §2 The design. The reader compares the sums that must be equal. If they differ, it reads everything again a little
// later, because every move ends. If they still differ when the time is up, the snapshot says that it is not
// consistent. The reader never corrects a number to make the sums agree: different writers write the words in these
// sums, so it cannot know which one is behind.
//
// §3 A P that an M holds and that runs no G is no half-made move: its M is in the scheduler, and may stay there for
// long, in `poll` or giving way. Gs that were set aside for want of a stack are ready and on no queue; the region counts
// them.

extension Lanes {
  /// Whether the values of the latest pass agree.
  var isEven: Bool {
    let tally = tally
    return queuesAreEven(tally) && psAreEven(tally) && msAreEven(tally)
  }

  /// Whether there are as many ready Gs as Gs on queues and Gs set aside together.
  private func queuesAreEven(_ tally: Tally) -> Bool {
    let readied = tally.readied.reduce(0, &+)
    let runnable =
      tally.created &+ tally.yielded &+ readied &+ tally.syscallsQueued &- tally.started
    var queued = value(.grqDepth) &+ value(.stackless)
    for p in 0..<ps {
      queued &+= UInt64(truncatingIfNeeded: depth(ofP: p))
      if value(.runnext, ofP: p) != 0 { queued &+= 1 }
    }
    return queued == runnable &+ tally.preempted &- tally.resumed
  }

  /// Whether there are as many running Gs as Ps that run one, and whether each held P and its M name each other and the
  /// same G.
  private func psAreEven(_ tally: Tally) -> Bool {
    let parked = tally.parked.reduce(0, &+)
    let left = tally.yielded &+ parked &+ tally.exited &+ tally.preempted &+ tally.syscalls
    let running = tally.started &+ tally.resumed &+ tally.syscallsReturned &- left
    var seen: UInt64 = 0
    for p in 0..<ps {
      let (m, g) = (value(.m, ofP: p), value(.g, ofP: p))
      if g != 0 { seen &+= 1 }
      switch status(ofP: p) {
      case .idle, .stopped: guard m == 0, g == 0 else { return false }
      case .syscall: guard m != 0, g == 0 else { return false }
      case .running, .spinning:
        guard m != 0, m <= UInt64(ms) else { return false }
        let holder = Int(m) - 1
        guard value(.p, ofM: holder) == UInt64(p) + 1, value(.g, ofM: holder) == g else { return false }
      }
    }
    return seen == running
  }

  /// Whether each M that holds a P runs or searches as its P does, and whether there are as many Gs as Ms in system
  /// calls. An M that lets go of its P looks for work once more and wakes other Ms before it changes its own state. Until
  /// then it counts as running without a P and a G, which is allowed here.
  private func msAreEven(_ tally: Tally) -> Bool {
    var calls: UInt64 = 0
    for m in 0..<ms {
      let p = value(.p, ofM: m)
      let state = state(ofM: m)
      guard p <= UInt64(ps) else { return false }
      switch state {
      case .running, .spinning:
        if p == 0, value(.g, ofM: m) == 0 { continue }
        guard p != 0, value(.m, ofP: Int(p) - 1) == UInt64(m) + 1,
          status(ofP: Int(p) - 1) == (state == .running ? .running : .spinning)
        else { return false }
      default:
        guard p == 0 else { return false }
        if state == .syscall { calls &+= 1 }
      }
    }
    return calls == tally.syscalls &- tally.syscallsReturned &- tally.syscallsQueued
  }
}
