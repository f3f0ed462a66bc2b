// What a lint found, as a value: what looks for it is in Insight.

/// What a lint found.
public struct Finding: Sendable, Equatable {
  /// Which lint: `hog`, `starvingG`…
  public var lint: String
  /// One line: what, who, how much.
  public var message: String
  /// Whom it is about, where it is about one.
  public var g: UInt64?
  public var entry: String?
  /// The label of the request, or other span, that it works for.
  public var request: String?
  /// How much, and from where on it is reported; both in what the lint's head says.
  public var value: Double
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

/// The findings of one moment.
package struct Findings: Equatable {
  package var all: [Finding] = []

  package init(_ all: [Finding]) { self.all = all }
}
