// The CPU time that the generator itself used and lacked. Without these numbers a slow server could not be told from a slow
// generator.

import Glibc
import MPG

/// CPU time of this process, and how long its threads waited for a CPU.
struct Effort: Equatable {
  /// The number of Ps of the runtime.
  let procs: Int
  /// The number of CPUs that the process used on average. In a value of `now`, which is a reading at one moment: the
  /// CPU time of the process so far, in nanoseconds.
  let cpus: Double
  /// The number of threads that could have run and had no CPU, on average. In a value of `now`: the sum of their waits
  /// so far, in nanoseconds. nil: the system does not tell.
  let waiting: Double?

  /// The effort during `body`. Must be called from a G.
  static func of(_ body: () -> Void) -> Effort {
    let (before, start) = (now(), monotonicNow())
    body()
    let end = monotonicNow()
    return now().since(before, over: end - start)
  }

  /// A reading: the sums since the process began.
  private static func now() -> Effort {
    var usage = rusage()
    unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let used = [usage.ru_utime, usage.ru_stime].map { Double($0.tv_sec) * 1e9 + Double($0.tv_usec) * 1e3 }
    let waited = blocking { waitedForCPU() }
    return Effort(procs: MPG.statistics().procs, cpus: used.reduce(0, +), waiting: waited)
  }

  /// The means over `time` nanoseconds, between the reading `before` and this one.
  private func since(_ before: Effort, over time: UInt64) -> Effort {
    let time = Double(max(1, time))
    let waited = before.waiting.flatMap { before in waiting.map { max(0, $0 - before) / time } }
    return Effort(procs: procs, cpus: (cpus - before.cpus) / time, waiting: waited)
  }

  /// The time for which threads of this process waited in a run queue of the kernel, in nanoseconds: the sum of the second
  /// number in each thread's schedstat. nil: the system does not tell.
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
