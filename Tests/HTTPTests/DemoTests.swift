// mpg-demo as a process: its exit codes, what it prints, and how it ends.

import Foundation
import TestSupport
import Testing

/// Runs mpg-demo to its end.
func runDemo(_ arguments: [String]) throws -> Finished {
  try Program.run(Command(words: [Built.demo] + arguments))
}

@Suite("mpg-demo")
struct DemoTests {
  @Test(
    "a wrong command line costs one line and exit code 64",
    arguments: [
      ["--port", "0"], ["--port", "70000"], ["--port", "x"], ["--procs", "0"], ["--procs", "100000"],
      ["--max-connections", "0"], ["--idle-timeout", "-1"], ["--unknown"], ["extra"],
      ["--port"],
    ])
  func usage(_ arguments: [String]) throws {
    let demo = try runDemo(arguments)

    #expect(demo.ending == .code(64))
    #expect(demo.output.isEmpty)
    let errors = demo.errors
    #expect(errors.hasPrefix("mpg-demo: ") && errors.hasSuffix("; try --help\n"), "\(errors)")
    #expect(errors.split(separator: "\n").count == 1, "\(errors)")
  }

  @Test("--help prints the options and exits with 0")
  func help() throws {
    let demo = try runDemo(["--help"])

    #expect(demo.ending == .code(0))
    #expect(demo.output.contains("--header-timeout"))
  }

  @Test("a port that is taken costs one line that says so, and exit code 1")
  func portTaken() throws {
    let holder = try LoopbackSocket(listening: 0)
    let port = holder.port

    let demo = try withExtendedLifetime(holder) { try runDemo(["--port", "\(port)"]) }

    #expect(demo.ending == .code(1))
    #expect(demo.output.isEmpty)
    #expect(
      demo.errors
        == "mpg-demo: cannot listen on 127.0.0.1:\(port): EADDRINUSE; another program has it; try --port\n")
  }

  @Test("an address that this machine does not have costs one line, and exit code 1")
  func foreignAddress() throws {
    let demo = try runDemo(["--host", "192.0.2.1", "--port", "8080"])

    #expect(demo.ending == .code(1))
    #expect(demo.errors.hasPrefix("mpg-demo: cannot listen on 192.0.2.1:8080: EADDRNOTAVAIL; "))
  }

  @Test("it says when it listens, and SIGTERM ends it with 0")
  func termination() throws {
    let demo = try ListeningDemo([])

    demo.program.signal(SIGTERM)

    #expect(try demo.program.wait() == .code(0))
    #expect(demo.program.output == "Server running on :\(demo.port)\n")
    #expect(demo.program.errors.isEmpty, "\(demo.program.errors)")
  }
}
