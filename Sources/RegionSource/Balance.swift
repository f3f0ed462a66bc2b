// Whether what was read at one instant adds up: each G that is ready is on one queue, each that runs is on one P.
//
// §1 The problem. A move of a G takes several stores: it is counted, and then put on a queue; it is taken from a queue, and
// then counted as running; a P says which G it runs, an M which P it holds. Between two of these the region is at rest for
// some nanoseconds, or for as long as the system keeps the thread from its CPU, and is not what anybody means by the state
// of a scheduler: a G that is ready is *in hands*, on no queue. So two equal passes are not enough.
//
// §2 The design. What must be equal is compared, and where it is not, it is read again, a little later: moves end. What
// never comes to rest in time is shown as moving. Nothing is made up to have it add up: these sums are over words that
// different writers write at different places.
//
// §3 A P that runs no G though its M holds it is at rest: its M is in the scheduler, and may be there for long, in `poll` or
// giving way. Gs that are set aside for want of a stack are ready and on no queue; the region counts them.

extension Lanes {
  /// Whether the latest pass adds up.
  var isEven: Bool {
    let tally = tally
    return queuesAreEven(tally) && psAreEven(tally) && msAreEven(tally)
  }

  /// Each G that is ready is on a queue, or set aside.
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

  /// Each G that runs is on a P; each P that is held is held by an M that says so, and both run the same.
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

  /// Each M that holds a P runs or searches, as its P does; each G in a call is on an M in one. An M that has let go of its P
  /// says so a little later, when it has looked again and woken others: until then it runs without one, and no G.
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
