// How the account of the queues (QueueAccount.swift) changes the rows of Ps and Ms. The rule is the same for a live
// target and for any past moment.
import Region

extension Snapshot {
  /// The number of Gs that are ready to run but on no queue: a thread is moving them, or they were set aside
  /// because they had no stack. In a consistent snapshot it is not negative. nil: the target does not tell.
  public var inHands: Int? {
    guard account != nil, let queued else { return nil }
    return gs.runnable + gs.preempted - queued
  }

  /// Whether the depth of any queue is known; a trace of Go says that a G is ready, and not where it stands.
  public var tellsQueues: Bool { grq != nil || ps.contains { $0.lrq != nil } }

  /// The number of Gs on all queues together, as the rows show them; nil: one of the queues is not known.
  public var queued: Int? {
    ps.reduce(grq) { sum, p in
      guard let sum, let lrq = p.lrq, let runnext = p.runnext else { return nil }
      return sum + lrq + (runnext ? 1 : 0)
    }
  }

  /// Replaces the depths of queues and the holders of Ps in the rows by those of the account of the queues.
  package mutating func showAccount() {
    guard let account else { return }
    let depth = min(max(0, account.grq), plausible)
    (grq, grqMax) = (depth, grqMax.map { max($0, depth) })
    var holders: [Int: Int] = [:]
    for row in ps.indices {
      guard let p = account[p: ps[row].id] else { continue }
      ps[row].show(p)
      if let m = p.m { holders[m] = row }
    }
    for row in ms.indices { ms[row].show(holders[ms[row].id].map { ps[$0] }) }
  }
}

extension Snapshot.P {
  /// Shows the account of this P in its row. An LRQ cannot hold more Gs than its ring has room for. If the account says
  /// that it does, the record of a spill or of a steal is still to come, and the Gs beyond the room are on no queue
  /// (`inHands`).
  fileprivate mutating func show(_ p: QueueAccount.P) {
    let depth = min(max(0, p.lrq), Capacity.lrq)
    (lrq, lrqMax) = (depth, lrqMax.map { max($0, depth) })
    runnext = p.next > 0
    if g != p.g { (g, entry) = (p.g, nil) }
    m = p.m
    if g != nil {
      status = .running
    } else if m == nil {
      if status != .stopped { status = .idle }
    } else if status == .idle || status == .stopped {
      status = .running
    }
  }
}

extension Snapshot.M {
  /// Shows in this M's row which P the M holds according to the account.
  ///
  /// - Parameter held: the row of the P that this M holds; nil: it holds none.
  fileprivate mutating func show(_ held: Snapshot.P?) {
    if let held, held.g != nil {
      (p, g) = (held.id, held.g)
      if state == .parked || state == .syscall || state == .spinning { state = .running }
    } else if state != .syscall && state != .preemptWait {
      (p, g) = (held?.id, nil)
    } else {
      p = nil
    }
  }
}
