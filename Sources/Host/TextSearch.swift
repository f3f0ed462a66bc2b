// Looking for a text in a text.
//
// Swift's own `contains`, `firstRange`, `replacing` and `split` by a text, and its regular expressions, are of a library that is
// linked into a program as soon as it uses one of them: 1.3 MB for mpgtop, which searches a few short lines.

extension StringProtocol {
  /// The place at which a part begins for the first time; nil: it is not in the text, or empty.
  public func firstPlace(of part: some StringProtocol) -> Index? {
    part.isEmpty ? nil : indices.first { self[$0...].hasPrefix(part) }
  }

  /// Whether a part is in the text; an empty one is in none, as with `contains`.
  public func includes(_ part: some StringProtocol) -> Bool { firstPlace(of: part) != nil }

  /// The text with each of a character written as `other`.
  public func substituting(_ character: Character, by other: String) -> String {
    split(separator: character, omittingEmptySubsequences: false).joined(separator: other)
  }
}
