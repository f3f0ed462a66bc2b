// Clocks, and the result lines `name/Pn value unit`.
//
// Everything is measured by two clocks: wall time, and the process's CPU time (user + system, all threads). Other work on a
// shared machine hardly changes the CPU time.
import Glibc
import MPG
import Synchronization

/// Prints result lines for one process, whose number of Ps is fixed once it runs.
enum Report {
  private static let procs = Atomic(0)

  /// Sets the number of Ps that the following lines name.
  static func setProcs(_ count: Int) { procs.store(count, ordering: .relaxed) }

  static var procCount: Int { procs.load(ordering: .relaxed) }

  static func line(_ name: String, _ value: Double, _ unit: String) {
    print("\(name)/P\(procCount) \(fixed(value)) \(unit)")
    fflush(nil)  // so that this line is not lost when a later measure crashes
  }

  /// Runs `body` and prints its wall and CPU time per operation.
  static func timed(_ name: String, operations: Int, _ body: () -> Void) {
    let cpu = Clock.cpu()
    let start = Clock.wall()
    body()
    let wall = Clock.wall() - start
    line(name, Double(wall) / Double(operations), "ns/op")
    line(name + ".cpu", Double(Clock.cpu() - cpu) / Double(operations), "ns/op")
  }

  /// Prints p50, p99 and the largest of `nanoseconds`, in microseconds.
  static func spread(_ name: String, _ nanoseconds: [Int64]) {
    let sorted = nanoseconds.sorted()
    guard let last = sorted.last else { return }
    line(name + ".p50", Double(sorted[sorted.count / 2]) / 1000, "us")
    line(name + ".p99", Double(sorted[sorted.count * 99 / 100]) / 1000, "us")
    line(name + ".max", Double(last) / 1000, "us")
  }

  /// `value` with two decimals, without Foundation.
  private static func fixed(_ value: Double) -> String {
    let hundredths = Int64((value.magnitude * 100).rounded())
    let cents = String(hundredths % 100)
    return (value < 0 ? "-" : "") + "\(hundredths / 100).\(cents.count < 2 ? "0" : "")\(cents)"
  }
}

enum Clock {
  /// Monotonic time in nanoseconds.
  static func wall() -> Int64 { read(CLOCK_MONOTONIC) }

  /// CPU time of the whole process, user and system, in nanoseconds.
  static func cpu() -> Int64 { read(CLOCK_PROCESS_CPUTIME_ID) }

  private static func read(_ id: clockid_t) -> Int64 {
    var now = timespec()
    unsafe clock_gettime(id, &now)
    return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
  }
}
