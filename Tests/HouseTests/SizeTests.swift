// Files and functions stay small enough to be read at one sitting.
import Testing

/// A function, initialiser or subscript. Its end is found by indentation, which swift format makes reliable.
struct Function: Sendable, CustomStringConvertible {
  let path: String
  let line: Int
  let length: Int
  var description: String { "\(path):\(line): \(length) lines" }

  static func all(in file: TextFile) -> [Function] {
    let opening = #/^(\s*)(?:@\S+\s+|[\w()]+\s+)*(?:func\b|init\b|deinit\b)/#
    return file.numbered.compactMap { number, text in
      guard let indent = text.firstMatch(of: opening)?.1, !text.trimmed.hasPrefix("//"), !text.contains("}")
      else { return nil }
      let body = file.lines[number...].prefix { !$0.hasPrefix(indent + "}") }
      guard number + body.count < file.lines.count else { return nil }
      return Function(path: file.path, line: number, length: body.count + 2)
    }
  }
}

@Suite("Sizes")
struct SizeTests {
  static let fileCap = 450
  static let functionCap = 45

  @Test("The measure finds the lines of a function")
  func functionsAreMeasured() {
    let file = TextFile(
      path: "x.swift",
      lines: [
        "struct S {", "  init() {", "  }", "  @inline(never) public static func f(", "    a: Int", "  ) {",
        "    while true {", "    }", "  }", "  func oneLine() {}", "}",
      ])
    #expect(Function.all(in: file).map(\.line) == [2, 4])
    #expect(Function.all(in: file).map(\.length) == [2, 6])
  }

  @Test("No file is past its cap")
  func files() {
    let long = (Repository.code + Repository.scripts).filter { $0.lines.count > Self.fileCap }
    #expect(long.map { "\($0.path): \($0.lines.count) lines" }.isEmpty)
  }

  @Test("No function is past its cap")
  func functions() {
    let long = Repository.swift.flatMap(Function.all).filter { $0.length > Self.functionCap }
    #expect(long.isEmpty)
  }

  @Test("Every file starts with what it is for; a suite's title will do")
  func filesSayWhatTheyAreFor() {
    let silent = Repository.code.filter { file in
      guard !(file.isIn("Tests") && file.lines.contains { $0.hasPrefix("@Suite(\"") }) else { return false }
      let first = file.lines.first?.trimmed ?? ""
      return !(first.hasPrefix("//") || first.hasPrefix("/*") || first.hasPrefix("#!"))
    }
    #expect(silent.isEmpty)
  }

  @Test("What sysmon runs allocates nothing, in a debug build either: loops over Ps are loops")
  func noClosuresOverRanges() {
    // Unoptimised, these go through the library's generic code, which boxes every element, and so calls
    // malloc. If a G was preempted inside malloc, sysmon would then wait for malloc's lock, although only
    // sysmon could let that G run on.
    let closure =
      #/\.\.<[^{}]*\)\s*\.(?:reduce|allSatisfy|contains|map|filter|count|first|min|max|forEach)\b/#
    let folders = ["Scheduler", "Netpoll", "Queues", "Entities"].map { "Sources/Runtime/\($0)" }
    let wrong = Repository.swift.filter { file in folders.contains { file.isIn($0) } }.flatMap { file in
      file.numbered.filter { $0.text.contains(closure) }.map {
        "\(file.path):\($0.number): \($0.text.trimmed)"
      }
    }
    #expect(wrong.isEmpty)
  }

  @Test("What is left to do has an issue's number")
  func unfinishedWorkIsNumbered() {
    // Joined from parts, so that this file does not find itself.
    let marks = ["TO" + "DO", "FIX" + "ME"]
    let wrong = (Repository.code + Repository.scripts + Repository.docs).flatMap { file in
      file.numbered.filter { line in
        marks.contains { line.text.contains($0) } && !line.text.contains(#/#\d+/#)
      }
      .map { "\(file.path):\($0.number): \($0.text.trimmed)" }
    }
    #expect(wrong.isEmpty)
  }
}
