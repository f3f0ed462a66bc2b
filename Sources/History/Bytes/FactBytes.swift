// The parts of a snapshot that have sections of their own in a keyframe, as bytes: the moments of the boot, the limits in
// the target's scheduling rules, the steal matrix, the threads' CPU time, and how many Gs are on each queue by the events.
import Host
import Observed
import Region

extension Snapshot.Boot {
  package func write(to out: inout ByteWriter) {
    out.number(start)
    for step in BootStep.allCases { out.number(self[step]) }
  }

  /// Reads the moments of a boot. An older writer did not know the later steps, so those may be missing
  /// at the end.
  package mutating func read(from body: inout ByteReader) -> Bool {
    guard let start = body.optional() else { return false }
    self.start = start
    for step in BootStep.allCases where !body.isAtEnd {
      guard let time = body.optional() else { return false }
      self[step] = time
    }
    return true
  }
}

extension Snapshot.RuleNumbers {
  package func write(to out: inout ByteWriter) {
    for number in RuleNumber.allCases {
      guard let value = self[number] else { continue }
      out.number(UInt64(number.rawValue))
      out.number(value)
    }
  }

  package mutating func read(from body: inout ByteReader) -> Bool {
    for _ in 0..<256 where !body.isAtEnd {
      guard let raw = body.number(upTo: 255), let value = body.number() else { return false }
      if let number = RuleNumber(rawValue: UInt8(raw)) { self[number] = value }
    }
    return body.isAtEnd
  }
}

extension StealMatrix {
  package func write(to out: inout ByteWriter) {
    out.number((isCut ? 1 : 0) | (tellsTries ? 0 : 2) as UInt64)
    for pair in pairs {
      out.number(UInt64(clamping: pair.thief))
      out.number(UInt64(clamping: pair.victim))
      for counter in [pair.tries ?? 0, pair.hits, pair.gs] { out.number(counter) }
    }
  }

  package mutating func read(from body: inout ByteReader) -> Bool {
    guard let flags = body.number() else { return false }
    let tellsTries = flags & 2 == 0
    var pairs: [Pair] = []
    while !body.isAtEnd {
      guard pairs.count < Self.most, let thief = body.number(upTo: 4095),
        let victim = body.number(upTo: 4095),
        let tries = body.number(), let hits = body.number(), let gs = body.number(),
        pairs.last.map({ ($0.thief, $0.victim) < (thief, victim) }) ?? true
      else { return false }
      let known = tellsTries ? tries : nil
      pairs.append(Pair(thief: thief, victim: victim, tries: known, hits: hits, gs: gs))
    }
    self = StealMatrix(pairs, isCut: flags & 1 != 0)
    self.tellsTries = tellsTries
    return true
  }
}

extension CPUPressure {
  package func write(to out: inout ByteWriter) {
    for value in [window, ran, waited, UInt64(clamping: threads)] { out.number(value) }
  }

  /// Reads a CPU pressure; nil: the bytes are not those of one.
  package init?(from body: inout ByteReader) {
    guard let window = body.number(), let ran = body.number(), let waited = body.number(),
      let threads = body.number(upTo: plausible)
    else { return nil }
    self.init()
    (self.window, self.ran, self.waited, self.threads) = (window, ran, waited, threads)
  }
}

extension QueueAccount {
  package func write(to out: inout ByteWriter) {
    func gs(_ value: Int) { out.number(min(max(value, 1 - plausible), plausible - 1)) }
    gs(grq)
    for p in ps {
      gs(p.lrq)
      gs(p.next)
      out.number(p.m.map { UInt64(clamping: $0) })
      out.number(p.g)
    }
  }

  package init?(from body: inout ByteReader) {
    guard let grq = body.gs() else { return nil }
    var ps: [P] = []
    while !body.isAtEnd {
      guard ps.count < Self.mostPs, let lrq = body.gs(), let next = body.gs(), let m = body.optional(),
        let g = body.optional()
      else { return nil }
      ps.append(P(lrq: lrq, next: next, m: m.map { Int(clamping: $0) }, g: g))
    }
    self.init(ps: ps, grq: grq)
  }
}
