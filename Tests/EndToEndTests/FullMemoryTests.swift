// A tmpfs that is nearly full: the runtime tries a smaller region first, then the next place. It never gets a
// SIGBUS.
import Foundation
import TestSupport
import Testing

/// A server in a mount namespace of its own. The namespace's mounts end together with the server.
private struct Confined {
  let program: Program
  let port: UInt16
  /// The server's XDG_RUNTIME_DIR, as a path outside of its namespace.
  var folder: String { "/proc/\(program.pid)/root\(mountPoint.path)" }
  private let mountPoint: TemporaryFolder

  /// Starts the server with its runtime folder on a tmpfs of this size, and waits until it listens or has
  /// ended.
  init(kilobytes: Int) throws {
    try self.init { "mount -t tmpfs -o size=\(kilobytes)k tmpfs \($0)" }
  }

  /// Starts the server after a shell command that gets the path of the runtime folder.
  init(after prepare: (String) -> String) throws {
    mountPoint = try TemporaryFolder()
    port = try LoopbackSocket.freePort()
    let script = "\(prepare(mountPoint.path)) && exec \"$0\" --port \(port) --procs 2"
    let environment = ["XDG_RUNTIME_DIR": mountPoint.path]
    let program = try Program(
      Command("unshare", "-m", "sh", "-c", script, Built.demo, environment: environment))
    self.program = program
    try eventually("it listens or ends") {
      program.output.contains("Server running") || program.ending != nil
    }
  }

  func get(_ path: String) throws -> String { try HTTPConnection(port: port).get(path) }

  func frame() throws -> Frame {
    let shown = try Program.run(
      Command(Built.mpgtop, "--json", "-n", "1", "\(program.pid)", environment: ["XDG_RUNTIME_DIR": folder]))
    guard shown.ending == .code(0) else { throw Broken("\(shown.ending) \(shown.errors)") }
    return try Frame(json: shown.output)
  }

  /// Whether the region lies in the server's runtime folder.
  var isAtHome: Bool {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/mpg")) ?? []
    return names.contains { $0.hasSuffix(".mpg") }
  }

  /// The smallest of `sizes` (KiB) that has room for a region, and the server that found it.
  static func smallest(of sizes: some Sequence<Int>) throws -> (kilobytes: Int, server: Confined)? {
    for kilobytes in sizes {
      let server = try Confined(kilobytes: kilobytes)
      if server.isAtHome { return (kilobytes, server) }
      try expectElsewhere(server)
    }
    return nil
  }

  /// Checks that the server runs with its region in the next place, and says why in one line.
  static func expectElsewhere(_ server: Confined, at location: SourceLocation = #_sourceLocation) throws {
    #expect(!server.isAtHome && server.program.ending == nil, sourceLocation: location)
    expectComplaint(server.program.errors, of: "mpg", mentions: "ENOSPC", at: location)
    #expect(server.program.errors.hasSuffix("it is in /dev/shm/mpg-0\n"), sourceLocation: location)
    #expect(try server.get("/") == "Hello World", sourceLocation: location)
    server.program.signal(SIGTERM)
    #expect(try server.program.wait() == .code(0), sourceLocation: location)
  }
}

/// Whether this process may mount a tmpfs for itself.
private let canMount: Bool = {
  let script = "mount -t tmpfs -o size=64k tmpfs /mnt"
  return (try? Program.run(Command("unshare", "-m", "sh", "-c", script)).ending) == .code(0)
}()

extension EndToEnd {
  @Suite("A full tmpfs", .enabled(if: canMount, "mounting a tmpfs is not permitted here"))
  struct FullMemoryTests {
    @Test(
      "Too small for any region: it is in the next place, and one line says why", arguments: [16, 64, 256])
    func tooSmall(_ kilobytes: Int) throws {
      try Confined.expectElsewhere(try Confined(kilobytes: kilobytes))
    }

    @Test("On the smallest tmpfs that has room for it, rings are smaller, and 200,000 Gs are borne")
    func smallest() throws {
      let roomy = try Confined(kilobytes: 32 * 1024)
      let full = try roomy.frame().trace.bytes

      let (kilobytes, server) = try #require(try Confined.smallest(of: stride(from: 320, to: 8192, by: 64)))
      #expect(kilobytes * 1024 < full)
      #expect(try server.frame().trace.bytes < full / 2)
      for _ in 0..<2 { #expect(try server.get("/spawn?n=200000") == "spawned and joined 200000 Gs\n") }
      try server.frame().checkSums()
      #expect(try server.get("/") == "Hello World")
      #expect(server.program.ending == nil)
      // A region that cannot grow is reported only once.
      #expect(
        server.program.errors.split(separator: "\n").allSatisfy {
          $0.hasPrefix("mpg: no room for the shared region")
        })
    }

    @Test("A tmpfs that somebody fills up while the server runs costs it nothing", arguments: [1, 3, 8])
    func filledLater(_ megabytes: Int) throws {
      let server = try Confined(kilobytes: megabytes * 1024)
      try #require(server.program.ending == nil, "\(server.program.errors)")
      let filler = try Program.run(Command("dd", "if=/dev/zero", "of=\(server.folder)/filler", "bs=4k"))
      #expect(filler.ending == .code(1))

      #expect(try server.get("/spawn?n=200000") == "spawned and joined 200000 Gs\n")
      #expect(try server.get("/pipeline?n=1000").hasPrefix("the token went through 1000 of 1000 Gs"))
      try server.frame().checkSums()
      #expect(server.program.ending == nil)
      server.program.signal(SIGTERM)
      #expect(try server.program.wait() == .code(0))
    }
  }
}
