// CONTRIBUTING's walks are walked: on a copy of the sources, an event and a lint are added as the page says, and the compiler
// must lead from the first step to each file that the page names, and to no other.
import Foundation
import TestSupport
import Testing

/// One step of a walk: what is put into which file, and before which line.
private struct Step: Sendable {
  let room, file: String
  let text: String
  /// The beginning of the line, without its blanks, before which the text is put; nil: the file is new.
  let place: String?
}

/// A copy of the sources of some rooms, which the compiler checks against the modules of this build.
private final class Copy {
  private let folder: TemporaryFolder
  private var sources: String { "\(folder.path)/Sources" }
  private var modules: String { "\(folder.path)/modules" }

  init(_ rooms: [String]) throws {
    folder = try TemporaryFolder()
    for path in [sources, modules] {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }
    for room in rooms {
      let original = Repository.root.appending(path: "Sources/\(room)").path
      try FileManager.default.copyItem(atPath: original, toPath: "\(sources)/\(room)")
    }
  }

  func take(_ step: Step) throws {
    guard let place = step.place else {
      return try step.text.write(
        toFile: "\(sources)/\(step.room)/\(step.file)", atomically: false, encoding: .utf8)
    }
    let found = try FileManager.default.subpathsOfDirectory(atPath: "\(sources)/\(step.room)")
      .first { $0.hasSuffix("/\(step.file)") || $0 == step.file }
    let path = "\(sources)/\(step.room)/\(try #require(found))"
    var lines = try String(contentsOfFile: path, encoding: .utf8).components(separatedBy: "\n")
    let line = try #require(lines.firstIndex { $0.trimmed.hasPrefix(place) }, "\(place) in \(step.file)")
    lines.insert(step.text, at: line)
    try lines.joined(separator: "\n").write(toFile: path, atomically: false, encoding: .utf8)
  }

  /// The files of a room in which the compiler finds errors.
  func errors(in room: String) throws -> Set<String> {
    // The compiler reads a whole room, beside all other tests: on a busy machine that takes minutes.
    let result = try Program.run(
      Command("\(Built.repository)/scripts/typecheck.sh", Built.folder, room, "\(sources)/\(room)", modules),
      within: 900)
    let said = result.output + result.errors
    let files = said.matches(of: #/(?:^|\n)[^\n]*\/(\w+\.swift):\d+:\d+: error:/#).map { String($0.1) }
    #expect(result.ending == .code(0) || !files.isEmpty, "\(said.suffix(2000))")
    return Set(files)
  }
}

@Suite("Walks", .disabled(if: hasThreadSanitizer, "the modules of such a build are others"))
struct WalkTests {
  private static func section(_ title: String) -> String {
    let lines = Repository.text("CONTRIBUTING.md").lines
    return lines.drop { $0 != title }.dropFirst().prefix { !$0.hasPrefix("#") }.joined(separator: "\n")
  }

  /// Takes steps, each only when an error of the compiler asks for its file, until there is no error.
  private func walk(_ steps: [Step], in rooms: [String], on copy: Copy) throws {
    var left = steps
    for room in rooms {
      var asked = try copy.errors(in: room)
      while !asked.isEmpty {
        let next = left.filter { $0.room == room && asked.contains($0.file) }
        guard !next.isEmpty else { throw Broken("no step of the walk is for \(asked.sorted()) of \(room)") }
        for step in next { try copy.take(step) }
        left.removeAll { $0.room == room && asked.contains($0.file) }
        asked = try copy.errors(in: room)
      }
    }
    #expect(left.map(\.file) == [], "no error led to these")
  }

  @Test("the walk for an event: the compiler leads from its case to each file that the page names")
  func event() throws {
    let rooms = ["Region", "Observed", "History", "Insight", "TUI"]
    let copy = try Copy(rooms)
    try copy.take(
      Step(
        room: "Region", file: "EventKind.swift", text: "  /// Somebody walked.\n  case walked = 250",
        place: "/// What the parts"))
    let steps = [
      Step(
        room: "Region", file: "EventKind.swift", text: "    case .walked: \"- - count:steps -\"",
        place: "case .takeUp: \""),
      Step(
        room: "Observed", file: "Event.swift", text: "    case .walked: return \"M\\(m) walks\"",
        place: "case .mSpin: return"),
      Step(
        room: "History", file: "Model.swift", text: "    case .walked: break", place: "case .procStart: hold"),
      Step(
        room: "Insight", file: "Meter.swift", text: "    case .walked: .nothing",
        place: "case .goStart: .start"),
      Step(
        room: "Insight", file: "EventMeaning.swift", text: "    case .walked: \"Somebody walked.\"",
        place: "case .boot: \""),
      Step(
        room: "Insight", file: "Story.swift", text: "    case .walked: return \"walked\"",
        place: "case .mPark: return"),
      Step(
        room: "TUI", file: "Vocabulary.swift", text: "    case .walked: .runtime",
        place: "case .goStart, .goResume"),
    ]
    try walk(steps, in: rooms, on: copy)
    let page = Self.section("### An event")
    #expect(steps.filter { !page.contains("`\($0.file)`") }.map(\.file) == [])
  }

  @Test("the walk for a lint: the compiler leads from its name to its type, and the rest stands")
  func lint() throws {
    let copy = try Copy(["Insight"])
    try copy.take(
      Step(room: "Insight", file: "Lint.swift", text: "  case idler", place: "var lint: any Lint"))
    let type = """
      // Idler: nobody does anything.
      import Observed

      /// Value: the Ps that idle. Reported when all do.
      struct Idler: Lint {
        func findings(in instruments: Instruments, _ snapshot: Snapshot) -> [Finding] {
          let idle = snapshot.ps.count { $0.status == .idle }
          guard idle > 0, idle == snapshot.ps.count else { return [] }
          return [
            Finding(
              lint: LintName.idler.rawValue, message: "nobody does anything", g: nil, entry: nil,
              request: nil, value: Double(idle), threshold: Double(idle))
          ]
        }
      }

      """
    let steps = [
      Step(
        room: "Insight", file: "Lint.swift", text: "    case .idler: Idler()", place: "case .hog: Hog()"),
      Step(room: "Insight", file: "Idler.swift", text: type, place: nil),
    ]
    // The new file comes with the line that the compiler asks for.
    #expect(try copy.errors(in: "Insight") == ["Lint.swift"])
    for step in steps { try copy.take(step) }
    #expect(try copy.errors(in: "Insight") == [])
    let page = Self.section("### A lint")
    #expect(page.contains("`Lint.swift`") && page.contains("`LintName`"))
  }
}
