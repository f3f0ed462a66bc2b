// The time that the threads of the watched process waited for a CPU. The scheduler is not to blame for that
// part of a long wait.
//
// §1 The problem. The bound is a number of slices on Ps. A P makes progress only while its thread has a CPU. On a machine
// with fewer CPUs than Ps, or with other work, the thread has none for a part of the time. Linux tells for each thread, to
// the nanosecond, how long it was runnable without a CPU (the second number in /proc/PID/task/TID/schedstat).
//
// §2 The excuse. This part of a wait is excused, where d(t) is how long thread t lacked a CPU during the
// wait:
//
//     excuse = Σ d(sysmon, netpoll, gc)  +  max( Σ d(workers) ÷ Ps,  max d(worker) )  +  steal
//
// Σ d(workers) ÷ Ps is what each P lost when the loss is spread evenly. The kernel need not spread it: the G may lie in the
// queue of the one P whose thread has no CPU. So the largest loss of one worker counts, if that is more. What sysmon, netpoll
// and gc lack may delay every P. Steal is the time that the hypervisor took from all CPUs (/proc/stat).
//
// §3 Why that hides no fault. A G that the scheduler passes over waits while others *run*, and time in which a thread has a
// CPU is in no d. On a machine with as many CPUs as Ps and no other work, the excuse is some hundred microseconds. With n
// times as many busy Ps as CPUs it is (1 − 1/n) of the wait, so a starved G is found after about n times its bound: its wait
// grows, and its bound does not. A delay shorter than the excuse can hide beside other work. So the test that counts is an
// hour on a quiet machine.
//
// §4 Rounding. Samples are taken every 5 ms, and the excuse spans the samples around the wait. The kernel's number of a
// thread grows when the thread gets its CPU, not while it waits. WatchedThread adds long waits that still go on; short ones
// at the end are missing. A quarter of the excuse is added for these, 30 ms at most. That adds nothing where no CPU is
// lacking, and little beside a wait that grows without end.
import Glibc
import Inspector

struct Scarcity {
  private struct Sample {
    let time: UInt64
    let system: UInt64
    let workers: UInt64
    let stolen: UInt64
    /// How long each thread lacked a CPU so far, in the order of `threads`.
    let lacked: [UInt64]
  }

  private static let kept = 1 << 14
  private static let pause: UInt64 = 5_000_000
  private static let rounding: UInt64 = 30_000_000
  private static let pauseOfSearch: UInt64 = 50_000_000

  private let pid: Int32
  private let procs: Int
  private var threads: [WatchedThread] = []
  private var samples: [Sample] = []
  private var lastSearch: UInt64 = 0
  private var stolen: UInt64 = 0
  /// Whether the kernel tells how long threads wait for a CPU.
  private let isTold: Bool

  init(pid: Int32, procs: Int) {
    (self.pid, self.procs) = (pid, procs)
    isTold = smallText("/proc/\(pid)/task/\(pid)/schedstat").contains { $0 != "0" && $0.isNumber }
  }

  var summary: String {
    guard isTold, let first = samples.first, let last = samples.last else {
      return "the kernel does not tell how long threads wait for CPUs: waits are scaled by Ps ÷ CPUs"
    }
    let time = max(1, last.time - first.time)
    func share(_ lacked: UInt64) -> String { "\(lacked * 100 / time) %" }
    return "without a CPU: workers \(share(last.workers - first.workers)) of one's time together, "
      + "sysmon, netpoll and gc \(share(last.system - first.system)), stolen \(share(last.stolen - first.stolen))"
  }

  /// Takes a sample when the last one is 5 ms old.
  mutating func look(_ now: UInt64) {
    guard isTold, now - (samples.last?.time ?? 0) >= Self.pause else { return }
    if now - lastSearch >= Self.pauseOfSearch {
      lastSearch = now
      stolen = Self.stolen()
      findThreads()
    }
    var (system, workers) = (UInt64(0), UInt64(0))
    for index in threads.indices {
      threads[index].look(now)
      if threads[index].isWorker {
        workers += threads[index].lacked
      } else {
        system += threads[index].lacked
      }
    }
    if samples.count >= 2 * Self.kept { samples.removeFirst(Self.kept) }
    samples.append(
      Sample(
        time: now, system: system, workers: workers, stolen: stolen, lacked: threads.map(\.lacked)))
  }

  /// The part of a wait from `start` to `end` that is excused, in nanoseconds. See §2.
  func excuse(from start: UInt64, to end: UInt64) -> UInt64 {
    guard isTold else {
      let cpus = sysconf(Int32(_SC_NPROCESSORS_ONLN))
      return cpus >= procs ? 0 : (end - start) * UInt64(procs - cpus) / UInt64(procs)
    }
    guard let last = samples.last, let first = samples.first else { return 0 }
    let before = samples.last { $0.time <= start } ?? first
    let after = samples[samples.firstPlace { $0.time < end }..<samples.count].first ?? last
    var longest: UInt64 = 0
    for index in after.lacked.indices where threads[index].isWorker {
      let earlier = index < before.lacked.count ? before.lacked[index] : 0
      longest = max(longest, after.lacked[index] - earlier)
    }
    let workers = max((after.workers - before.workers) / UInt64(procs), longest)
    let excuse = after.system - before.system + workers + after.stolen - before.stolen
    return excuse + min(excuse / 4, Self.rounding)
  }

  private mutating func findThreads() {
    guard let folder = unsafe opendir("/proc/\(pid)/task") else { return }
    defer { unsafe closedir(folder) }
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
        unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard let tid = Int32(name), !threads.contains(where: { $0.tid == tid }) else { continue }
      guard let thread = WatchedThread(pid, tid) else { continue }
      threads.append(thread)
    }
  }

  /// The time that the hypervisor took from all CPUs together, in nanoseconds: the eighth number in the first
  /// line of /proc/stat, which is in hundredths of a second.
  private static func stolen() -> UInt64 {
    let line = smallText("/proc/stat").prefix { $0 != "\n" }.split(separator: " ")
    return line.count > 8 ? (UInt64(line[8]) ?? 0) * 10_000_000 : 0
  }

  func close() { for thread in threads { thread.close() } }
}
