// Files, and what stands between two braces, stay small enough to be read at one sitting.
import Testing

@Suite("Sizes")
struct SizeTests {
  static let fileCap = 450
  static let blockCap = 45

  @Test("No file is past its cap")
  func files() {
    let long = (Repository.code + Repository.scripts).filter { $0.lines.count > Self.fileCap }
    #expect(long.map { "\($0.path): \($0.lines.count) lines" }.isEmpty)
  }

  @Test("No function, initialiser, subscript, computed property, accessor or closure is past its cap")
  func blocks() {
    let measured = Repository.swift.map { (file: $0, blocks: CodeBlock.all(in: $0)) }
    #expect(measured.filter { $0.blocks == nil }.map(\.file).isEmpty)
    #expect(measured.flatMap { $0.blocks ?? [] }.filter { $0.length > Self.blockCap }.isEmpty)
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
