// Swift wrappers of system calls. EINTR is retried here and nowhere else.
import CMPG
import Glibc

enum SystemCall {
  /// Runs `body` again while it is interrupted. Returns its result, or throws its errno.
  static func retrying(_ call: String, _ body: () -> Int32) throws(SystemError) -> Int32 {
    while true {
      let result = body()
      if result >= 0 { return result }
      let code = errno
      if code != EINTR { throw SystemError(call: call, errno: code) }
    }
  }

  /// Returns the result of one of CMPG's calls, or throws its errno; these calls return −errno when they fail.
  static func check(_ call: @autoclosure () -> String, _ result: Int32) throws(SystemError) -> Int32 {
    if result < 0 { throw SystemError(call: call(), errno: -result) }
    return result
  }

  /// The contents of a small file, as text; nil when it cannot be read.
  static func contents(of path: String) -> String? {
    let fd = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { return nil }
    defer { close(fd) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while bytes.count < 1 << 20 {
      let count = unsafe read(fd, &buffer, buffer.count)
      guard count >= 0 else { return nil }
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// When a process started, in clock ticks since the machine booted: field 22 of its stat; 0: there is no such
  /// process.
  static func processStartTime(_ pid: String = "self") -> UInt64 {
    // The second field, the name, may hold blanks and parentheses, so count from its end.
    guard let stat = contents(of: "/proc/\(pid)/stat"), let end = stat.lastIndex(of: ")") else { return 0 }
    let fields = stat[stat.index(after: end)...].split(separator: " ")
    return fields.count > 19 ? UInt64(fields[19]) ?? 0 : 0
  }

  /// Whether the process that had this pid and start time is certainly gone. It is false if the system cannot
  /// be asked, for want of descriptors.
  static func isGone(_ pid: String, startTime: UInt64) -> Bool {
    do throws(SystemError) {
      close(
        try retrying("open of its stat") { unsafe open("/proc/\(pid)/stat", O_RDONLY | O_CLOEXEC) })
    } catch {
      return error.errno == ENOENT || error.errno == ESRCH
    }
    let found = processStartTime(pid)
    return found != 0 && found != startTime
  }

  /// The file name of this process's executable.
  static func executableName() -> String {
    var buffer = [CChar](repeating: 0, count: 4097)
    let count = unsafe readlink("/proc/self/exe", &buffer, 4096)
    guard count > 0 else { return "?" }
    let path = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return path.split(separator: "/").last.map(String.init) ?? path
  }

  /// MADV_NOHUGEPAGE. On an old kernel without huge pages the call fails, which does no harm.
  static let noHugePages: Int32 = 15

  /// How many of the bytes from `low` on are in memory, counted in whole pages.
  static func residentBytes(_ low: UnsafeMutableRawPointer, _ bytes: Int) -> Int {
    let (page, batch) = (pageBytes, 1024)
    return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1024) { pages in
      var resident = 0
      for start in stride(from: 0, to: bytes, by: batch * page) {
        let count = min(batch, (bytes - start) / page)
        guard unsafe mincore(low + start, count * page, pages.baseAddress) == 0 else { continue }
        for index in 0..<count where unsafe pages[index] & 1 != 0 { resident += page }
      }
      return resident
    }
  }

  /// The size of a page in bytes, a power of two.
  static var pageBytes: Int { mpg_page_size() }

  /// Zeroed memory for `count` elements, committed on touch.
  static func table<Element>(
    of _: Element.Type, _ count: Int
  ) throws(SystemError) -> UnsafeMutablePointer<Element> {
    unsafe try reserve(count * MemoryLayout<Element>.stride).bindMemory(to: Element.self, capacity: count)
  }

  /// Memory without a file behind it: reserved now, committed on touch, never in huge pages.
  static func reserve(_ bytes: Int) throws(SystemError) -> UnsafeMutableRawPointer {
    var error: Int32 = 0
    guard let memory = unsafe mpg_reserve(bytes, &error) else {
      throw SystemError(call: "mmap of \(bytes) bytes", errno: error)
    }
    return unsafe memory
  }
}
