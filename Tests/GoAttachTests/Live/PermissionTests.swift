// Who may look at whom, and what mpgtop says to those who may not. Needs root, who can be anybody.
import Foundation
import TestSupport
import Testing

@testable import GoAttach

/// Somebody who runs a program: words before the command.
struct Somebody: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let words: [String]

  static let root = Somebody(testDescription: "root", words: [])
  static let nobody = user(65534)
  static let other = user(65533)
  static let rootWithoutCapability = Somebody(
    testDescription: "root without CAP_SYS_PTRACE",
    words: ["setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace"])
  static let otherWithCapability = Somebody(
    testDescription: "another user with CAP_SYS_PTRACE",
    words: other.words + ["--inh-caps=+sys_ptrace", "--ambient-caps=+sys_ptrace"])
  /// In a user namespace of its own, in which it is root.
  static let enclosed = Somebody(
    testDescription: "the same user in a user namespace", words: nobody.words + ["unshare", "-Ur"])

  private static func user(_ id: Int) -> Somebody {
    Somebody(
      testDescription: "user \(id)", words: ["setpriv", "--reuid=\(id)", "--regid=\(id)", "--clear-groups"])
  }
}

@Suite(
  "Who may look at a Go program", .serialized,
  .enabled(if: GoBuild.isThere && GoBuild.hasViewer && geteuid() == 0))
struct PermissionTests {
  /// A target, somebody who looks at it, and what is said.
  struct Case: Sendable, CustomTestStringConvertible {
    let reader: Somebody
    let target: Somebody
    /// Mode of the program's file, which belongs to root.
    var mode: mode_t = 0o755
    var options = ""
    /// Words of the refusal; nil: it is shown.
    var refusal: String?
    var testDescription: String {
      "\(reader.testDescription) looks at one of \(target.testDescription)\(mode == 0o755 ? "" : " whose file is closed")\(options)"
    }
  }

  private static let cases = [
    Case(reader: .root, target: .nobody), Case(reader: .nobody, target: .nobody),
    Case(reader: .otherWithCapability, target: .nobody),
    // Whoever made a user namespace has all rights in it.
    Case(reader: .nobody, target: .enclosed), Case(reader: .root, target: .enclosed),
    Case(reader: .root, target: .nobody, options: " -hidden"),
    Case(reader: .root, target: .nobody, mode: 0o711),
    Case(reader: .nobody, target: .root, refusal: "belongs to user 0; run mpgtop as that user"),
    Case(reader: .other, target: .nobody, refusal: "belongs to user 65534; run mpgtop as that user"),
    Case(reader: .rootWithoutCapability, target: .nobody, refusal: "CAP_SYS_PTRACE is needed"),
    Case(reader: .enclosed, target: .nobody, refusal: "CAP_SYS_PTRACE is needed"),
    Case(reader: .nobody, target: .nobody, options: " -hidden", refusal: "PR_SET_DUMPABLE"),
    Case(
      reader: .nobody, target: .nobody, mode: 0o711, refusal: "this user may not read the executable's file"),
  ]

  /// A copy of a program for everybody.
  private func copy(_ path: String, into folder: TemporaryFolder, mode: mode_t) throws -> String {
    let copy = "\(folder.path)/\(URL(filePath: path).lastPathComponent)"
    try FileManager.default.copyItem(atPath: path, toPath: copy)
    unsafe chmod(copy, mode)
    unsafe chmod(folder.path, 0o755)
    return copy
  }

  @Test("It is shown, or refused with its reason and exit code 3", arguments: cases)
  func matrix(_ one: Case) throws {
    let build = try #require(GoBuild.all.last { $0.way == "default" })
    let (folder, viewers) = (try TemporaryFolder(), try TemporaryFolder())
    let path = try copy(build.path, into: folder, mode: one.mode)
    let viewer = try copy(Built.mpgtop, into: viewers, mode: 0o755)
    let words = (one.target.words + [path]).joined(separator: " ")
    let crowd = try Crowd(
      GoBuild(path: words, version: build.version, way: build.way), "-receive 7\(one.options)")
    let shown = try Program.run(
      Command(words: one.reader.words + [viewer, "--json", "-n", "1", "\(crowd.pid)"]))
    let doctor = try Program.run(Command(words: one.reader.words + [viewer, "doctor", "\(crowd.pid)"]))
    if let refusal = one.refusal {
      // Another user's process may as well be one on MPG, of which only its user can know.
      #expect(shown.ending == .code(3) && shown.errors.contains(refusal), "\(shown)")
      #expect(shown.output.isEmpty && shown.errors.split(separator: "\n").count == 1)
      #expect(doctor.ending == .code(3) && doctor.output.contains(refusal), "\(doctor)")
    } else {
      #expect(shown.ending == .code(0) && shown.output.contains(#""chan receive":7"#), "\(shown)")
      #expect(doctor.ending == .code(0) && doctor.output.contains("yes  the scheduler"), "\(doctor)")
    }
  }

  private static let scope = "/proc/sys/kernel/yama/ptrace_scope"
  private static let canSetScope = unsafe access(scope, W_OK) == 0

  @Test(
    "Yama's scopes are told by their number", .enabled(if: canSetScope),
    arguments: ["1", "2"])
  func yama(_ scope: String) throws {
    let build = try #require(GoBuild.all.last { $0.way == "default" })
    let before = contents(of: Self.scope)
    // 3 could not be taken back, so it is not tried.
    try #require(!before.hasPrefix("3"))
    defer { try? before.write(toFile: Self.scope, atomically: false, encoding: .utf8) }
    try scope.write(toFile: Self.scope, atomically: false, encoding: .utf8)
    let (folder, viewers) = (try TemporaryFolder(), try TemporaryFolder())
    let path = try copy(build.path, into: folder, mode: 0o755)
    let viewer = try copy(Built.mpgtop, into: viewers, mode: 0o755)
    let words = (Somebody.nobody.words + [path]).joined(separator: " ")
    let crowd = try Crowd(GoBuild(path: words, version: build.version, way: build.way), "-receive 7")
    let shown = try Program.run(
      Command(words: Somebody.nobody.words + [viewer, "--json", "-n", "1", "\(crowd.pid)"]))
    #expect(shown.ending == .code(3) && shown.errors.contains("ptrace_scope is \(scope)"), "\(shown)")
  }
}
