// The demo server, on a port of its own and with its region in a folder of its own.
import Foundation

/// mpg-demo, from the moment at which it listens until this object is gone.
package final class ListeningDemo: Sendable {
  package let port: UInt16
  package let program: Program
  /// The demo's XDG_RUNTIME_DIR: the region lies in its `mpg/`.
  package let folder: TemporaryFolder

  /// Starts it and returns when it listens.
  ///
  /// - Parameters:
  ///   - options: of the demo, besides the port.
  ///   - prefix: what starts the program itself, such as `prlimit` and its words.
  ///   - environment: variables besides XDG_RUNTIME_DIR.
  package init(
    _ options: [String], prefix: [String] = [], environment: [String: String?] = [:]
  ) throws {
    let folder = try TemporaryFolder()
    // Another process may take the chosen port before the server does. Then try another port.
    for _ in 0..<20 {
      let port = try LoopbackSocket.freePort()
      let words = prefix + [Built.demo, "--port", "\(port)"] + options
      var command = Command(words: words, environment: environment)
      command.environment["XDG_RUNTIME_DIR"] = folder.path
      let program = try Program(command)
      try eventually("server on port \(port) says that it runs; it said: \(program.errors)") {
        program.output.contains("Server running on :\(port)\n") || program.ending != nil
      }
      if program.ending == nil {
        (self.port, self.program, self.folder) = (port, program, folder)
        return
      }
      guard program.errors.contains("EADDRINUSE") else { throw Broken("server: \(program.errors)") }
    }
    throw Broken("twenty free ports were taken before the server could have them")
  }
}
