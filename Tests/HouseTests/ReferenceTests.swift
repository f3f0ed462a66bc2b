// References must lead somewhere: to sections, documents, make targets, pictures.
import Foundation
import Testing

/// A reference such as `See Ring §4`, or `See §4` for the same file.
struct Reference: Sendable, CustomStringConvertible {
  let file: TextFile
  let line: Int
  /// The other file's name without its ending; nil: the reference is to the same file.
  let target: String?
  let section: String
  var description: String { "\(file.path):\(line): See \(target.map { $0 + " " } ?? "")§\(section)" }

  static func all(in file: TextFile) -> [Reference] {
    file.numbered.flatMap { number, text in
      text.matches(of: #/\b[Ss]ee\s+(?:`?([\w.\/+-]+)`?\s+)?§(\d+)/#).map { match in
        Reference(
          file: file, line: number, target: match.1.map { stem(of: String($0)) }, section: String(match.2))
      }
    }
  }

  /// `Ring` of `Ring`, `Ring.swift` or `Sources/Region/Ring.swift`.
  private static func stem(of name: String) -> String {
    let last = name.split(separator: "/").last.map(String.init) ?? name
    return last.replacing(#/\.(swift|md|c|h|S)$/#, with: "")
  }

  /// Whether a file with the reference's name has the section: `// §4 …` in code, `## §4` or `## 4.` in a
  /// document.
  func resolves(among files: [TextFile]) -> Bool {
    let candidates = target.map { stem in files.filter { $0.stem == stem } } ?? [file]
    return candidates.contains { $0.lines.contains(where: isHeading) }
  }

  private func isHeading(_ line: String) -> Bool {
    guard let match = line.firstMatch(of: #/^\s*(?:///?|\*|#+)\s*§?(\d+)\b/#) else { return false }
    return String(match.1) == section && (line.contains("§") || line.hasPrefix("#"))
  }
}

@Suite("References")
struct ReferenceTests {
  static let readers = [Repository.readme, Repository.architecture]
  /// What else is not in docs.
  static let pages = ["CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "findings/README.md"]
    .map(Repository.text)
  static let text = Repository.code + Repository.docs + readers + pages

  @Test("A reference to a section is found and followed")
  func referencesAreFollowed() {
    let file = TextFile(
      path: "a/Ring.swift", lines: ["// §1 The problem.", "// See §1. See Ring §2, see Ring.swift §1."])
    let found = Reference.all(in: file)
    #expect(found.map(\.section) == ["1", "2", "1"])
    #expect(found.map { $0.resolves(among: [file]) } == [true, false, true])
  }

  @Test("Every section that is referred to exists")
  func sections() {
    let broken = Self.text.flatMap(Reference.all).filter { !$0.resolves(among: Self.text) }
    #expect(broken.filter { $0.file.stem != "ReferenceTests" }.isEmpty)
  }

  @Test("Every document is linked from README or ARCHITECTURE")
  func documentsAreLinked() {
    let linked = Self.readers.flatMap(\.lines).joined(separator: "\n")
    let unlinked = (Repository.docs + Self.pages).filter { !linked.contains("(\($0.path))") }
    #expect(unlinked.isEmpty)
  }

  @Test(
    "Every link to a file of the repository leads somewhere", arguments: readers + pages + Repository.docs)
  func linksLeadSomewhere(_ document: TextFile) {
    let folder = Repository.root.appending(path: document.path).deletingLastPathComponent()
    let dead = document.lines.flatMap { $0.matches(of: #/\]\(([^)#:\s]+)(?:#[^)]*)?\)/#) }
      .map { String($0.1) }
      .filter { !FileManager.default.fileExists(atPath: folder.appending(path: $0).path) }
    #expect(dead.isEmpty)
  }

  @Test("Every Swift file that a document names exists")
  func namedFilesExist() {
    let names = Set(Self.text.filter { $0.path.hasSuffix(".swift") }.map { $0.stem + ".swift" })
    let dead = (Self.readers + Self.pages + Repository.docs).flatMap { document in
      document.lines.flatMap { $0.matches(of: #/`(?:[\w\/]+\/)?([\w+]+\.swift)`/#) }
        .map { String($0.1) }.filter { !names.contains($0) && $0 != "Package.swift" }
    }
    #expect(dead.isEmpty)
  }

  @Test("README shows every make target that make help lists")
  func makeTargetsAreDocumented() {
    let targets = Repository.makefile.lines.compactMap { line in
      line.firstMatch(of: #/^([a-z-]+):.*## /#).map { "make \($0.1)" }
    }
    #expect(targets.count >= 8)
    let readme = Repository.readme.lines.joined(separator: "\n")
    #expect(targets.filter { !readme.contains($0) }.isEmpty)
  }

  @Test("Every picture that a test or a document could show is shown by one")
  func picturesAreUsed() {
    let endings: Set = ["screen", "png", "svg", "golden", "trace"]
    let pictures = (Repository.paths(below: "Tests") + Repository.paths(below: "docs"))
      .filter { endings.contains(URL(fileURLWithPath: $0).pathExtension) }
    let mentions = Self.text.flatMap(\.lines).joined(separator: "\n")
    // A golden file counts as mentioned if all parts of its name are: `overview` and `80x24` for
    // overview@80x24.screen.
    let unused = pictures.filter { path in
      let stem = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
      return !stem.split(whereSeparator: { "@-".contains($0) }).allSatisfy { mentions.contains($0) }
    }
    #expect(unused.isEmpty)
  }
}
