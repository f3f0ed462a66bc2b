// The repository as the house tests see it: its text files, line by line.
import Foundation

/// A text file of the repository.
struct TextFile: Sendable, CustomStringConvertible {
  /// The path from the repository's root: `Sources/Region/Ring.swift`.
  let path: String
  let lines: [String]

  var description: String { path }
  /// The file's name without folders and ending: `Ring` for `Sources/Region/Ring.swift`.
  var stem: String { URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent }
  /// The lines with their numbers, counted from 1.
  var numbered: [(number: Int, text: String)] { lines.enumerated().map { ($0.offset + 1, $0.element) } }
  func isIn(_ folder: String) -> Bool { path.hasPrefix(folder + "/") }
}

enum Repository {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// All Swift and C code of the package.
  static let code = files(in: ["Sources", "Tests"], endings: ["swift", "c", "h", "S"])
  static let swift = code.filter { $0.path.hasSuffix(".swift") }
  static let scripts = files(in: ["scripts", ".ci"], endings: ["sh", "py", ""])
  static let docs = files(in: ["docs"], endings: ["md"])
  static let readme = text("README.md")
  static let architecture = text("ARCHITECTURE.md")
  static let makefile = text("Makefile")

  /// One file by its path; a file without lines if there is none.
  static func text(_ path: String) -> TextFile {
    let text = (try? String(contentsOf: root.appending(path: path), encoding: .utf8)) ?? ""
    return TextFile(path: path, lines: text.components(separatedBy: "\n"))
  }

  static func files(in folders: [String], endings: Set<String>) -> [TextFile] {
    folders.flatMap(paths).filter { endings.contains(URL(fileURLWithPath: $0).pathExtension) }.map(text)
  }

  /// All files below `folder`, sorted, without hidden files and caches.
  static func paths(below folder: String) -> [String] {
    let found = try? FileManager.default.subpathsOfDirectory(atPath: root.appending(path: folder).path)
    return (found ?? []).map { "\(folder)/\($0)" }.sorted().filter { path in
      let values = try? root.appending(path: path).resourceValues(forKeys: [.isRegularFileKey])
      return values?.isRegularFile == true && !path.contains("/.") && !path.contains("__pycache__")
    }
  }
}
