// `:goto`: a moment by its time, by a share of all the time that is known, by an event, or by a G.
//
//     goto 1.5s        1.5 seconds after the first moment; also ms, us, ns
//     goto -2s         2 seconds before the last one
//     goto 40%         at two fifths of the time
//     goto g42         the next event of G42; behind its last one, its first
//     goto p1 200      the event at position 200 of the lane of P1; m3 for a thread
import Inspector

enum Goto {
  /// Examples of what can stand after `goto`, as a hint beside the line that is typed.
  static let forms = "1.5s, -2s, 40%, g42, p1 200"

  /// Returns the command of a typed line; nil: the line does not begin with `goto`. `.failure`: what stands
  /// after `goto` is not understood.
  static func command(_ text: String) -> Result<TimeCommand, Mistake>? {
    let words = text.lowercased().split(separator: " ")
    guard words.first == "goto" else { return nil }
    guard let command = command(words.dropFirst().map(String.init)) else { return .failure(Mistake()) }
    return .success(command)
  }

  struct Mistake: Error, Equatable {}

  private static func command(_ words: [String]) -> TimeCommand? {
    guard let word = words.first, words.count <= 2 else { return nil }
    if words.count == 2 {
      guard let position = UInt64(words[1]), let id = Int(word.dropFirst()), id >= 0 else { return nil }
      return word.hasPrefix("p")
        ? .event(.p(id), position: position) : word.hasPrefix("m") ? .event(.m(id), position: position) : nil
    }
    if word.hasPrefix("g") { return UInt64(word.dropFirst()).map { .nextOf(g: $0) } }
    if word.hasSuffix("%") {
      guard let share = Double(word.dropLast()), (0...100).contains(share) else { return nil }
      return .part(share / 100)
    }
    return offset(word).map { .offset($0) }
  }

  private static func offset(_ word: String) -> Int64? {
    let units: [(String, Double)] = [("ns", 1), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("", 1e9)]
    for (unit, size) in units where word.hasSuffix(unit) {
      guard let number = Double(word.dropLast(unit.count)), abs(number * size) < 9e18 else { continue }
      return Int64((number * size).rounded())
    }
    return nil
  }
}
