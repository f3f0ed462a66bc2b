// The demo server, on a port of its own, with its region in a folder of its own.
import Foundation
import Inspector
import TestSupport
import Testing

/// A server that answers. Its process ends together with this object.
final class DemoServer: Sendable {
  private let demo: ListeningDemo

  var port: UInt16 { demo.port }
  var program: Program { demo.program }
  /// The server's XDG_RUNTIME_DIR: the region lies in its `mpg/`.
  var folder: TemporaryFolder { demo.folder }

  var pid: Int32 { program.pid }
  var environment: [String: String?] { ["XDG_RUNTIME_DIR": folder.path] }
  var regions: RegionFolders { RegionFolders(["\(folder.path)/mpg"]) }

  /// Starts the server and returns when it listens. `prefix` is a command that starts the program, such as
  /// `prlimit` and its arguments.
  init(_ options: String..., prefix: [String] = []) throws {
    demo = try ListeningDemo(options, prefix: prefix)
  }

  func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

  /// The body of the answer, which must be a 200.
  func get(_ path: String) throws -> String { try HTTPConnection(port: port).get(path) }

  /// The counters of `/stats`, by name.
  func statistics() throws -> [String: Int] {
    let pairs = try get("/stats").split(separator: "\n").map { $0.split(separator: " ") }
    return Dictionary(
      uniqueKeysWithValues: pairs.compactMap { pair in Int(pair[1]).map { (String(pair[0]), $0) } })
  }

  /// Asks the server to stop, and returns how it ended.
  func stop() throws -> Program.Ending {
    program.signal(SIGTERM)
    return try program.wait()
  }

  // MARK: what the system knows of the server

  /// The file of the server's region.
  func region() throws -> String {
    let folder = "\(folder.path)/mpg"
    return "\(folder)/\(try #require(FileManager.default.contentsOfDirectory(atPath: folder).first))"
  }
  /// The ids of the server's threads, without the thread that only writes reports: that one is no M.
  var threads: Set<Int> {
    Set(entries("task").compactMap { Int($0) }.filter { name(ofThread: $0) != "mpg-report" })
  }

  private func name(ofThread id: Int) -> String? {
    (try? String(contentsOfFile: "/proc/\(pid)/task/\(id)/comm", encoding: .utf8))?
      .trimmingCharacters(in: .newlines)
  }
  var openFiles: Int { entries("fd").count }

  private func entries(_ name: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/\(name)")) ?? []
  }

  // MARK: what mpgtop shows of the server

  /// The outcome of `mpgtop` with these arguments and the server as its target.
  func mpgtop(_ arguments: String...) throws -> Finished {
    var command = Command(environment: environment)
    command.words = [Built.mpgtop] + arguments + ["\(pid)"]
    return try Program.run(command)
  }

  /// One frame of this moment.
  func frame() throws -> Frame {
    let shown = try mpgtop("--json", "-n", "1")
    guard shown.ending == .code(0) else { throw Broken("mpgtop: \(shown.ending) \(shown.errors)") }
    return try Frame(json: shown.output)
  }

  /// Waits for a frame that meets the condition, and returns it.
  func frame(_ what: String, where condition: (Frame) -> Bool) throws -> Frame {
    var last: Frame?
    return try eventually("\(what); last: \(last.map { "\($0)" } ?? "none")") {
      let frame = try self.frame()
      last = frame
      return condition(frame) ? frame : nil
    }
  }
}
