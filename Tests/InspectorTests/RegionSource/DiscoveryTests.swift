import Glibc
import Region
import TestSupport
import Testing

@testable import Host
@testable import Inspector
@testable import Observed
@testable import RegionSource

@Suite("Finding targets")
struct DiscoveryTests {
  @Test("a live process is found by pid and attached to")
  func live() throws {
    let region = RegionFixture()

    let targets = region.targets()
    let snapshot = try Inspector.attach(to: getpid(), in: RegionFolders([region.folder.path])).snapshot()

    #expect(targets.map(\.state) == [.live] && targets.map(\.name) == ["mpg-demo"])
    #expect(targets.map(\.process.pid) == [getpid()] && targets[0].path == region.path)
    #expect(snapshot.target.pid == getpid())
  }

  @Test("a region whose pid was used again is a black box, not the new process")
  func reusedPid() throws {
    let me = try #require(ProcessIdentity(living: getpid()))
    let region = RegionFixture(process: ProcessIdentity(pid: me.pid, startTime: me.startTime - 1))

    #expect(region.targets().map(\.state) == [.ended(.killed)])
    #expect(throws: InspectorError.notATarget(pid: me.pid, name: ProcessIdentity.name(of: me.pid) ?? "")) {
      try region.target(pid: me.pid)
    }
  }

  @Test(
    "a dead process says how it ended, if it had the time",
    arguments: [
      (ProcessState.exited, UInt64(3), TargetEnding.exited(code: 3)), (.crashed, 11, .crashed(signal: 11)),
      (.live, 0, .killed),
    ])
  func endings(state: ProcessState, status: UInt64, ending: TargetEnding) throws {
    let region = RegionFixture(process: ProcessIdentity(pid: try Self.deadPid(), startTime: 1))
    region[HeaderField.state] = region.raw(state)
    region[HeaderField.ending] = status

    #expect(region.targets().map(\.state) == [.ended(ending)])
    #expect(throws: InspectorError.gone(pid: region.process.pid, ending)) {
      try region.target(pid: region.process.pid)
    }
  }

  @Test("a live process that says goodbye has ended, and its last state can still be read")
  func goodbye() throws {
    let region = RegionFixture()
    let inspector = try Inspector.attach(to: getpid(), in: RegionFolders([region.folder.path]))
    #expect(try inspector.ending() == nil)

    region[HeaderField.ending] = 4
    region[HeaderField.state] = region.raw(ProcessState.exited)
    _ = unsafe unlink(region.path)

    #expect(try inspector.ending() == .exited(code: 4))
    #expect(try inspector.snapshot().target.state == .exited)
  }

  @Test("no process, another's process, and one that is no target are told apart")
  func notFound() throws {
    let folder = try TemporaryFolder()
    let dead = try Self.deadPid()

    #expect(throws: InspectorError.noSuchProcess(pid: dead)) { try folder.target(pid: dead) }
    #expect(throws: InspectorError.notATarget(pid: getpid(), name: ProcessIdentity.name(of: getpid()) ?? ""))
    {
      try folder.target(pid: getpid())
    }
  }

  @Test("a symbolic link is not followed")
  func symbolicLink() throws {
    let region = RegionFixture()
    let folder = try TemporaryFolder()
    let link = "\(folder.path)/\(region.process.pid)-\(region.process.startTime).mpg"
    _ = unsafe symlink(region.path, link)

    let target = try folder.target(pid: getpid())

    let reason = "it is a symbolic link; only the file itself is read"
    #expect(target.state == .unreadable(.notPermitted(path: link, reason: reason)))
    #expect(throws: InspectorError.notPermitted(path: link, reason: reason)) { try Inspector(target) }
  }

  @Test("a FIFO or a folder under a region's name is refused, and does not block")
  func notAPlainFile() throws {
    let folder = try TemporaryFolder()
    let me = try #require(ProcessIdentity(living: getpid()))
    let path = "\(folder.path)/\(me.pid)-\(me.startTime).mpg"
    _ = unsafe mkfifo(path, 0o600)

    let state = try folder.target(pid: me.pid).state

    #expect(state == .unreadable(.notPermitted(path: path, reason: "it is not a plain file")))
  }

  @Test("a region of another user is refused", .enabled(if: getuid() == 0, "only root can give files away"))
  func otherOwner() throws {
    let region = RegionFixture()
    _ = unsafe chown(region.path, 12345, 12345)

    let state = try region.target(pid: getpid()).state

    let reason = "it belongs to user 12345, not to 0"
    #expect(state == .unreadable(.notPermitted(path: region.path, reason: reason)))
  }

  @Test("a folder that others may write to is not looked into, and it says so")
  func openFolder() throws {
    let region = RegionFixture()
    _ = unsafe chmod(region.folder.path, 0o777)
    defer { _ = unsafe chmod(region.folder.path, 0o700) }

    #expect(region.targets().isEmpty)
    #expect(
      throws: InspectorError.notPermitted(
        path: region.folder.path, reason: "others may write to the folder; chmod 700 it")
    ) { try region.target(pid: getpid()) }
  }

  @Test(
    "only names of the form PID-STARTTIME.mpg are regions",
    arguments: [
      ".mpg", "12.mpg", "12-.mpg", "-12-3.mpg", "0-3.mpg", "a-b.mpg", "12-3-.mpg", "12-3-x.mpg",
      "12-3-4-5.mpg", "12-3.mpg~", "12-3",
    ])
  func otherNames(name: String) {
    #expect(RegionFile(folder: "/x", name: name) == nil)
    for name in ["12-3.mpg", "12-3-4026531836.mpg"] {
      #expect(RegionFile(folder: "/x", name: name)?.process == ProcessIdentity(pid: 12, startTime: 3))
    }
  }

  @Test("damaged regions are listed as unreadable, with the reason, and hide no others")
  func damagedAmongGood() throws {
    let region = RegionFixture()
    let one = try #require(ProcessIdentity(living: 1))
    let other = "\(region.folder.path)/1-\(one.startTime).mpg"
    close(unsafe open(other, O_CREAT | O_WRONLY, 0o600))
    defer { _ = unsafe unlink(other) }

    let targets = region.targets()

    #expect(targets.map(\.process.pid) == [getpid(), 1])
    #expect(targets.last?.state == .unreadable(.layout(path: other, .unfinished)))
  }

  @Test("one that ended before it had finished booting is not said to be booting", arguments: [0, 8192])
  func diedBooting(bytes: Int) throws {
    let region = RegionFixture()
    let path = "\(region.folder.path)/\(try Self.deadPid())-1.mpg"
    close(unsafe open(path, O_CREAT | O_WRONLY, 0o600))
    _ = unsafe truncate(path, off_t(bytes))
    defer { _ = unsafe unlink(path) }

    let target = try #require(region.targets().last)

    #expect(target.state == .unreadable(.layout(path: path, .abandoned)))
    #expect(LayoutProblem.abandoned.description.contains("ended before it had finished booting"))
  }

  @Test("a process's name may hold blanks and parentheses")
  func statLine() throws {
    let stat = "42 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 987654 20 21"
    let parsed = try #require(ProcessIdentity.parse(stat: Array(stat.utf8)))
    #expect(parsed.state == "S" && parsed.startTime == 987_654)
    #expect(ProcessIdentity.parse(stat: Array("42 (a".utf8)) == nil)
    #expect(ProcessIdentity.parse(stat: Array("42 (a) S 1 2".utf8)) == nil)
  }

  /// The pid of a process that has ended.
  static func deadPid() throws -> Int32 {
    var pid: pid_t = 0
    var arguments: [UnsafeMutablePointer<CChar>?] = unsafe [strdup("true"), nil]
    defer { unsafe free(arguments[0]) }
    try #require(unsafe posix_spawn(&pid, "/bin/true", nil, nil, &arguments, environ) == 0)
    var status: Int32 = 0
    try #require(unsafe waitpid(pid, &status, 0) == pid)
    return pid
  }
}
