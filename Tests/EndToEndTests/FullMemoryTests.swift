// A tmpfs that is nearly full: a smaller region is tried first, else there is an error at the start; never a SIGBUS.
import Foundation
import Testing

/// A server whose region is on a tmpfs of its own, which nobody but it has: it is gone when the server is.
private struct Confined {
  let program: Program
  let port: UInt16
  /// The tmpfs, as seen from outside.
  var folder: String { "/proc/\(program.pid)/root\(mountPoint.path)" }
  private let mountPoint: TemporaryFolder

  /// Starts it and waits until it listens or has ended.
  init(kilobytes: Int) throws {
    mountPoint = try TemporaryFolder()
    port = try Socket.freePort()
    let script =
      "mount -t tmpfs -o size=\(kilobytes)k tmpfs \(mountPoint.path) && exec \"$0\" --port \(port) --procs 2"
    let program = try Program(
      Command(
        "unshare", "-m", "sh", "-c", script, Built.demo, environment: ["XDG_RUNTIME_DIR": mountPoint.path]))
    self.program = program
    try eventually("it listens or ends") {
      program.output.contains("Server running") || program.ending != nil
    }
  }

  func get(_ path: String) throws -> String { try Connection(port: port).get(path) }

  func frame() throws -> Frame {
    let shown = try Program.run(
      Command(Built.mpgtop, "--json", "-n", "1", "\(program.pid)", environment: ["XDG_RUNTIME_DIR": folder]))
    guard shown.ending == .code(0) else { throw Broken("\(shown.ending) \(shown.errors)") }
    return try Frame(json: shown.output)
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
      "Too small for any region: one line at the start, and nothing left behind", arguments: [16, 64, 256])
    func tooSmall(_ kilobytes: Int) throws {
      let server = try Confined(kilobytes: kilobytes)

      let ending = try server.program.wait()
      expectComplaint(
        Finished(ending: ending, output: "", errors: server.program.errors), of: "mpg-demo", code: 71,
        mentions: "ENOSPC")
    }

    @Test("The smallest tmpfs that it boots on bears 200,000 Gs")
    func smallest() throws {
      var booted: Confined?
      var kilobytes = 256
      while booted == nil, kilobytes < 16_384 {
        kilobytes += 64
        let server = try Confined(kilobytes: kilobytes)
        if server.program.ending == nil { booted = server }
      }
      let server = try #require(booted)
      // A region with full-sized rings takes more than two MiB.
      #expect(kilobytes < 2048)

      for _ in 0..<3 { #expect(try server.get("/spawn?n=200000") == "spawned and joined 200000 Gs\n") }
      try server.frame().checkSums()
      #expect(try server.get("/") == "Hello World")
      #expect(server.program.ending == nil)
      #expect(server.program.errors == "")
    }

    @Test("A tmpfs that somebody fills up while the server runs costs it nothing")
    func filledLater() throws {
      for megabytes in [1, 3, 8] {
        let server = try Confined(kilobytes: megabytes * 1024)
        try #require(server.program.ending == nil, "\(server.program.errors)")
        let full = try Program.run(Command("dd", "if=/dev/zero", "of=\(server.folder)/filler", "bs=64k"))
        #expect(full.ending == .code(1))

        #expect(try server.get("/spawn?n=200000") == "spawned and joined 200000 Gs\n")
        #expect(try server.get("/pipeline?n=1000").hasPrefix("the token went through 1000 of 1000 Gs"))
        let frame = try server.frame()
        frame.checkSums()
        #expect(server.program.ending == nil)
        server.program.signal(SIGTERM)
        #expect(try server.program.wait() == .code(0))
      }
    }
  }
}
