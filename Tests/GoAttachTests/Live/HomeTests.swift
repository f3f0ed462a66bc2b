// Programs whose file is gone or lies elsewhere, systems that lack a call, and what is refused with a reason.
import Foundation
import TestSupport
import Testing

@testable import GoAttach
@testable import Host
@testable import Observed

@Suite("Odd homes of Go programs", .serialized, .enabled(if: GoBuild.isThere))
struct HomeTests {
  private static let some = Array(GoBuild.plain.suffix(2))

  private func copy(_ build: GoBuild, into folder: TemporaryFolder) throws -> GoBuild {
    let path = "\(folder.path)/crowd"
    try FileManager.default.copyItem(atPath: build.path, toPath: path)
    return GoBuild(path: path, version: build.version, way: build.way)
  }

  /// Expects that a crowd with seven receivers is shown, with stacks and lines.
  private func expectShown(_ crowd: Crowd) throws {
    let source = try GoSource(pid: crowd.pid)
    #expect(try source.snapshot().sampled?.waits?["chan receive"] == 7)
    let (goroutines, stacks) = try source.stacks()
    var cache = GoFrameCache(source.program.tables)
    let groups = cache.groupedByStack(goroutines, in: stacks)
    let frames = groups.first { $0.members.count == 7 }?.frames ?? []
    #expect(frames.contains { $0.function == "main.receive" && $0.isInlined && ($0.line ?? 0) > 0 })
  }

  @Test("A file that was deleted, or replaced by a newer one, is read by /proc/PID/exe", arguments: some)
  func deleted(_ build: GoBuild) throws {
    let folder = try TemporaryFolder()
    let own = try copy(build, into: folder)
    let crowd = try Crowd(own, "-receive 7")
    try FileManager.default.removeItem(atPath: own.path)
    try expectShown(crowd)
    #expect(GoProcess(pid: crowd.pid)?.name == "crowd")
    // Whoever is installed in its place is not asked.
    try folder.write("#!/bin/sh\n".utf8, to: "crowd")
    try expectShown(crowd)
  }

  @Test(
    "A program in a root of its own, or with pids of its own, is shown", .enabled(if: geteuid() == 0),
    arguments: some)
  func elsewhere(_ build: GoBuild) throws {
    let folder = try TemporaryFolder()
    let inner = "mount -t tmpfs none \(folder.path) && cp \(build.path) \(folder.path)/inner"
    let rooted = GoBuild(
      path: "unshare -m sh -c '\(inner) && exec chroot \(folder.path) /inner -receive 7' #",
      version: build.version, way: build.way)
    let crowd = try Crowd(rooted, "")
    #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/inner"))
    try expectShown(crowd)
    // Its own number is 1 there; what it says of itself is not ours.
    let numbered = GoBuild(
      path: "unshare -pf --kill-child \(build.path)", version: build.version, way: build.way)
    let other = try Crowd(numbered, "-receive 7")
    #expect(other.pid == 1)
    let children = contents(of: "/proc/\(other.program.pid)/task/\(other.program.pid)/children")
    let pid = try #require(Int32(children.trimmingCharacters(in: .whitespaces)))
    let look = try GoSource(pid: pid).snapshot()
    #expect(look.sampled?.waits?["chan receive"] == 7 && look.ms.contains { $0.tid == 1 })
  }

  /// Runs the words behind it under a filter that answers process_vm_readv with an errno.
  private static let filter = """
    import ctypes, os, struct, sys
    libc = ctypes.CDLL(None)
    steps = [(0x20, 0, 0, 0), (0x15, 0, 1, 310), (6, 0, 0, 0x50000 | int(sys.argv[1])), (6, 0, 0, 0x7fff0000)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    class Program(ctypes.Structure):
        _fields_ = [("count", ctypes.c_ushort), ("code", ctypes.c_void_p)]
    program = Program(len(steps), ctypes.cast(code, ctypes.c_void_p))
    assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, ctypes.byref(program), 0, 0) == 0
    assert libc.process_vm_readv(os.getpid(), None, 0, None, 0, 0) == -1
    os.execvp(sys.argv[2], sys.argv[2:])
    """

