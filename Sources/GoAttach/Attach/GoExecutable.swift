// The executable of a process: what its file says, and where it is loaded.
internal import Glibc
import Host

/// An executable built by Go. Immutable, and may be used from any thread.
package final class GoExecutable: Sendable {
  package let version: GoVersion
  let elf: ELFFile
  let file: any ByteSource

  /// Opens the executable of a process by /proc/PID/exe. This path also works if the process is in another mount namespace, or
  /// if the file was deleted.
  package convenience init(of pid: Int32) throws(GoRefusal) {
    do throws(GoRefusal) {
      try self.init(path: "/proc/\(pid)/exe")
    } catch {
      // The kernel's own threads have no executable, so a missing one does not mean that the process has ended.
      if error == .memory(.gone), case .process = ProcessIdentity.look(for: pid) { throw .notGo }
      throw error
    }
  }

  /// Opens an executable's file.
  ///
  /// - Throws: `notGo` if Go did not build it; other refusals if it is not understood.
  package convenience init(path: String) throws(GoRefusal) {
    let file: FileBytes
    do throws(OpenProblem) {
      file = try FileBytes(path: path)
    } catch {
      switch error.errno {
      case ENOENT, ESRCH: throw .memory(.gone)
      case EACCES, EPERM: throw .memory(.denied(errno: error.errno))
      default: throw .memory(.system(call: "open \(path)", errno: error.errno))
      }
    }
    try self.init(file)
  }

  /// Parses the bytes of an executable.
  ///
  /// - Throws: `notGo` if Go did not build it; other refusals if it is not understood.
  package init(_ file: any ByteSource) throws(GoRefusal) {
    self.file = file
    elf = try ELFFile(file)
    guard let version = BuildInfo.version(elf, file) else { throw .notGo }
    self.version = version
  }

  /// The load bias: by how much addresses in the process are higher than those in the file.
  ///
  /// The file is recognised in memory by its first bytes, since the numbers of devices and inodes in `maps` are not always
  /// those of the file (overlayfs).
  func loadBias(_ pid: Int32, _ memory: some TargetMemory) throws(GoRefusal) -> UInt64 {
    guard let first = elf.segments.min(by: { $0.address < $1.address }) else {
      throw .file("it has no segments")
    }
    let lowest = first.address & ~4095
    if !elf.isMovable { return 0 }
    for start in Self.mappings(pid, offset: first.offset & ~4095) {
      guard let head = try? memory.bytes(at: start &- UInt64(first.offset & ~4095), elf.head.count),
        head == elf.head
      else { continue }
      return start &- lowest
    }
    throw .variable("executable in its memory map")
  }

  /// The start addresses of the mappings that begin at `offset` in their file.
  private static func mappings(_ pid: Int32, offset: Int) -> [UInt64] {
    let text = String(decoding: wholeFile("/proc/\(pid)/maps", limit: 16 << 20), as: UTF8.self)
    return text.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
      guard words.count == 6, words[5].contains("/"), Int(words[2], radix: 16) == offset,
        let start = words[0].split(separator: "-").first
      else { return nil }
      return UInt64(start, radix: 16)
    }
  }
}
