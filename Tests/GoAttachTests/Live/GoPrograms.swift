// The Go programs that the live tests look at: `Programs/crowd`, built by several versions of Go in several ways.
// `make test-go` builds them and names their folder; without it the live tests are left out.
import Foundation
import TestSupport

@testable import GoAttach

/// One built program, by the name of its file: `1.27.3-stripped`.
struct GoBuild: Sendable, CustomStringConvertible {
  let path: String
  let version: String
  /// How it was built: `default`, `nodwarf`, `stripped`, `pie`, `stripped-pie`, `cgo`, `race`, …
  let way: String

  var description: String { "\(version)-\(way)" }
  var isStripped: Bool { way.contains("stripped") }
  var hasDWARF: Bool { !isStripped && way != "nodwarf" }

  static let all: [GoBuild] = {
    guard let folder = ProcessInfo.processInfo.environment["MPG_GO_PROGRAMS"] else { return [] }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.sorted().compactMap { name in
      let parts = name.split(separator: "-", maxSplits: 1).map(String.init)
      guard parts.count == 2, parts[0].hasPrefix("1.") else { return nil }
      return GoBuild(path: "\(folder)/\(name)", version: parts[0], way: parts[1])
    }
  }()

  /// Those of each version that are built as they are, and stripped.
  static let plain = all.filter { $0.way == "default" || $0.way == "stripped" }

  /// A program in C that loads a library of Go's; nil: there is no C compiler.
  static let sharedHost: String? = {
    guard let folder = ProcessInfo.processInfo.environment["MPG_GO_PROGRAMS"] else { return nil }
    let path = "\(folder)/shared-host"
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }()

  static let isThere = !all.isEmpty
  /// Whether mpgtop was built beside the tests.
  static let hasViewer = FileManager.default.isExecutableFile(atPath: Built.mpgtop)
}

/// A running crowd. It ends with this object.
final class Crowd {
  let program: Program
  let pid: Int32
  /// The port of its HTTP server.
  let port: UInt16

  /// Starts the program, and waits until all its goroutines stand where they should.
  ///
  /// - Parameters:
  ///   - errors: the file that gets standard error; nil: another.
  ///   - meanwhile: done again and again until the program is ready.
  init(
    _ build: GoBuild, _ options: String, errors: String? = nil, environment: [String: String?] = [:],
    meanwhile: () -> Void = {}
  ) throws {
    let redirect = errors.map { " 2>'\($0)'" } ?? ""
    let program = try Program(
      Command(words: ["sh", "-c", "exec \(build.path) \(options)\(redirect)"], environment: environment))
    let words = try eventually("\(build) is ready") {
      meanwhile()
      let line = program.output.split(separator: "\n").first.map { $0.split(separator: " ") }
      return line?.count == 4 ? line : nil
    }
    (self.program, pid) = (program, Int32(words[1]) ?? 0)
    port = words[3].split(separator: ":").last.flatMap { UInt16($0) } ?? 0
  }

  /// What the program's HTTP server answers.
  func get(_ path: String) throws -> String {
    let finished = try Program.run(
      Command("curl", "-sS", "--max-time", "60", "http://127.0.0.1:\(port)\(path)"))
    guard finished.ending == .code(0) else { throw Broken("curl: \(finished.errors)") }
    return finished.output
  }
}
