// Reading the memory of a living process: process_vm_readv(2), and /proc/PID/mem where the kernel lacks that call.
//
// Nothing is stopped, nothing is written, and no signal is sent. One unreadable range ends the call there, even if the ranges
// behind it are good, so a caller with several ranges calls again for those (MemoryBatch.swift).
internal import CGoAttach
internal import Glibc
import Synchronization

/// The memory of one process. May be used from any thread.
package final class ProcessMemory: TargetMemory {
  private let pid: Int32
  /// The descriptor of /proc/PID/mem; -1: it was not needed so far.
  private let file = Atomic<Int32>(-1)

  package init(pid: Int32) { self.pid = pid }

  deinit {
    let file = file.load(ordering: .relaxed)
    if file >= 0 { _ = close(file) }
  }

  package func read(
    _ ranges: UnsafeBufferPointer<MemoryRange>, into bytes: UnsafeMutableRawBufferPointer
  ) throws(MemoryProblem) -> Int {
    guard !ranges.isEmpty else { return 0 }
    let file = file.load(ordering: .relaxed)
    if file >= 0 { return try unsafe read(ranges, into: bytes, from: file) }
    // A `MemoryRange` lies in memory as the C struct `cgoattach_range` does: an address and a count.
    let count = unsafe ranges.withMemoryRebound(to: cgoattach_range.self) {
      unsafe cgoattach_readv(pid, bytes.baseAddress, bytes.count, $0.baseAddress, min($0.count, mostRanges))
    }
    if count >= 0 { return unsafe Self.whole(ranges, in: count) }
    switch Int32(truncatingIfNeeded: -count) {
    case EFAULT, EIO: return 0
    case ESRCH: throw .gone
    case ENOSYS: return try unsafe read(ranges, into: bytes, from: try openFile())
    case EPERM, EACCES:
      // A container's filter of system calls gives the same error, but lets /proc/PID/mem be read. So that file is tried.
      guard let file = try? openFile() else { throw .denied(errno: Int32(truncatingIfNeeded: -count)) }
      return try unsafe read(ranges, into: bytes, from: file)
    case let errno: throw .system(call: "process_vm_readv", errno: errno)
    }
  }

  /// How many of the ranges lie wholly in the first `count` bytes.
  private static func whole(_ ranges: UnsafeBufferPointer<MemoryRange>, in count: Int) -> Int {
    var (left, whole) = (count, 0)
    for index in 0..<ranges.count {
      left -= unsafe ranges[index].count
      guard left >= 0 else { break }
      whole += 1
    }
    return whole
  }

  private func openFile() throws(MemoryProblem) -> Int32 {
    let opened = unsafe open("/proc/\(pid)/mem", O_RDONLY | O_CLOEXEC)
    guard opened >= 0 else {
      let error = errno
      if error == ENOENT || error == ESRCH { throw .gone }
      throw error == EACCES || error == EPERM
        ? .denied(errno: error) : .system(call: "open /proc/\(pid)/mem", errno: error)
    }
    // Another thread may have opened the file at the same time. Then that thread's descriptor is used, and this
    // one is closed.
    let (exchanged, original) = file.compareExchange(expected: -1, desired: opened, ordering: .relaxed)
    if !exchanged { _ = close(opened) }
    return exchanged ? opened : original
  }

  private func read(
    _ ranges: UnsafeBufferPointer<MemoryRange>, into bytes: UnsafeMutableRawBufferPointer, from file: Int32
  ) throws(MemoryProblem) -> Int {
    var place = 0
    for index in 0..<ranges.count {
      let range = unsafe ranges[index]
      let count = unsafe pread(
        file, bytes.baseAddress! + place, range.count, off_t(bitPattern: range.address))
      // /proc/PID/mem of a process that has ended reads as empty.
      if count == 0 { throw .gone }
      guard count == range.count else { return index }
      place += range.count
    }
    return ranges.count
  }
}

extension off_t {
  fileprivate init(bitPattern address: UInt64) {
    self = off_t(truncatingIfNeeded: Int64(bitPattern: address))
  }
}
