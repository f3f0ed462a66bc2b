// Loans: time without a P for a preempted G, when no P can go on. See Preempt §6.
import CMPG
import Region

/// The current loan, if there is one, and the M at which the search for the next borrower begins. A loan lets the
/// thread of a preempted G run for a short time although it has no P. Only sysmon uses this.
struct Loan {
  private var borrower: M?
  private var since: UInt64 = 0
  /// The id of the M to look at first for the next loan.
  private var cursor = 0
  /// How long a loan lasts, in ticks. Any M that stands still may hold the lock that the Ps need, so each gets a loan
  /// in turn; after each round through all Ms the length doubles.
  private var length: UInt64 = 0

  /// Ends a loan that is over, and makes a new one if every P is stuck. Called by sysmon after it has looked at every
  /// P.
  mutating func look(_ now: UInt64, isStuck: (Int) -> Bool, by m: M) -> Watch.Look {
    if let borrower {
      if borrower.stop == .onLoan {
        guard now &- since > length else { return .acted }
        since = now
        borrower.recall()
        return .acted
      }
      self.borrower = nil  // the borrower stands at the border or in the handler, or was granted a P
    }
    guard Preemption.queued > 0 else { return .nothing }
    // If one P is not stuck, it will get to the GRQ, where the preempted Gs are, so no loan is needed.
    for id in 0..<sched.psBound {
      if sched.p(id).isStopped || isStuck(id) { continue }
      length = 0
      return .nothing
    }
    return lend(now, by: m) ? .acted : .soon
  }

  /// Lets the next M that stands still without a P run for a while. Returns whether there was such an M.
  private mutating func lend(_ now: UInt64, by m: M) -> Bool {
    let count = Int(sched.shared[.mCount].acquired)
    if length == 0 { length = sched.slice / 2 }
    for _ in 0..<count {
      if cursor >= count {
        cursor = 0
        length = min(length &* 2, 8 &* sched.slice)
      }
      defer { cursor += 1 }
      guard let candidate = sched.m(cursor),
        candidate.shared[.state].relaxed == UInt64(MState.preemptWait.rawValue), candidate.lend()
      else { continue }
      borrower = candidate
      since = now
      m.emit(.lend, count: candidate.id, arg: candidate.shared[.g].relaxed)
      return true
    }
    return false
  }
}
