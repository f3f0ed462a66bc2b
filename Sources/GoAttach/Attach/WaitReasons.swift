// The runtime's own words for why a G waits. Their numbers moved between versions, so the list is read from the target.

/// The words of one target, by the number that its runtime has for each. A plain value.
public struct WaitReasons: Sendable, Equatable {
  /// Go's words for why a G waits, by the runtime's number. The first is empty.
  public let words: [String]

  /// How long the longest word is allowed to be, in bytes.
  private static let longest = 64
  /// No more words than this are read: no version of Go has more.
  private static let most = 64

  /// Reads the runtime's array of words for reasons, which begins at an address.
  ///
  /// - Parameter count: how many strings it has; nil: as many as look like reasons.
  package init(_ memory: some TargetMemory, at address: UInt64, count: Int?) throws(GoRefusal) {
    var words: [String] = []
    for index in 0..<min(count ?? Self.most, Self.most) {
      guard let word = try? memory.text(header: address &+ UInt64(16 * index), limit: Self.longest),
        word.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }), !word.isEmpty || index == 0
      else { break }
      words.append(word)
    }
    // In every version of Go the second and the third word are these two. If other words stand there, this is not the
    // array.
    guard words.count >= 3, words[0].isEmpty, words[1] == "GC assist marking", words[2] == "IO wait" else {
      throw .variable("waitReasonStrings")
    }
    self.words = words
  }

  /// The word for the runtime's number of a reason; `reason` and the number if no word is known.
  public subscript(_ number: UInt8) -> String {
    Int(number) < words.count ? words[Int(number)] : "reason \(number)"
  }
}
