// The first message of a stream: who sends, who is observed, and what can be known of it.
import History
import Host
import Observed
import Region

/// The first message of a stream: who sends the stream, and what the stream tells.
package struct Greeting: Equatable {
  /// The sender's version, such as `0.2.0`.
  package var version: String
  /// The moment at which this was sent, in nanoseconds of the source's clock.
  package var now: UInt64
  package var target: Snapshot.Target
  package var knowledge: Knowledge
  package var reasons: [WaitReason?]
  /// Whether the sender answers questions and commands on its standard input.
  package var answers: Bool
  /// Whether the target's scheduler can be held, stepped and slowed by commands of control.
  package var isControlled: Bool

  package init(
    version: String, now: UInt64, target: Snapshot.Target, knowledge: Knowledge, reasons: [WaitReason?],
    answers: Bool = false, isControlled: Bool = false
  ) {
    (self.version, self.now, self.target) = (version, now, target)
    (self.knowledge, self.reasons) = (knowledge, reasons)
    (self.answers, self.isControlled) = (answers, isControlled)
  }

  package var bytes: [UInt8] {
    var out = ByteWriter()
    out.text(version)
    out.number(now)
    target.write(to: &out)
    out.number(Self.number(of: knowledge.gauges))
    out.number(
      (knowledge.listsGs ? 1 : 0) | (knowledge.hasStacks ? 2 : 0) | (answers ? 4 : 0) | (isControlled ? 8 : 0)
        as UInt64)
    out.text(knowledge.absenceOfEvents ?? "")
    out.text(knowledge.beyond ?? "")
    let told = reasons.enumerated().filter { $0.element != nil }
    out.number(UInt64(told.count))
    for (raw, reason) in told {
      out.number(UInt64(raw))
      out.text(reason.map { "\($0)" } ?? "")
    }
    return out.bytes
  }

  /// Reads a greeting; nil: the bytes are not those of one.
  package init?(_ bytes: [UInt8]) {
    var body = ByteReader(bytes)
    target = Snapshot.Target()
    guard let version = body.text(), let now = body.number(), target.read(from: &body),
      let gauges = body.number().flatMap(Self.gauges), let flags = body.number(), let absence = body.text(),
      let beyond = body.text(), let count = body.number(upTo: 256)
    else { return nil }
    (self.version, self.now) = (version, now)
    (answers, isControlled) = (flags & 4 != 0, flags & 8 != 0)
    knowledge = Knowledge(
      gauges: gauges, absenceOfEvents: absence.isEmpty ? nil : absence, listsGs: flags & 1 != 0,
      hasStacks: flags & 2 != 0, beyond: beyond.isEmpty ? nil : beyond)
    reasons = Array(repeating: nil, count: 256)
    for _ in 0..<count {
      guard let raw = body.number(upTo: 255), let word = body.text() else { return nil }
      reasons[raw] = WaitReason.allCases.first { "\($0)" == word }
    }
  }

  private static func number(of gauges: Knowledge.Gauges) -> UInt64 {
    switch gauges {
    case .exact: 0
    case .sampled: 1
    case .late: 2
    }
  }

  private static func gauges(_ number: UInt64) -> Knowledge.Gauges? {
    switch number {
    case 0: .exact
    case 1: .sampled
    case 2: .late
    default: nil
    }
  }
}

/// The sender's clock, and the moment up to which all events have been sent. It also shows that the
/// connection lives.
package struct Pulse: Equatable {
  /// The moment at which this was sent, in nanoseconds of the source's clock.
  package var now: UInt64
  /// The moment up to which all events have been sent, in nanoseconds of the source's clock.
  package var knownUpTo: UInt64
  /// How full the fullest of the target's rings of events became, in thousandths.
  package var fill: UInt64

  package init(now: UInt64, knownUpTo: UInt64, fill: UInt64) {
    (self.now, self.knownUpTo, self.fill) = (now, knownUpTo, fill)
  }

  package var bytes: [UInt8] {
    var out = ByteWriter()
    for value in [now, now &- knownUpTo, fill] { out.number(value) }
    return out.bytes
  }

  package init?(_ bytes: [UInt8]) {
    var body = ByteReader(bytes)
    guard let now = body.number(), let age = body.number(), let fill = body.number() else { return nil }
    (self.now, knownUpTo, self.fill) = (now, now &- age, fill)
  }
}
