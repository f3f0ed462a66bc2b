// The repository as the house rules see it: its text files, line by line.
import Foundation

/// A text file of the repository.
struct TextFile: Sendable, CustomStringConvertible {
  /// Path from the repository's root, such as `Sources/Region/Ring.swift`.
  let path: String
  let lines: [String]

  var description: String { path }
  /// `Ring` of `Sources/Region/Ring.swift`.
  var stem: String { URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent }
  /// Lines with their numbers, from 1.
  var numbered: [(number: Int, text: String)] { lines.enumerated().map { ($0.offset + 1, $0.element) } }
  func isIn(_ folder: String) -> Bool { path.hasPrefix(folder + "/") }
}

enum Repository {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// All Swift and C of the package.
  static let code = files(in: ["Sources", "Tests"], endings: ["swift", "c", "h", "S"])
  static let swift = code.filter { $0.path.hasSuffix(".swift") }
  static let scripts = files(in: ["scripts", ".ci"], endings: ["sh", "py", ""])
  static let docs = files(in: ["docs"], endings: ["md"])
  static let readme = text("README.md")
  static let architecture = text("ARCHITECTURE.md")
  static let makefile = text("Makefile")

  /// One file by its path; empty when it is not there.
  static func text(_ path: String) -> TextFile {
    let text = (try? String(contentsOf: root.appending(path: path), encoding: .utf8)) ?? ""
    return TextFile(path: path, lines: text.components(separatedBy: "\n"))
  }

  static func files(in folders: [String], endings: Set<String>) -> [TextFile] {
    folders.flatMap(paths).filter { endings.contains(URL(fileURLWithPath: $0).pathExtension) }.map(text)
  }

  /// Every file below `folder`, sorted, without hidden ones and caches.
  static func paths(below folder: String) -> [String] {
    let found = try? FileManager.default.subpathsOfDirectory(atPath: root.appending(path: folder).path)
    return (found ?? []).map { "\(folder)/\($0)" }.sorted().filter { path in
      let values = try? root.appending(path: path).resourceValues(forKeys: [.isRegularFileKey])
      return values?.isRegularFile == true && !path.contains("/.") && !path.contains("__pycache__")
    }
  }
}
