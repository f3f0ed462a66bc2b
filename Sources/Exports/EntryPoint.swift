// The place in the source where a G began, as its entry says it in one line.

/// The parts of an entry such as `function at File.swift:31`.
struct EntryPoint: Equatable {
  var function: String
  var file = ""
  var line: UInt64 = 0

  init(_ entry: String) {
    function = entry
    guard let place = entry.split(separator: " ").last, let colon = place.lastIndex(of: ":"),
      let line = UInt64(place[place.index(after: colon)...]), entry.hasSuffix(" at " + place)
    else { return }
    (function, file, self.line) = (String(entry.dropLast(place.count + 4)), String(place[..<colon]), line)
  }
}
