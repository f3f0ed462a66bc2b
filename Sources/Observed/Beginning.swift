// Values of a scheduler and of its Ps that have done nothing yet: the zeros from which sums begin. They are
// known zeros, not absent facts.

extension Snapshot {
  /// The snapshot of a scheduler that has counted nothing yet, from a source that tells all counters: they are 0, not
  /// nil.
  package static func beginning(target: Target = Target()) -> Snapshot {
    var snapshot = Snapshot(target: target)
    (snapshot.grq, snapshot.grqMax, snapshot.timers, snapshot.switches) = (0, 0, 0, 0)
    (snapshot.gs.created, snapshot.gs.exited) = (0, 0)
    (snapshot.netpoll.fds, snapshot.netpoll.wakeups, snapshot.netpoll.readied) = (0, 0, 0)
    (snapshot.trace.events, snapshot.trace.lost, snapshot.trace.bytes, snapshot.trace.rings) = (0, 0, 0, [])
    (snapshot.retired, snapshot.steals) = (.beginning, StealMatrix())
    return snapshot
  }
}

extension Snapshot.P {
  /// A P that has done nothing yet, of a source that tells all counters.
  package static func beginning(_ id: Int) -> Snapshot.P {
    var p = Snapshot.P()
    p.id = id
    (p.lrq, p.lrqMax, p.runnext) = (0, 0, false)
    (p.ticks, p.stealsIn, p.stealsOut, p.stolenGs, p.stealTries) = (0, 0, 0, 0, 0)
    return p
  }

  /// A P that has done nothing yet. A fact that `other`, another P of the same source, does not tell is nil here too.
  /// `other` is nil if no other P is known: then all these facts are nil.
  package static func beginning(_ id: Int, like other: Snapshot.P?) -> Snapshot.P {
    var p = beginning(id)
    func keep<Value>(_ fact: WritableKeyPath<Snapshot.P, Value?>) {
      if other?[keyPath: fact] == nil { p[keyPath: fact] = nil }
    }
    keep(\.lrq)
    keep(\.lrqMax)
    keep(\.runnext)
    for counter in counters { keep(counter) }
    return p
  }

  /// The counters of a P, which grow from the boot on.
  package static var counters: [WritableKeyPath<Snapshot.P, UInt64?>] {
    [\.ticks, \.stealsIn, \.stealsOut, \.stolenGs, \.stealTries]
  }
}

extension Snapshot.Retired {
  /// The sums over stopped Ps before any P was stopped.
  package static var beginning: Snapshot.Retired {
    var none = Snapshot.Retired()
    (none.ticks, none.stealsIn, none.stealsOut, none.stolenGs, none.stealTries) = (0, 0, 0, 0, 0)
    return none
  }

  /// Notes that a P was stopped: adds its counts to the sums.
  package mutating func add(_ p: Snapshot.P) {
    ps += 1
    ticks.add(p.ticks)
    stealsIn.add(p.stealsIn)
    stealsOut.add(p.stealsOut)
    stolenGs.add(p.stolenGs)
    stealTries.add(p.stealTries)
  }

  /// Subtracts the counts of a P from the sums, because the P was stopped and is used again.
  package mutating func takeOff(_ p: Snapshot.P) {
    ps -= 1
    ticks.takeOff(p.ticks)
    stealsIn.takeOff(p.stealsIn)
    stealsOut.takeOff(p.stealsOut)
    stolenGs.takeOff(p.stolenGs)
    stealTries.takeOff(p.stealTries)
  }
}
