// mpg-demo as a process: its exit codes, what it prints, and how it ends.

import Foundation
import Testing

/// A run of mpg-demo. `swift build` puts the program beside the tests.
struct Demo {
  let process = Process()
  let output = Pipe()
  /// Standard error goes to a file: a full pipe would block the demo until somebody reads.
  let errors = FileManager.default.temporaryDirectory.appending(path: "mpg-demo-\(UUID().uuidString)")

  init(_ arguments: [String]) throws {
    let tests = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    process.executableURL = tests.deletingLastPathComponent().appending(path: "mpg-demo")
    process.arguments = arguments
    process.standardOutput = output
    _ = FileManager.default.createFile(atPath: errors.path(), contents: nil)
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
  }

  /// Waits for the end and returns exit code, stdout and stderr. Call it once.
  func wait() throws -> (code: Int32, output: String, errors: String) {
    defer { try? FileManager.default.removeItem(at: errors) }
    let said = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let code = process.terminationReason == .exit ? process.terminationStatus : -1
    return (code, String(decoding: said, as: UTF8.self), try String(contentsOf: errors, encoding: .utf8))
  }
}

/// A port that is free at the moment.
func freePort() throws -> (port: UInt16, holder: Int32) {
  let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  unsafe withUnsafeMutableBytes(of: &address) { bytes in
    let raw = unsafe bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
    unsafe bind(fd, raw, length)
    unsafe getsockname(fd, raw, &length)
  }
  listen(fd, 1)
  return (UInt16(bigEndian: address.sin_port), fd)
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
    let (code, output, errors) = try Demo(arguments).wait()

    #expect(code == 64)
    #expect(output.isEmpty)
    #expect(errors.hasPrefix("mpg-demo: ") && errors.hasSuffix("; try --help\n"), "\(errors)")
    #expect(errors.split(separator: "\n").count == 1, "\(errors)")
  }

  @Test("--help prints the options and exits with 0")
  func help() throws {
    let (code, output, _) = try Demo(["--help"]).wait()

    #expect(code == 0)
    #expect(output.contains("--header-timeout"))
  }

  @Test("a port that is taken costs one line that says so, and exit code 1")
  func portTaken() throws {
    let (port, holder) = try freePort()
    defer { close(holder) }

    let (code, output, errors) = try Demo(["--port", "\(port)"]).wait()

    #expect(code == 1)
    #expect(output.isEmpty)
    #expect(
      errors
        == "mpg-demo: cannot listen on 127.0.0.1:\(port): EADDRINUSE; another program has it; try --port\n")
  }

  @Test("an address that this machine does not have costs one line, and exit code 1")
  func foreignAddress() throws {
    let (code, _, errors) = try Demo(["--host", "192.0.2.1", "--port", "8080"]).wait()

    #expect(code == 1)
    #expect(errors.hasPrefix("mpg-demo: cannot listen on 192.0.2.1:8080: EADDRNOTAVAIL; "))
  }

  @Test("it says when it listens, and SIGTERM ends it with 0")
  func termination() throws {
    let (port, holder) = try freePort()
    close(holder)
    let demo = try Demo(["--port", "\(port)"])
    let greeting = "Server running on :\(port)\n"
    #expect(demo.output.fileHandleForReading.readData(ofLength: greeting.utf8.count) == Data(greeting.utf8))

    demo.process.terminate()

    let (code, _, errors) = try demo.wait()
    #expect(code == 0)
    #expect(errors.isEmpty, "\(errors)")
  }
}
