import Glibc
import TestSupport
import Testing

@testable import Host
@testable import Inspector

@Suite("Output files", .serialized)
struct OutputFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }
  private var path: String { "\(folder.path)/out" }

  private func rules(_ change: (inout OutputRules) -> Void) -> OutputRules {
    var rules = OutputRules()
    change(&rules)
    return rules
  }

  private func write(
    _ text: String, to path: String, _ rules: OutputRules = OutputRules()
  ) throws(InspectorError) {
    let file = try OutputFile(path: path, rules)
    try file.write(Array(text.utf8))
    try file.commit()
  }

  private func text(_ path: String) -> String? {
    smallFile(path).map { String(decoding: $0, as: UTF8.self) }
  }

  private func mode(_ path: String) throws -> UInt32 { try FileStatus(ofTarget: path).permissions }
  private var listed: [String] { names(in: folder.path).sorted() }

  @Test(
    "a new file follows the umask, or is for its owner alone; one that is replaced keeps its mode and owner")
  func modes() throws {
    let before = umask(0o027)
    defer { umask(before) }
    try write("a", to: path)
    #expect(try mode(path) == 0o640)
    try write("b", to: "\(folder.path)/private", rules { $0.isPrivate = true })
    #expect(try mode("\(folder.path)/private") == 0o600)
    for (mode, isPrivate) in [(0o644, true), (0o600, false), (0o666, false)] as [(UInt32, Bool)] {
      _ = unsafe chmod(path, mode)
      let isGiven = unsafe getuid() == 0 && chown(path, 65534, 65534) == 0
      try write("c", to: path, rules { $0.isPrivate = isPrivate })
      #expect(try self.mode(path) == mode)
      if isGiven {
        let status = try FileStatus(ofTarget: path)
        #expect(status.owner == 65534 && status.group == 65534)
      }
    }
  }

  @Test("without its end nothing is left of it, and what was there is as it was", arguments: [false, true])
  func wholeOrAbsent(_ isShown: Bool) throws {
    let rules = rules { $0.isShown = isShown }
    func begin() throws {
      let file = try OutputFile(path: path, rules)
      try file.write(Array("half of it".utf8))
      #expect(listed.filter { $0 != "out" } == (isShown ? ["out.part"] : []))
    }
    try begin()
    #expect(listed == [])
    try write("old", to: path)
    try begin()
    #expect(listed == ["out"] && text(path) == "old")
    try write("new", to: path, rules)
    #expect(listed == ["out"] && text(path) == "new")
  }

  @Test("a file that is shown while it is written leaves another one's part alone")
  func parts() throws {
    try write("of somebody else", to: path + ".part")
    let file = try OutputFile(path: path, rules { $0.isShown = true })
    #expect(listed == ["out.part", "out.part-2"])
    try file.write(Array("x".utf8))
    try file.commit()
    #expect(listed == ["out", "out.part"] && text(path + ".part") == "of somebody else")
  }

  @Test("through a link what it leads to is replaced, and the link stays, be there something or nothing yet")
  func links() throws {
    _ = unsafe mkdir("\(folder.path)/deep", 0o700)
    defer { _ = unsafe (unlink("\(folder.path)/deep/file"), rmdir("\(folder.path)/deep")) }
    let (link, second) = ("\(folder.path)/link", "\(folder.path)/second")
    _ = unsafe (symlink("deep/file", link), symlink(link, second))
    for words in ["new", "newer"] {
      try write(words, to: second)
      #expect(text("\(folder.path)/deep/file") == words)
      #expect(try FileStatus(ofLink: link).isSymbolicLink && FileStatus(ofLink: second).isSymbolicLink)
    }
    #expect(names(in: "\(folder.path)/deep") == ["file"])
    _ = unsafe symlink("circle", "\(folder.path)/circle")
    let circle = "\(folder.path)/circle"
    #expect(throws: InspectorError.system(call: "open", path: circle, errno: ELOOP)) {
      try write("", to: circle)
    }
  }

  @Test("where everybody may write, somebody else's link is not followed")
  func foreignLink() throws {
    guard getuid() == 0 else { return }
    try write("ours", to: path)
    let (everybody, link) = ("\(folder.path)/tmp", "\(folder.path)/tmp/link")
    _ = unsafe (
      mkdir(everybody, 0o1777), chmod(everybody, 0o1777), symlink(path, link), lchown(link, 65534, 65534)
    )
    defer { _ = unsafe (unlink(link), rmdir(everybody)) }
    let error = #expect(throws: InspectorError.self) { try write("theirs", to: link) }
    #expect(error?.description.contains("a link of user 65534") == true && text(path) == "ours")
  }

  @Test("what is read is never written to, by whichever name")
  func inputs() throws {
    try write("precious", to: path)
    let (hard, soft, folded) = ("\(folder.path)/hard", "\(folder.path)/soft", "\(folder.path)/folder")
    _ = unsafe (link(path, hard), symlink("out", soft), symlink(".", folded))
    let rules = rules { $0.inputs = [FileIdentity(path: path)] }
    for name in [path, "\(folder.path)/./out", hard, soft, "\(folded)/out", "\(folded)/soft"] {
      for input in [path, hard, soft] {
        #expect(FileIdentity(path: input) == FileIdentity(path: path))
      }
      let error = #expect(throws: InspectorError.self) { try write("lost", to: name, rules) }
      #expect(error == .badOutput(path: name, reason: "it is the input itself; name another file"))
      #expect(text(path) == "precious")
    }
    try write("other", to: "\(folder.path)/other", rules)
  }

  @Test(
    "one that must be new leaves alone what is there, and what comes meanwhile", arguments: [false, true])
  func mustBeNew(_ isShown: Bool) throws {
    let rules = rules { ($0.isNew, $0.isShown) = (true, isShown) }
    let file = try OutputFile(path: path, rules)
    try file.write(Array("late".utf8))
    try write("first", to: path)
    let error = #expect(throws: InspectorError.self) { try file.commit() }
    #expect(error?.description.contains("errno \(EEXIST)") == true && text(path) == "first")
    // A recording of hours must not be thrown away because its name is taken.
    #expect(listed == (isShown ? ["out", "out.part"] : ["out"]))
    #expect(throws: InspectorError.system(call: "open", path: path, errno: EEXIST)) {
      try write("", to: path, rules)
    }
    try write("new", to: "\(folder.path)/other", rules)
    #expect(text("\(folder.path)/other") == "new")
  }

  @Test("a file system without nameless files has one with a name, which goes as well")
  func named() throws {
    try write("old", to: path)
    let (descriptor, name) = try TemporaryName.hiddenByName(in: folder.path, 0o600)
    let temporary = try #require(name)
    #expect(listed.count == 2 && temporary.path.contains("/.mpgtop-"))
    temporary.remove()
    #expect(listed == ["out"])
    let (second, other) = try TemporaryName.hiddenByName(in: folder.path, 0o600)
    _ = unsafe Glibc.write(second, "new", 3)
    try other?.become(path, isNew: false)
    #expect(listed == ["out"] && text(path) == "new")
    _ = (close(descriptor), close(second))
  }

  @Test("pipes and devices are written into, and stay what they are")
  func streams() throws {
    let fifo = "\(folder.path)/fifo"
    _ = unsafe mkfifo(fifo, 0o600)
    let reader = unsafe open(fifo, O_RDONLY | O_NONBLOCK)
    try write("through", to: fifo)
    var bytes = [UInt8](repeating: 0, count: 20)
    #expect(unsafe read(reader, &bytes, 20) == 7)
    close(reader)
    #expect(try FileStatus(ofTarget: fifo).kind == "a pipe")
    try write("nowhere", to: "/dev/null")
    #expect(try FileStatus(ofTarget: "/dev/null").kind == "a device")
    #expect(throws: InspectorError.stream(path: "/dev/full", errno: ENOSPC)) {
      try write("much", to: "/dev/full")
    }
    let error = #expect(throws: InspectorError.self) { try write("", to: folder.path) }
    #expect(error?.description.contains("it is a folder") == true)
  }

  @Test("a descriptor by its name is written where it stands; half of a thing is taken back from it")
  func descriptors() throws {
    try write("head ", to: path)
    let descriptor = unsafe open(path, O_WRONLY | O_APPEND)
    defer { close(descriptor) }
    try write("tail", to: "/dev/fd/\(descriptor)")
    #expect(text(path) == "head tail")
    let rules = rules { $0.inputs = [FileIdentity(path: path)] }
    #expect(throws: InspectorError.self) { try write("again", to: "/proc/self/fd/\(descriptor)", rules) }
    func half() throws {
      let file = try OutputFile(path: "/dev/fd/\(descriptor)")
      try file.write(Array(" and half".utf8))
    }
    try half()
    #expect(text(path) == "head tail")
  }
}
