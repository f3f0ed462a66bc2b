// Files are read whole or in pieces, and never outside of their folder.
import CFaults
import CMPG
import Foundation
import TestSupport
import Testing

@testable import MPG

/// A folder with some files, and with links that lead outside. Beside the folder lies a secret.
private struct Site {
  let root: TemporaryFolder
  var path: String { root.path + "/site" }

  init() throws {
    let files = FileManager.default
    root = try TemporaryFolder(on: .disk)
    try root.write("secret".utf8, to: "secret")
    try root.write("hello".utf8, to: "site/hello.txt")
    try root.write("deep".utf8, to: "site/sub/deep/file")
    try files.createSymbolicLink(atPath: path + "/inside", withDestinationPath: "sub/deep/file")
    try files.createSymbolicLink(atPath: path + "/outside", withDestinationPath: "../secret")
    try files.createSymbolicLink(atPath: path + "/absolute", withDestinationPath: root.path + "/secret")
    try files.createSymbolicLink(atPath: path + "/up", withDestinationPath: "..")
    try files.createSymbolicLink(atPath: path + "/loop", withDestinationPath: "loop")
    #expect(unsafe mkfifo(path + "/fifo", 0o600) == 0)
  }
}

private func opened(_ folder: Folder, _ path: String) -> Result<String, FileError> {
  do throws(FileError) {
    var file = try folder.open(path)
    return .success(String(decoding: try file.readToEnd(), as: UTF8.self))
  } catch {
    return .failure(error)
  }
}

// Outside of a G, `blocking` just runs its body. So only the last test needs a runtime.
@Suite("Files", .serialized)
struct FileTests {
  @Test("a file is read in pieces, whole, and within a limit")
  func reading() throws {
    let site = try Site()
    let path = site.path + "/hello.txt"
    var file = try File(opening: path)
    #expect(file.size == 5)
    #expect(try file.read(upTo: 2) == Array("he".utf8))
    #expect(try file.readToEnd() == Array("llo".utf8))
    #expect(try file.read().isEmpty)
    #expect(try File.read(path, limit: 5) == Array("hello".utf8))
    #expect(throws: FileError.tooLarge(path, limit: 4)) { try File.read(path, limit: 4) }
    #expect(try File.read("/proc/self/stat").count > 10)  // /proc reports size 0, but the file has content
  }

  @Test("what cannot be opened says why")
  func refusals() throws {
    let site = try Site()
    #expect(throws: FileError.notFound("/no/such")) { _ = try File(opening: "/no/such") }
    #expect(throws: FileError.notRegular(site.path)) { _ = try File(opening: site.path) }
    #expect(throws: FileError.notRegular("/dev/null")) { _ = try File(opening: "/dev/null") }
    #expect(throws: FileError.invalidPath("")) { _ = try File(opening: "") }
    #expect(throws: FileError.invalidPath("a\0b")) { _ = try File(opening: "a\0b") }
    #expect(throws: FileError.notFound(site.path + "/hello.txt")) { _ = try Folder(site.path + "/hello.txt") }
  }

  /// With `true`, openat2 fails as on an old kernel.
  @Test("nothing beneath a folder leads out of it, with openat2 and without", arguments: [false, true])
  func beneath(isOldKernel: Bool) throws {
    let site = try Site()
    let folder = try Folder(site.path)
    if isOldKernel { cfault_arm(CFAULT_OPENAT2, 1, 1 << 40, ENOSYS) }
    defer { cfault_disarm() }

    #expect(opened(folder, "hello.txt") == .success("hello"))
    #expect(opened(folder, "sub/deep/file") == .success("deep"))
    #expect(opened(folder, "./sub//deep/file") == .success("deep"))
    #expect(opened(folder, "nothing") == .failure(.notFound("nothing")))
    #expect(opened(folder, "hello.txt/") == .failure(.notFound("hello.txt/")))
    #expect(opened(folder, "sub") == .failure(.notRegular("sub")))
    #expect(opened(folder, "fifo") == .failure(.notRegular("fifo")))
    for path in [
      "/etc/passwd", "../secret", "sub/../../secret", "..", "sub/..", "outside", "absolute", "loop",
    ] {
      #expect(opened(folder, path) == .failure(.outside(path)))
    }
    // A link to a folder: the walk without openat2 cannot even tell that it is a link.
    let up = opened(folder, "up/secret")
    #expect(up == .failure(isOldKernel ? .notFound("up/secret") : .outside("up/secret")))
    #expect(opened(folder, "inside") == (isOldKernel ? .failure(.outside("inside")) : .success("deep")))
    if isOldKernel { #expect(cfault_calls() > 10) }
  }

  @Test("the walk itself refuses to go up, whatever its caller has checked")
  func walking() throws {
    let site = try Site()
    let folder = unsafe mpg_open_folder(site.path)
    defer { close(folder) }
    #expect(unsafe mpg_open_walking(folder, "../secret") == -EXDEV)
    #expect(unsafe mpg_open_walking(folder, "sub/../../secret") == -EXDEV)
    #expect(unsafe mpg_open_walking(folder, "") == -EXDEV)
    #expect(unsafe mpg_open_walking(folder, String(repeating: "a", count: 300)) == -ENAMETOOLONG)
  }

  @Test("a rename while the kernel looks costs another try, and no descriptor is left behind")
  func races() throws {
    let site = try Site()
    let folder = try Folder(site.path)
    cfault_arm(CFAULT_OPENAT2, 1, 3, EAGAIN)
    #expect(opened(folder, "hello.txt") == .success("hello"))
    #expect(cfault_disarm() == 3)

    cfault_arm(CFAULT_OPENAT2, 1, 1, EMFILE)
    #expect(opened(folder, "hello.txt") == .failure(.failed(call: "open", path: "hello.txt", errno: EMFILE)))
    cfault_arm(CFAULT_PREAD, 1, 1, EIO)
    #expect(opened(folder, "hello.txt") == .failure(.failed(call: "pread", path: "hello.txt", errno: EIO)))
    cfault_arm(CFAULT_PREAD, 1, 1, EINTR)
    #expect(opened(folder, "hello.txt") == .success("hello"))
    cfault_disarm()
  }

  @Test("on one P, a read that blocks does not hold up others")
  func blockedRead() async throws {
    let site = try Site()
    await #expect(processExitsWith: .success) { [path = site.path + "/hello.txt" as String] in
      inRuntime(procs: 1) {
        let all = WaitGroup()
        all.add(100)
        for _ in 0..<100 {
          go {
            checkEqual(try File.read(path), Array("hello".utf8), "bytes")
            all.done()
          }
        }
        all.wait()
        check(laneSum(.syscalls) >= 300, "an open, a look and a read of each, as system calls")
        checkEqual(
          laneSum(.syscalls), laneSum(.syscallsReturned) + laneSum(.syscallsQueued), "calls and returns")
      }
    }
  }
}
