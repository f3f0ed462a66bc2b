// The numbers of a target's rules, as it tells them itself: it may be of another version than this build, or booted with
// another slice. Keyframes carry them, so a recording and a black box know them as well. Whoever explains a rule takes its
// numbers from here; what a target does not tell has no number in a sentence, and no guess.
import Region

extension Snapshot {
  public struct RuleNumbers: Sendable, Equatable {
    private var values: [RuleNumber: UInt64] = [:]

    public init() {}

    /// nil: the target does not say.
    public subscript(_ number: RuleNumber) -> UInt64? {
      get { values[number] }
      set { values[number] = newValue.flatMap { $0 == 0 || $0 > Self.most ? nil : $0 } }
    }

    /// Longer ones, of 146 years, are not believed.
    private static let most: UInt64 = 1 << 62

    public var isKnown: Bool { !values.isEmpty }
  }
}

extension Snapshot.RuleNumbers {
  /// `10 ms` of a length of time, `256` of a number; nil: the target does not say.
  package func text(_ number: RuleNumber) -> String? {
    self[number].map { number.isTime ? Self.exact($0) : "\($0)" }
  }

  /// `a slice (10 ms)`; without a number `a slice`.
  package func named(_ words: String, _ number: RuleNumber) -> String {
    words + (text(number).map { " (\($0))" } ?? "")
  }

  /// `more than 1 ms`; without a number `long`.
  package func more(than number: RuleNumber) -> String { text(number).map { "more than \($0)" } ?? "long" }

  /// Nanoseconds without a digit that is not needed: `10 ms`, `250 µs`, `1.5 ms`.
  private static func exact(_ nanoseconds: UInt64) -> String {
    for (unit, name) in [(1_000_000_000 as UInt64, "s"), (1_000_000, "ms"), (1000, "µs")]
    where nanoseconds >= unit && nanoseconds % (unit / 1000) == 0 {
      let rest = nanoseconds % unit / (unit / 1000)
      guard rest > 0 else { return "\(nanoseconds / unit) \(name)" }
      var digits = String("\(1000 + rest)".dropFirst())
      while digits.hasSuffix("0") { digits.removeLast() }
      return "\(nanoseconds / unit).\(digits) \(name)"
    }
    return "\(nanoseconds) ns"
  }
}
