// One thread of the watched process: how long it has been runnable without a CPU.
import Glibc

/// Reads the numbers of one thread in `/proc/PID/task/TID`.
///
/// The kernel adds a wait for a CPU to its number only when the wait is over. At a load average of thirty, a wait
/// may take a tenth of a second, and a part of it may have to be excused before it is over. So when a thread is found
/// runnable, and its numbers have not changed since an earlier look, it has been waiting since that look. This counts
/// only after 25 ms, because the kernel may update the running time in steps of 10 ms.
struct WatchedThread {
  private static let believed: UInt64 = 25_000_000

  let tid: Int32
  /// Whether the thread runs Gs: every thread does, except those of sysmon, netpoll and gc.
  let isWorker: Bool
  /// How long the thread was ready and had no CPU so far, in nanoseconds. Never decreases; stays as it is after the
  /// thread has ended.
  private(set) var lacked: UInt64 = 0
  private let numbers: Int32
  private let status: Int32
  private var seen: (ran: UInt64, lacked: UInt64) = (0, 0)
  /// The moment at which the thread was first found runnable with the numbers in `seen`; nil: it was not.
  private var waitsSince: UInt64?

  /// Opens the thread's files in /proc; nil: the thread has ended.
  init?(_ pid: Int32, _ tid: Int32) {
    let folder = "/proc/\(pid)/task/\(tid)"
    self.tid = tid
    numbers = unsafe open(folder + "/schedstat", O_RDONLY | O_CLOEXEC)
    status = unsafe open(folder + "/stat", O_RDONLY | O_CLOEXEC)
    let role = smallText(folder + "/comm")
    isWorker = !["mpg-sysmon", "mpg-netpoll", "mpg-gc"].contains { role.hasPrefix($0) }
    guard numbers >= 0, status >= 0 else {
      close()
      return nil
    }
  }

  mutating func look(_ now: UInt64) {
    guard let found = readNumbers() else { return }
    if found != seen || !isRunnable {
      (seen, waitsSince) = (found, nil)
    } else if waitsSince == nil {
      waitsSince = now
    }
    let going = waitsSince.map { now - $0 } ?? 0
    lacked = max(lacked, found.lacked + (going > Self.believed ? going : 0))
  }

  func close() {
    if numbers >= 0 { _ = Glibc.close(numbers) }
    if status >= 0 { _ = Glibc.close(status) }
  }

  /// The first two numbers of schedstat: time on a CPU, and time runnable without a CPU.
  private func readNumbers() -> (ran: UInt64, lacked: UInt64)? {
    var fields: [UInt64] = []
    var number: UInt64 = 0
    for byte in read(numbers) {
      if byte >= 48, byte < 58 {
        number = number &* 10 &+ UInt64(byte - 48)
      } else {
        fields.append(number)
        number = 0
      }
    }
    return fields.count < 2 ? nil : (fields[0], fields[1])
  }

  /// Whether the thread is on a CPU or waits for one. The letter of its state stands behind its name, which is in brackets.
  private var isRunnable: Bool {
    let text = read(status)
    guard let end = text.lastIndex(of: UInt8(ascii: ")")), end + 2 < text.count else { return false }
    return text[end + 2] == UInt8(ascii: "R")
  }

  private func read(_ file: Int32) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = unsafe pread(file, &bytes, bytes.count, 0)
    return Array(bytes.prefix(max(0, count)))
  }
}

/// The beginning of a small file; "" when it cannot be read.
func smallText(_ path: String) -> String {
  let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { return "" }
  defer { close(file) }
  var bytes = [UInt8](repeating: 0, count: 512)
  let count = unsafe read(file, &bytes, bytes.count)
  return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
}
