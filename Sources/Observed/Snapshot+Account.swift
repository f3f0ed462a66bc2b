// What the account of the queues shows in the rows: one definition, for a live target and for any moment of the past.
import Region

extension Snapshot {
  /// Gs that wait for their turn on no queue: in the hands of who moves them, or set aside without a stack. nil: the target
  /// does not tell. 0 or more in a consistent snapshot.
  public var inHands: Int? {
    account == nil ? nil : gs.runnable + gs.preempted - queued
  }

  /// Gs on all queues, as the rows show them.
  public var queued: Int { ps.reduce(grq) { $0 + $1.lrq + ($1.runnext ? 1 : 0) } }

  /// Shows depths and holders as the account has them.
  package mutating func showAccount() {
    guard let account else { return }
    grq = min(max(0, account.grq), plausible)
    grqMax = max(grqMax, grq)
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
  /// No ring holds more than fit into it. Where records say so, a spill or a thief has yet to tell what it took: these Gs
  /// are in hands.
  fileprivate mutating func show(_ p: QueueAccount.P) {
    lrq = min(max(0, p.lrq), Capacity.lrq)
    lrqMax = max(lrqMax, lrq)
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
  /// - Parameter held: the P that it holds, if any.
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
