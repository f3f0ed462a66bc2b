// mpgtop with targets that it cannot show.
import Foundation
import Inspector
import Region
import TestSupport
import Testing

/// A process that does nothing, with a folder where its region would be.
private final class Bystander {
  let program: Program
  let folder: TemporaryFolder
  /// Where the process's region would be.
  let path: String

  /// `prefix`: a command that starts the program.
  init(prefix: [String] = []) throws {
    var command = Command()
    command.words = prefix + ["sleep", "1000"]
    program = try Program(command)
    folder = try TemporaryFolder()
    let pid = program.pid
    // Before `exec`, the process is still the command that starts it.
    try eventually("sleep runs") { contents(of: "/proc/\(pid)/comm") == "sleep\n" }
    let start = try #require(ProcessIdentity(living: pid)).startTime
    path = "\(folder.path)/mpg/\(pid)-\(start).mpg"
    try FileManager.default.createDirectory(
      atPath: "\(folder.path)/mpg", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  func mpgtop(_ arguments: [String] = ["-b", "-n", "1"]) throws -> Finished {
    var command = Command(environment: ["XDG_RUNTIME_DIR": folder.path])
    command.words = [Built.mpgtop] + arguments + ["\(program.pid)"]
    return try Program.run(command)
  }

  /// Writes bytes where the region would be. With `server`, a hole after them makes the file as long as the
  /// server's region.
  func leave(_ bytes: [UInt8], asLongAs server: DemoServer? = nil) throws {
    _ = FileManager.default.createFile(
      atPath: path, contents: Data(bytes), attributes: [.posixPermissions: 0o600])
    guard let server else { return }
    let region = try FileManager.default.attributesOfItem(atPath: server.region())
    _ = unsafe truncate(path, try #require(region[.size] as? Int))
  }

  /// The first part of a real region, changed to name this process: header, schema, strings, and the Ps.
  func header(of server: DemoServer, bytes count: Int = 1 << 16) throws -> [UInt8] {
    let handle = try #require(FileHandle(forReadingAtPath: server.region()))
    var bytes = [UInt8](try #require(try handle.read(upToCount: count)))
    let identity = try #require(ProcessIdentity(living: program.pid))
    bytes.put(UInt64(identity.pid), in: .pid)
    bytes.put(identity.startTime, in: .startTime)
    return bytes
  }
}

extension [UInt8] {
  fileprivate mutating func put(_ value: UInt64, in field: HeaderField) {
    for byte in 0..<8 { self[field.rawValue * 8 + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte)) }
  }

  /// Random bytes; the same seed gives the same bytes.
  fileprivate static func noise(_ count: Int, seed: UInt64) -> [UInt8] {
    var dice = Dice(seed)
    return dice.bytes(count)
  }
}

extension EndToEnd {
  @Suite("Mistakes with mpgtop") struct TargetMistakesTests {
    @Test(
      "A wrong command line costs one line and exit code 64",
      arguments: [
        Mistake("--bogus", code: 64, mentions: "--bogus"),
        Mistake("-5", code: 64, mentions: "-5"),
        Mistake("-n", "0", "-b", code: 64, mentions: "-n 0"),
        Mistake("-n", "many", "-b", code: 64, mentions: "many"),
        Mistake("-n", "3", code: 64, mentions: "-n"),
        Mistake("-b", "-d", "0", code: 64, mentions: "-d 0"),
        Mistake("-b", "-d", "nan", code: 64, mentions: "nan"),
        Mistake("-b", "-d", code: 64, mentions: "-d"),
        Mistake("-l", "1", code: 64, mentions: "-l"),
        Mistake("-b", "1", "2", code: 64, mentions: "2"),
        Mistake("-b", "", code: 64, mentions: "empty"),
      ])
    func wrongCommandLine(_ mistake: Mistake) throws {
      var command = Command()
      command.words = [Built.mpgtop] + mistake.arguments
      let finished = try Program.run(command)

      expectComplaint(finished, of: "mpgtop", code: mistake.code, mentions: mistake.mentions)
      #expect(finished.output == "")
    }

    @Test(
      "A process that is not there, or not one of ours, costs one line and its code",
      arguments: [
        Mistake("1", code: 3, mentions: "1"), Mistake("0", code: 2, mentions: "0"),
        Mistake("2147483647", code: 2, mentions: "2147483647"),
        Mistake("99999999999999", code: 2, mentions: "99999999999999"),
        Mistake("no-such-program", code: 2, mentions: "no-such-program"),
      ])
    func wrongTarget(_ mistake: Mistake) throws {
      var command = Command()
      command.words = [Built.mpgtop, "-b", "-n", "1"] + mistake.arguments
      expectComplaint(
        try Program.run(command), of: "mpgtop", code: mistake.code, mentions: mistake.mentions)
    }

    @Test("A process that has ended in order is no process any more; a killed one has left a black box")
    func endedTargets() throws {
      let (stopped, killed) = (try DemoServer(), try DemoServer())
      #expect(try stopped.stop() == .code(0))
      killed.program.signal(SIGKILL)
      #expect(try killed.program.wait() == .signal(SIGKILL))

      expectComplaint(try stopped.mpgtop("-b", "-n", "1"), of: "mpgtop", code: 2, mentions: "\(stopped.pid)")
      expectComplaint(try killed.mpgtop("-b", "-n", "1"), of: "mpgtop", code: 5, mentions: "\(killed.pid)")
    }

    @Test("A target that goes away in the middle: the last frame says so, one line does, and the code is 5")
    func targetGoes() throws {
      for signal in [SIGKILL, SIGTERM] {
        let server = try DemoServer()
        let viewer = try Viewer(of: server)
        try viewer.wait(for: 2)
        server.program.signal(signal)
        _ = try server.program.wait()

        #expect(try viewer.program.wait() == .code(5))
        expectComplaint(viewer.program.errors, of: "mpgtop", mentions: "process \(server.pid) is gone")
        let frames = try viewer.frames()
        #expect(frames.last?.ended != nil)
        #expect(frames.dropLast().allSatisfy { $0.ended == nil })
      }
    }

    @Test("A process that does not run on MPG costs one line and exit code 3")
    func notATarget() throws {
      expectComplaint(try Bystander().mpgtop(), of: "mpgtop", code: 3, mentions: "(sleep)")
    }

    @Test(
      "A process of another user costs one line and exit code 3",
      .enabled(if: Machine.isRoot, "only root can start a program as somebody else"))
    func otherUser() throws {
      let other = try Bystander(prefix: Self.asNobody)
      expectComplaint(try other.mpgtop(), of: "mpgtop", code: 3, mentions: "it belongs to user 65534")
    }

    @Test(
      "Somebody else who looks at a server of ours gets one line and exit code 3",
      .enabled(if: Machine.isRoot, "only root can start a program as somebody else"))
    func viewedByAnotherUser() throws {
      let server = try DemoServer()
      let copy = try TemporaryFolder()
      try FileManager.default.copyItem(atPath: Built.mpgtop, toPath: "\(copy.path)/mpgtop")
      func asNobody(_ arguments: String..., environment: [String: String?] = [:]) throws -> Finished {
        var command = Command(environment: environment)
        command.words = Self.asNobody + ["\(copy.path)/mpgtop"] + arguments
        return try Program.run(command)
      }
      try #require(asNobody("--help").ending == .code(0), "mpgtop runs as nobody")

      for environment in [server.environment, ["XDG_RUNTIME_DIR": nil]] {
        let finished = try asNobody("-b", "-n", "1", "\(server.pid)", environment: environment)
        expectComplaint(finished, of: "mpgtop", code: 3, mentions: "belongs to user 0")
      }
    }

    private static let asNobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]

    @Test(
      "A truncated region costs one line and exit code 4", arguments: [0, 1, 100, 4095, 4096, 8192, 65536])
    func truncated(_ length: Int) throws {
      let (server, target) = (try DemoServer(), try Bystander())
      try target.leave(Array(target.header(of: server).prefix(length)))
      expectComplaint(try target.mpgtop(), of: "mpgtop", code: 4, mentions: target.path)
    }

    @Test("A region of another version or byte order costs one line and exit code 4")
    func otherLayout() throws {
      let (server, target) = (try DemoServer(), try Bystander())
      let header = try target.header(of: server)
      for (field, value, said) in [
        (HeaderField.version, UInt64(99), "version is 99"),
        (.version, 0, "version is 0"),
        (.byteOrder, 0x0807_0605_0403_0201, "byte order"),
        (.magic, 0x1234_5678, "not a scheduler's region"),
        (.schemaOffset, .max, "schemaOffset"), (.schemaBytes, .max, "schemaBytes"),
      ] {
        var bytes = header
        bytes.put(value, in: field)
        try target.leave(bytes, asLongAs: server)
        expectComplaint(try target.mpgtop(), of: "mpgtop", code: 4, mentions: said)
      }
    }

    @Test("A region full of noise costs one line and exit code 4", arguments: [1, 2, 3] as [UInt64])
    func noise(_ seed: UInt64) throws {
      let target = try Bystander()
      try target.leave(.noise(1 << 18, seed: seed))
      expectComplaint(try target.mpgtop(), of: "mpgtop", code: 4, mentions: target.path)
    }

    @Test(
      "Noise behind a good header is shown or refused, and never a trap", arguments: [1, 2, 3, 4] as [UInt64])
    func noiseBehindHeader(_ seed: UInt64) throws {
      let (server, target) = (try DemoServer(), try Bystander())
      let start = [UInt8](try target.header(of: server).prefix(Layout.schemaCapacity + 4096))
      try target.leave(start + .noise(1 << 20, seed: seed), asLongAs: server)

      for arguments in [["-b", "-n", "2", "-d", "0.01"], ["--json", "-n", "2", "-d", "0.01"]] {
        let finished = try target.mpgtop(arguments)
        switch finished.ending {
        case .code(0): #expect(finished.errors == "")
        case .code(4): expectComplaint(finished, of: "mpgtop", code: 4, mentions: target.path)
        default: Issue.record("\(finished.ending): \(finished.errors)")
        }
      }
    }

    @Test("A region that is cut short while it is looked at costs one line and exit code 4")
    func cutShort() throws {
      let (server, target) = (try DemoServer(), try Bystander())
      try target.leave(target.header(of: server, bytes: 1 << 20), asLongAs: server)
      let viewer = try Program(
        Command(
          Built.mpgtop, "--json", "-d", "0.01", "\(target.program.pid)",
          environment: ["XDG_RUNTIME_DIR": target.folder.path]))
      try eventually("frames; mpgtop said: \(viewer.errors)") { viewer.output.contains("\n") }

      _ = unsafe truncate(target.path, 8192)
      #expect(try viewer.wait() == .code(4))
      expectComplaint(viewer.errors, of: "mpgtop", mentions: "truncated")
    }

    @Test("Standard output that is closed, or full, or left by its reader costs one line and exit code 74")
    func closedOutput() throws {
      let server = try DemoServer()
      func run(_ script: String) throws -> Finished {
        var command = Command(environment: server.environment)
        command.words = ["bash", "-c", "set -o pipefail; \(script)", Built.mpgtop, "\(server.pid)"]
        return try Program.run(command)
      }
      expectComplaint(try run("exec \"$0\" --json -n 1 $1 >&-"), of: "mpgtop", code: 74, mentions: "closed")
      expectComplaint(try run("exec \"$0\" -b -n 1 $1 >/dev/full"), of: "mpgtop", code: 74)
      expectComplaint(
        try run("\"$0\" --json -d 0.01 $1 | head -1"), of: "mpgtop", code: 74, mentions: "reader")
      #expect(try run("\"$0\" --json -n 1 $1 2>&-").ending == .code(0))
    }

    @Test("No screen without a terminal: one line and exit code 64")
    func noTerminal() throws {
      expectComplaint(try DemoServer().mpgtop(), of: "mpgtop", code: 64, mentions: "-b")
    }
  }
}
