// The public symbols of a module with their doc comments, as the compiler knows them: out of symbol graphs, which
// scripts/symbols.sh makes of what this build left behind.
import Foundation
import TestSupport

/// A public declaration.
struct Symbol: Sendable, CustomStringConvertible {
  /// `Channel.send(_:)`.
  let name: String
  /// Such as `swift.class`.
  let kind: String
  /// Its text without bodies: `func wait(_ direction: Direction) throws(Failure)`.
  let declaration: String
  /// Lines of its doc comment, which it may have from a protocol; nil: it has none.
  let comment: [String]?
  /// Whether the comment is its own.
  let isOwnComment: Bool
  /// `File.swift:31`.
  let place: String

  var description: String { "\(place): \(name)" }
}

enum SymbolGraph {
  /// Public symbols that stand in the sources of `module`, in the order of names. What the compiler adds by itself is not
  /// among them, such as `!=` beside `==`.
  static func symbols(of module: String) throws -> [Symbol] {
    let folder = try TemporaryFolder()
    let made = try Program.run(
      Command("\(Built.repository)/scripts/symbols.sh", Built.folder, folder.path, module))
    guard made.ending == .code(0) else { throw Broken("symbols.sh \(module): \(made.errors)") }
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
      $0.hasSuffix(".symbols.json")
    }
    return try files.flatMap { file in
      try JSONDecoder().decode(Graph.self, from: Data(contentsOf: URL(filePath: "\(folder.path)/\(file)")))
        .symbols.compactMap { symbol in
          symbol.location.map { Symbol(symbol, $0, module) }
        }
    }.sorted { $0.name < $1.name }
  }

  /// The format, as far as it is needed here.
  fileprivate struct Graph: Decodable {
    let symbols: [Entry]
    struct Entry: Decodable {
      struct Kind: Decodable { let identifier: String }
      struct Fragment: Decodable { let spelling: String }
      struct Comment: Decodable {
        struct Line: Decodable { let text: String }
        let lines: [Line]
        let module: String?
      }
      struct Location: Decodable {
        struct Position: Decodable { let line: Int }
        let uri: String
        let position: Position
      }
      let kind: Kind
      let pathComponents: [String]
      let declarationFragments: [Fragment]
      let docComment: Comment?
      let location: Location?
    }
  }
}

extension Symbol {
  fileprivate init(
    _ entry: SymbolGraph.Graph.Entry, _ location: SymbolGraph.Graph.Entry.Location, _ module: String
  ) {
    let file = URL(string: location.uri)?.lastPathComponent ?? location.uri
    self.init(
      name: entry.pathComponents.joined(separator: "."), kind: entry.kind.identifier,
      declaration: entry.declarationFragments.map(\.spelling).joined(),
      comment: entry.docComment?.lines.map(\.text),
      isOwnComment: entry.docComment.map { $0.module == nil || $0.module == module } ?? false,
      place: "\(file):\(location.position.line + 1)")
  }

  /// Whether a line of its comment has `words` in it.
  func says(_ words: Regex<Substring>) -> Bool { comment?.contains { $0.contains(words) } ?? false }

  /// The error that it throws, such as `NetError`; nil: it throws none, or what a closure that it is given throws.
  var thrown: String? {
    // Without what stands in brackets: a parameter that throws is none of its errors.
    var (outer, depth, isError) = ("", 0, false)
    for character in declaration {
      if character == ")" { depth -= 1 }
      if depth == 0 || isError { outer.append(character) }
      if character == "(" {
        isError = depth == 0 && outer.hasSuffix("throws(")
        depth += 1
      }
    }
    guard let match = outer.firstMatch(of: #/\bthrows(?:\((\w[\w.]*)\))?/#) else { return nil }
    let error = match.1.map(String.init) ?? "any Error"
    return error == "Failure" && declaration.contains("Failure : Error") ? nil : error
  }
}
