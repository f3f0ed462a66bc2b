// Names of regions in a folder that several pid namespaces share, and which regions a start removes.
import Foundation
import Glibc
import Region
import TestSupport
import Testing

@testable import MPG

/// Runs in a child process: writes a region under `name` as a process of the pid namespace `namespace` would
/// leave it. Only the part of the header that a start reads is there.
private func leave(_ name: String, in folder: String, namespace: UInt64) -> Int32 {
  let fd = unsafe open("\(folder)/mpg/\(name)", O_RDWR | O_CREAT | O_EXCL, 0o600)
  check(fd >= 0 && ftruncate(fd, 4096) == 0, "a file \(name)")
  for (field, value) in [
    (HeaderField.magic, Layout.magic), (.version, Layout.version), (.pidNamespace, namespace), (.isLocked, 1),
  ] {
    var word = value
    check(unsafe pwrite(fd, &word, 8, off_t(field.rawValue * 8)) == 8, "a header")
  }
  return fd
}

private func names(in folder: String) -> [String] {
  ((try? FileManager.default.contentsOfDirectory(atPath: folder + "/mpg")) ?? []).sorted()
}

@Suite("The folder of regions")
struct RegionFolderTests {
  @Test(
    "who has our pid and start time in another namespace keeps its file; an image that exec has replaced does not"
  )
  func sameName() async throws {
    let folder = try TemporaryFolder(on: .disk)
    for isOther in [true, false] {
      await #expect(processExitsWith: .success) { [path = folder.path as String, isOther = isOther as Bool] in
        TemporaryFolder.useForRegions(path)
        unsafe _ = mkdir(path + "/mpg", 0o700)
        let (start, own) = (SystemCall.processStartTime(), Residence.own.pid)
        let name = RegionName(pid: getpid(), startTime: start).fileName
        let fd = leave(name, in: path, namespace: isOther ? own + 1 : own)
        if isOther { check(FileLock.take(fd), "its lock") }
        inRuntime(procs: 1) {
          let ours = isOther ? RegionName(pid: getpid(), startTime: start, namespace: own).fileName : name
          checkEqual(blocking { names(in: path) }, isOther ? [ours, name].sorted() : [name], "the files")
          if isOther { unsafe _ = unlink("\(path)/mpg/\(name)") }
        }
      }
    }
  }

  @Test("of the dead eight stay; who has a lock, or cannot be judged, stays whatever their number")
  func pruning() async throws {
    let folder = try TemporaryFolder(on: .disk)
    await #expect(processExitsWith: .success) { [path = folder.path as String] in
      TemporaryFolder.useForRegions(path)
      unsafe _ = mkdir(path + "/mpg", 0o700)
      var held: [Int32] = []
      for index in 1...12 {
        close(leave("\(index)-1.mpg", in: path, namespace: 1))  // dead, wherever it lived
        let fd = leave("\(index)-2.mpg", in: path, namespace: 1)
        check(FileLock.take(fd), "a lock")
        held.append(fd)
        let unlocked = leave("\(index)-3.mpg", in: path, namespace: 1)
        var none: UInt64 = 0
        check(unsafe pwrite(unlocked, &none, 8, off_t(HeaderField.isLocked.rawValue * 8)) == 8, "a header")
        close(unlocked)
      }
      inRuntime(procs: 1) {
        let left = blocking { names(in: path) }
        func count(_ end: String) -> Int { left.count { $0.hasSuffix(end) } }
        checkEqual([count("-1.mpg"), count("-2.mpg"), count("-3.mpg")], [8, 12, 12], "files that are left")
        check(held.count == 12, "descriptors that stay open")
      }
    }
  }
}