  @Test(
    "Where process_vm_readv is lacking or filtered, memory is read by its file",
    .enabled(if: GoBuild.hasViewer), arguments: [ENOSYS, EPERM])
  func withoutTheCall(_ errno: Int32) throws {
    let crowd = try Crowd(try #require(Self.some.last), "-receive 7 -storm 1")
    let words = ["python3", "-c", Self.filter, "\(errno)", Built.mpgtop]
    let shown = try Program.run(Command(words: words + ["--json", "-n", "2", "-d", "0.3", "\(crowd.pid)"]))
    #expect(shown.ending == .code(0) && shown.output.contains(#""chan receive":7"#), "\(shown)")
    let stacks = try Program.run(Command(words: words + ["stacks", "--flame", "\(crowd.pid)"]))
    #expect(stacks.ending == .code(0) && stacks.output.contains("main.receive"), "\(stacks)")
    // The end is told as it is by the call.
    crowd.program.signal(SIGKILL)
    try crowd.program.wait()
    let over = try Program.run(Command(words: words + ["stacks", "\(crowd.pid)"]))
    #expect(over.ending == .code(2), "\(over)")
  }

  /// Expects that `mpgtop` and its doctor refuse a process, with these words.
  private func expectRefusal(_ pid: Int32, _ words: String, code: Int32 = 4) throws {
    let shown = try Program.run(Command(Built.mpgtop, "--json", "-n", "1", "\(pid)"))
    #expect(shown.ending == .code(code) && shown.errors.contains(words) && shown.output.isEmpty, "\(shown)")
    #expect(shown.errors.split(separator: "\n").count == 1)
    let doctor = try Program.run(Command(Built.mpgtop, "doctor", "\(pid)"))
    #expect(doctor.ending == .code(3) && doctor.output.contains(words), "\(doctor)")
  }

  @Test(
    "A program without sections, as packers leave them, is refused", .enabled(if: GoBuild.hasViewer),
    arguments: some)
  func packed(_ build: GoBuild) throws {
    let folder = try TemporaryFolder()
    let own = try copy(build, into: folder)
    var bytes = [UInt8](try Data(contentsOf: URL(filePath: own.path)))
    // e_shoff, and the numbers of sections and of the one with their names.
    for place in Array(40..<48) + Array(60..<64) { bytes[place] = 0 }
    try Data(bytes).write(to: URL(filePath: own.path))
    let crowd = try Crowd(own, "-receive 7")
    try expectRefusal(crowd.pid, "it has no sections; is it packed (UPX)?")
  }

  @Test(
    "A program whose table of functions has another mark, as garble writes it, is refused",
    .enabled(if: GoBuild.hasViewer), arguments: some)
  func obfuscated(_ build: GoBuild) throws {
    let folder = try TemporaryFolder()
    let own = try copy(build, into: folder)
    let file = try FileBytes(path: own.path)
    let elf = try ELFFile(file)
    let table = try #require(elf.section(".gopclntab", ".data.rel.ro.gopclntab"))
    let text = try #require(elf.sections[".text"])
    var bytes = try #require(file.bytes(at: 0, file.size))
    // The mark, and what the runtime compares it with: `cmp` of a register, or of what one points at, with -15.
    try #require(bytes[table.offset] == 0xF1)
    bytes[table.offset] = 0xF2
    var found = 0
    for place in text.offset..<text.offset + text.size - 2 where bytes[place] == 0x83 {
      let operand = bytes[place + 1]
      guard bytes[place + 2] == 0xF1, operand >= 0xF8 || operand & 0xF8 == 0x38 && operand != 0x3D else {
        continue
      }
      (bytes[place + 2], found) = (0xF2, found + 1)
    }
    try #require(found > 0)
    try Data(bytes).write(to: URL(filePath: own.path))
    let crowd = try Crowd(own, "-receive 7")
    try expectRefusal(crowd.pid, "was obfuscated; is it obfuscated (garble)?")
  }

  @Test(
    "A program in C that has loaded a library of Go's is refused, and the library named",
    .enabled(if: GoBuild.hasViewer && GoBuild.sharedHost != nil))
  func shared() throws {
    let host = try #require(GoBuild.sharedHost)
    let program = try Program(Command("\(host)", "\(host).so"))
    try eventually("the library is loaded") { program.output.contains("ready") }
    try expectRefusal(
      program.pid, "shared-host.so, which was; Go within another program (c-shared) is not shown")
  }
}
