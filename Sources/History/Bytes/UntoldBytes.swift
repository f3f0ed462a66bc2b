// The facts of a section that are not known, as bytes.
//
// Sections of keyframes hold plain numbers for facts that regions always tell. Other sources do not know some of them. A fact
// that is not known stands as 0 in its place, and a number behind the section's other parts says which facts these are: one
// bit for each fact, in the order of the lists below. Facts of the whole scheduler have their bits in a section of their own.
// Where all facts are known these numbers are left out. So a region's keyframes have the same bytes as before there were such
// numbers, and older readers understand them.
import Observed

/// A fact that some sources do not know.
struct Fact<Owner>: Sendable {
  let isKnown: @Sendable (Owner) -> Bool
  let forget: @Sendable (inout Owner) -> Void

  init<Value>(_ path: WritableKeyPath<Owner, Value?> & Sendable) {
    isKnown = { $0[keyPath: path] != nil }
    forget = { $0[keyPath: path] = nil }
  }
}

extension ByteWriter {
  /// Writes which facts are not known. If all are known, nothing is written.
  mutating func untold<Owner>(_ facts: [Fact<Owner>], of owner: Owner) {
    let bits = Self.untold(facts, of: owner)
    if bits != 0 { number(bits) }
  }

  static func untold<Owner>(_ facts: [Fact<Owner>], of owner: Owner) -> UInt64 {
    facts.reversed().reduce(0) { $0 << 1 | ($1.isKnown(owner) ? 0 : 1) }
  }
}

extension ByteReader {
  /// Reads which facts are not known, and forgets the zeros that stand for them. False: the bytes are wrong.
  mutating func untold<Owner>(_ facts: [Fact<Owner>], of owner: inout Owner) -> Bool {
    if isAtEnd { return true }
    guard let bits = number() else { return false }
    for (index, fact) in facts.enumerated() where bits >> UInt64(index) & 1 != 0 { fact.forget(&owner) }
    return true
  }
}

extension Snapshot {
  static let facts: [Fact<Snapshot>] = [
    Fact(\.grq), Fact(\.grqMax), Fact(\.timers), Fact(\.switches), Fact(\.steals), Fact(\.gs.created),
    Fact(\.gs.exited),
  ]

  /// The bytes of the section that says which facts of the whole scheduler are not known; nil: all are known.
  var untoldBytes: ByteWriter? {
    let own = ByteWriter.untold(Self.facts, of: self)
    let stopped = retired.map { ByteWriter.untold(Retired.facts, of: $0) } ?? 0
    guard own != 0 || stopped != 0 else { return nil }
    var out = ByteWriter()
    out.number(own)
    out.number(stopped)
    return out
  }

  /// Reads which facts are not known. Call this when all other sections have been read.
  mutating func readUntold(from body: inout ByteReader) -> Bool {
    guard body.untold(Self.facts, of: &self) else { return false }
    var stopped = retired ?? Retired()
    guard body.untold(Retired.facts, of: &stopped) else { return false }
    if retired != nil { retired = stopped }
    return true
  }
}

extension Snapshot.Retired {
  static let facts: [Fact<Snapshot.Retired>] = [
    Fact(\.ticks), Fact(\.stealsIn), Fact(\.stealsOut), Fact(\.stolenGs), Fact(\.stealTries),
  ]
}

extension Snapshot.P {
  static let facts: [Fact<Snapshot.P>] = [
    Fact(\.lrq), Fact(\.lrqMax), Fact(\.runnext), Fact(\.ticks), Fact(\.stealsIn), Fact(\.stealsOut),
    Fact(\.stolenGs), Fact(\.stealTries),
  ]
}

extension Snapshot.M {
  static let facts: [Fact<Snapshot.M>] = [Fact(\.tid)]
}

extension Snapshot.Netpoll {
  static let facts: [Fact<Snapshot.Netpoll>] = [Fact(\.fds), Fact(\.wakeups), Fact(\.readied)]
}

extension Snapshot.Trace {
  static let facts: [Fact<Snapshot.Trace>] = [
    Fact(\.events), Fact(\.lost), Fact(\.bytes), Fact(\.rings),
  ]
}
