// The seam: above it nobody asks which kind of source there is, only whether a fact is there (SchedulerSource.swift).
import Testing

@Suite("Seam")
struct SeamTests {
  /// Every type that conforms to `SchedulerSource`, by the file that declares it; and the façade's other name of one.
  private static let kinds: [String: String] = {
    let declared = Repository.swift.filter { $0.isIn("Sources") }.flatMap { file in
      file.lines.compactMap { $0.firstMatch(of: #/class (\w+)\s*:[^{]*(?:\W)SchedulerSource/#) }
        .map { (String($0.1), file.path) }
    }
    return Dictionary(declared + [("Inspector", "Sources/Inspector/Inspector.swift")]) { first, _ in first }
  }()

  /// Where a kind may be asked for: the place that lists them, and the value that names them for people. A kind's own file, and
  /// the others of its folder, may as well.
  private static let homes =
    ["Sources/Inspector/SourceKinds.swift", "Sources/Insight/Frame/Past.swift"]
    + kinds.values.map { path in
      path.hasPrefix("Sources/Inspector/")
        ? path : path.split(separator: "/").dropLast().joined(separator: "/")
    }

  /// Whether a line of code asks which kind of source something is.
  static func asksForTheKind(_ line: String) -> Bool {
    guard !line.trimmed.hasPrefix("//") else { return false }
    // `\b` takes `past.origin` for one word, so what stands before a name is told by hand.
    let casts = line.matches(of: #/(?:^|\W)(?:as[?!]?|is)\s+(\w+)/#).map { String($0.1) }
    let switches = #/(?:^|\W)switch\s+(?:\w+[.?]+)*(?:source|origin)(?:\W|$)/#
    let origins = #/(?:^|\W)origin\s*(?:==|!=|\?\?)/#
    return casts.contains { kinds[$0] != nil } || line.contains(switches) || line.contains(origins)
  }

  @Test("A question for the kind of a source is found in its forms")
  func forms() {
    #expect(Self.asksForTheKind("    switch source {"))
    #expect(Self.asksForTheKind("    switch frame.past?.origin ?? .live {"))
    #expect(Self.asksForTheKind("    if past.origin == .live {"))
    #expect(Self.asksForTheKind("  let region = source as? LiveRegion"))
    #expect(Self.asksForTheKind("  // switch source") == false)
    #expect(Self.asksForTheKind("    guard player.hasEvents else { return }") == false)
  }

  @Test("The kinds of sources are found")
  func kindsAreFound() {
    #expect(Set(Self.kinds.keys).isSuperset(of: ["LiveRegion", "DeadRegion", "RecordingSource"]))
  }

  @Test("Above the seam nobody asks for the kind of a source")
  func nobodyAsks() {
    let above = Repository.swift.filter { file in
      file.isIn("Sources") && !Self.homes.contains { file.path.hasPrefix($0) }
    }
    let wrong = above.flatMap { file in
      file.numbered.filter { Self.asksForTheKind($0.text) }
        .map { "\(file.path):\($0.number): \($0.text.trimmed)" }
    }
    #expect(wrong.isEmpty)
  }
}
