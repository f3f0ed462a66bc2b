// A viewer cannot disturb a server: not by being killed, not by being one of many, and not by trying to
// write.
import Foundation
import Inspector
import TestSupport
import Testing

/// One mapping of a process, as /proc/PID/smaps describes it.
struct MemoryMapping {
  /// The permissions: `r--s`.
  let permissions: String
  /// The address at which the mapping begins.
  let address: UInt
  let path: String
  /// The kernel's two-letter flags. `wr`: the mapping is writable; `mw`: mprotect may make it writable.
  let flags: Set<String>

  /// The mappings of files whose path has this ending.
  static func all(of pid: String, endingWith ending: String) -> [MemoryMapping] {
    let lines = contents(of: "/proc/\(pid)/smaps").split(separator: "\n")
    return lines.indices.compactMap { index in
      let words = lines[index].split(separator: " ", maxSplits: 5)
      guard words.count == 6, words[5].hasSuffix(ending) else { return nil }
      let flags = lines[index...].first { $0.hasPrefix("VmFlags:") } ?? ""
      return MemoryMapping(
        permissions: String(words[1]), address: UInt(words[0].prefix { $0 != "-" }, radix: 16) ?? 0,
        path: String(words[5]), flags: Set(flags.split(separator: " ").dropFirst().map(String.init)))
    }
  }
}

/// Attaches as a viewer does, checks that the mapping cannot be made writable, and then writes anyway, which
/// must be a fault.
private func writeThroughMapping(of pid: Int32, in folder: String) throws {
  let inspector = try Inspector.attach(to: pid, in: RegionFolders([folder]))
  guard let mapping = MemoryMapping.all(of: "self", endingWith: ".mpg").first else {
    throw Broken("no mapping")
  }
  let word = unsafe UnsafeMutablePointer<UInt64>(bitPattern: mapping.address)!
  guard unsafe mprotect(word, 4096, PROT_READ | PROT_WRITE) == -1, errno == EACCES else {
    throw Broken("the mapping was made writable")
  }
  _ = signal(SIGSEGV, SIG_DFL)
  unsafe word.pointee = 0
  withExtendedLifetime(inspector) {}
}

/// Keeps a server busy with curls for this object's lifetime, and checks their answers.
private final class Load {
  private let server: DemoServer
  private var curl: Program
  private(set) var requests = 0

  init(on server: DemoServer) throws {
    self.server = server
    curl = try Self.curl(server)
  }

  /// Starts a new curl if the last one has ended. A curl that has ended must have got an answer to each of
  /// its requests.
  func goOn() throws {
    guard curl.ending != nil else { return }
    try finish()
    curl = try Self.curl(server)
  }

  /// Waits for the last curl's end and checks its answers.
  func finish() throws {
    let ending = try curl.wait()
    #expect(ending == .code(0), "\(curl.errors)")
    let answers = curl.output.split(separator: "\n")
    #expect(answers.count == 1500 && answers.allSatisfy { $0 == "200" })
    requests += answers.count
  }

  private static func curl(_ server: DemoServer) throws -> Program {
    try Program(
      Command(
        "curl", "-sS", "--max-time", "60", "--parallel", "--parallel-max", "16", "-o", "/dev/null",
        "-w", "%{http_code}\\n", server.url("/?[1-1500]")))
  }
}

extension EndToEnd {
  @Suite("Looking on does not disturb") struct BystanderTests {
    @Test("The server runs on while viewers are killed, are ten at once, and come and go a thousand times")
    func viewersComeAndGo() throws {
      let server = try DemoServer("--procs", "2")
      let files = server.openFiles
      let load = try Load(on: server)

      for _ in 0..<5 {
        let viewer = try Viewer(of: server)
        try viewer.wait(for: 3)
        viewer.program.signal(SIGKILL)
        #expect(try viewer.program.wait() == .signal(SIGKILL))
        try load.goOn()
      }
      let viewers = try (0..<10).map { _ in try Viewer(of: server) }
      for viewer in viewers { try viewer.wait(for: 10) }
      #expect(viewers.allSatisfy { $0.program.ending == nil })
      for viewer in viewers { viewer.program.signal(SIGKILL) }
      try load.goOn()
      for _ in 0..<24 {
        #expect(try server.mpgtop("--json", "-n", "1").ending == .code(0))
        try load.goOn()
      }
      for round in 0..<1000 {
        let inspector = try Inspector.attach(to: server.pid, in: server.regions)
        #expect(try inspector.snapshot().target.pid == server.pid)
        try inspector.drain()
        if round % 50 == 0 { try load.goOn() }
      }

      try load.finish()
      let statistics = try server.statistics()
      #expect(statistics["requests"] == load.requests)
      _ = try server.frame("at rest") { $0.gs.live == 2 }
      #expect(server.openFiles == files)
      #expect(try server.stop() == .code(0))
      #expect(server.program.errors == "")
    }

    @Test("mpgtop maps the region for reading only, and could not change its mind")
    func mappedReadOnly() throws {
      let server = try DemoServer()
      let viewer = try Viewer(of: server)
      try viewer.wait(for: 1)

      let mappings = MemoryMapping.all(of: "\(viewer.program.pid)", endingWith: ".mpg")
      #expect(!mappings.isEmpty)
      for mapping in mappings {
        #expect(mapping.permissions == "r--s")
        // The kernel gives a shared mapping `sh` and `mw` (mprotect may make it writable) only if the file
        // was opened for writing.
        #expect(mapping.flags.isSuperset(of: ["rd", "ms"]))
        #expect(mapping.flags.isDisjoint(with: ["wr", "mw", "sh"]))
      }
      for fd in try FileManager.default.contentsOfDirectory(atPath: "/proc/\(viewer.program.pid)/fd") {
        let file = try? FileManager.default.destinationOfSymbolicLink(
          atPath: "/proc/\(viewer.program.pid)/fd/\(fd)")
        guard file?.hasSuffix(".mpg") == true else { continue }
        let info = contents(of: "/proc/\(viewer.program.pid)/fdinfo/\(fd)").split(separator: "\n")
        let flags = info.first { $0.hasPrefix("flags:") }?.split(separator: "\t").last.flatMap {
          Int32($0, radix: 8)
        }
        #expect(flags.map { $0 & O_ACCMODE } == O_RDONLY)
      }
      // The server's own mapping is writable and has these flags, so the flags do tell the two kinds apart.
      let own = MemoryMapping.all(of: "\(server.pid)", endingWith: ".mpg")
      #expect(own.contains { $0.permissions == "rw-s" && $0.flags.isSuperset(of: ["wr", "mw", "sh"]) })
    }

    @Test("A write through a viewer's mapping is a fault, and the server does not notice")
    func writesFault() async throws {
      let server = try DemoServer()
      let (pid, folder) = (server.pid, "\(server.folder.path)/mpg")
      await #expect(processExitsWith: .signal(SIGSEGV)) { [pid = pid as Int32, folder = folder as String] in
        try writeThroughMapping(of: pid, in: folder)
      }

      #expect(try server.get("/") == "Hello World")
      try server.frame().checkSums()
    }
  }
}
