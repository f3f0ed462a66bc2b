// How long the threads of the process that is watched waited for a CPU: what a late wait is not the scheduler's fault
// for.
//
// §1 The problem. The bound speaks of slices of Ps. A P moves while its thread has a CPU, and on a machine with fewer
// CPUs than Ps, or with other work, it has none for a part of the time. Linux tells, to the nanosecond and for each
// thread by itself, how long it was runnable without a CPU (the second number of /proc/PID/task/TID/schedstat).
//
// §2 What is excused. For a wait that went on from s to e, with d(t) what thread t lacked meanwhile:
//
//     excuse = Σ d(sysmon, netpoll, gc)  +  max( Σ d(workers) ÷ Ps,  max d(worker) )  +  steal
//
// The Ps gave Ps × (e − s) − Σ d(workers) of their time; spread over the Ps, that is what the first of the two says. A
// kernel need not spread it: the G may lie in the queue of the one P whose thread stands still, hence the second. What
// sysmon and netpoll lack delays every P. Steal is what the hypervisor took from all CPUs (/proc/stat).
//
// §3 Why that hides no fault. A G that the scheduler passes over waits while others *run*: time in which a thread has a
// CPU is in no d. On a machine whose CPUs are as many as the Ps and idle else, the excuse is some hundred microseconds. With
// n times as many busy Ps as CPUs it is (1 − 1/n) of a wait: a starved G is found when it has waited n times its bound or so,
// and since the wait of a starved G grows and its bound does not, it is found. What can hide is a delay of less than the
// excuse beside other work; so what counts is an hour on a quiet machine.
//
// §4 Rounding. The numbers are taken every 5 ms, and the excuse spans the samples around the wait. A thread's number
// grows when it gets its CPU, not while it waits; WatchedThread knows of long ones, the short last ones are missing. A
// quarter is added for that, 30 ms at most: nothing where nothing is lacking, and nothing beside a wait that goes on.
import Glibc
import Inspector

struct Scarcity {
  private struct Sample {
    let time: UInt64
    let system: UInt64
    let workers: UInt64
    let stolen: UInt64
    /// By thread, in the order in which they were found.
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
  /// What the machine told when it was first asked; nil: it does not tell.
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

  /// Takes a sample when it is time to.
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

  /// See §2.
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

  /// Nanoseconds that the hypervisor took from the CPUs together: the eighth number of the first line, in hundredths of a
  /// second.
  private static func stolen() -> UInt64 {
    let line = smallText("/proc/stat").prefix { $0 != "\n" }.split(separator: " ")
    return line.count > 8 ? (UInt64(line[8]) ?? 0) * 10_000_000 : 0
  }

  func close() { for thread in threads { thread.close() } }
}
