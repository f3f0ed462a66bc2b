// A finding of a lint, as a value. The lints themselves are in Insight.

/// One thing that a lint found.
public struct Finding: Sendable, Equatable {
  /// The name of the lint: `hog`, `starvingG`…
  public var lint: String
  /// The finding in one line: what was found, about which G or P, and how much.
  public var message: String
  /// The G that the finding is about; nil: it is not about a single G.
  public var g: UInt64?
  /// The place where the G `g` was spawned; nil: not known, or the finding is not about a single G.
  public var entry: String?
  /// The label of the request, or of another span, that the G works for; nil: it works for none.
  public var request: String?
  /// The value that was measured, in the unit that the head of the lint's file names.
  public var value: Double
  /// The value from which on the lint reports, in the unit of `value`.
  public var threshold: Double

  package init(
    lint: String, message: String, g: UInt64? = nil, entry: String? = nil, request: String? = nil,
    value: Double, threshold: Double
  ) {
    (self.lint, self.message, self.g, self.entry, self.request, self.value, self.threshold) = (
      lint, message, g, entry, request, value, threshold
    )
  }
}

/// The findings of all lints at one moment.
package struct Findings: Equatable {
  package var all: [Finding] = []

  package init(_ all: [Finding]) { self.all = all }
}
