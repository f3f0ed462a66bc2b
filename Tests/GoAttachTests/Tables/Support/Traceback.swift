// What Go prints of its goroutines, as values that can be compared.

/// A goroutine in Go's own text.
struct TracedGoroutine: Equatable {
  let id: UInt64
  /// `chan receive`, without the minutes.
  let state: String
  /// Its lines without arguments: functions, places, and who created it.
  let lines: [String]

  /// All goroutines in a text such as that of SIGQUIT.
  static func all(in text: String) -> [UInt64: TracedGoroutine] {
    var result: [UInt64: TracedGoroutine] = [:]
    for block in text.split(separator: "\n\n") {
      let lines = block.split(separator: "\n").map(String.init)
      guard let head = lines.first?.firstMatch(of: #/^goroutine (\d+) .*\[([^\],]*).*\]:$/#),
        let id = UInt64(head.1)
      else { continue }
      result[id] = TracedGoroutine(
        id: id, state: String(head.2), lines: lines.dropFirst().map(withoutArguments))
    }
    return result
  }

  /// `main.f(...)` for `main.f(0x1, {0x2, 0x3})`.
  private static func withoutArguments(_ line: String) -> String {
    guard !line.hasPrefix("\t"), !line.hasPrefix("created by"), !line.hasPrefix("..."),
      let open = line.lastIndex(of: "(")
    else { return line }
    return line[..<open] + "(...)"
  }
}
