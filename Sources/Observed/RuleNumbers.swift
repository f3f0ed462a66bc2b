// The numbers in the target's scheduling rules, as the target tells them. The target may be of another version than
// this build, or may have been booted with another time slice. Keyframes carry the numbers, so recordings and black
// boxes know them as well. A sentence that explains a rule takes its numbers from here; it names no number that the
// target does not tell, and guesses none.
import Region

extension Snapshot {
  /// The numbers in a target's scheduling rules, as far as the target tells them.
  public struct RuleNumbers: Sendable, Equatable {
    private var values: [RuleNumber: UInt64] = [:]

    /// Makes a value in which no number is known.
    public init() {}

    /// The number, in nanoseconds if it is a length of time; nil: the target does not tell it.
    public subscript(_ number: RuleNumber) -> UInt64? {
      get { values[number] }
      set { values[number] = newValue.flatMap { $0 == 0 || $0 > Self.most ? nil : $0 } }
    }

    /// A number above this counts as damaged. As a length of time it would be 146 years.
    private static let most: UInt64 = 1 << 62

    /// Whether the target tells any number.
    public var isKnown: Bool { !values.isEmpty }
  }
}

extension Snapshot.RuleNumbers {
  /// The number in words: `10 ms` for a length of time, `256` for a count; nil: the target does not tell the number.
  package func text(_ number: RuleNumber) -> String? {
    self[number].map { number.isTime ? TimeText.exact($0) : "\($0)" }
  }

  /// The words, followed by the number if it is known: `a slice (10 ms)`, otherwise `a slice`.
  package func named(_ words: String, _ number: RuleNumber) -> String {
    words + (text(number).map { " (\($0))" } ?? "")
  }

  /// The words `more than` and the number if it is known: `more than 1 ms`; otherwise `long`.
  package func more(than number: RuleNumber) -> String { text(number).map { "more than \($0)" } ?? "long" }
}
