// What the generator itself used and lacked. Without that nobody could tell a slow server from a slow generator.

import Glibc
import MPG

/// CPU time of this process, and how long its threads waited for a CPU.
struct Effort: Equatable {
  /// Ps of the runtime.
  let procs: Int
  /// Nanoseconds on a CPU; in a difference, per nanosecond: how many CPUs.
  let cpus: Double
  /// The same for threads that could have run and had no CPU; nil: the system does not tell.
  let waiting: Double?

  /// What `body` cost. From a G.
  static func of(_ body: () -> Void) -> Effort {
    let (before, start) = (now(), monotonicNow())
    body()
    let end = monotonicNow()
    return now().since(before, over: end - start)
  }

  /// Since the process began.
  private static func now() -> Effort {
    var usage = rusage()
    unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let used = [usage.ru_utime, usage.ru_stime].map { Double($0.tv_sec) * 1e9 + Double($0.tv_usec) * 1e3 }
    let waited = blocking { waitedForCPU() }
    return Effort(procs: MPG.statistics().procs, cpus: used.reduce(0, +), waiting: waited)
  }

  /// The mean over a time in nanoseconds that began with `before` and ends now.
  private func since(_ before: Effort, over time: UInt64) -> Effort {
    let time = Double(max(1, time))
    let waited = before.waiting.flatMap { before in waiting.map { max(0, $0 - before) / time } }
    return Effort(procs: procs, cpus: (cpus - before.cpus) / time, waiting: waited)
  }

  /// The sum over the threads of this process of the second number in schedstat, which counts nanoseconds in a run queue of
  /// the system's.
  private static func waitedForCPU() -> Double? {
    guard let folder = unsafe opendir("/proc/self/task") else { return nil }
    defer { unsafe closedir(folder) }
    var sum: Double?
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) {
        unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard Int(name) != nil, let text = firstBytes(of: "/proc/self/task/\(name)/schedstat") else { continue }
      let fields = text.split(separator: " ")
      if fields.count > 1, let waited = Double(fields[1]) { sum = (sum ?? 0) + waited }
    }
    return sum
  }

  private static func firstBytes(of path: String) -> String? {
    let fd = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { return nil }
    defer { close(fd) }
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = unsafe read(fd, &bytes, bytes.count)
    return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
  }
}
