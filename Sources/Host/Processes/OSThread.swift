// The operating system's view of a target's threads, from /proc/PID/task/TID. Only a live target has it.
internal import Glibc

/// One thread, as the operating system sees it.
public struct OSThread: Sendable, Equatable {
  /// The letter of the thread's state: R runs or is ready to run, S sleeps, D sleeps and cannot be interrupted, T is
  /// stopped.
  public var state: Character = "?"
  /// The time that the thread was on a CPU since it began, in nanoseconds.
  public var cpuTime: UInt64 = 0
  /// The time that the thread was ready and had no CPU since it began, in nanoseconds.
  public var waitTime: UInt64 = 0
  /// How often the thread gave up its CPU by itself, since it began.
  public var voluntary: UInt64 = 0
  /// How often the kernel took the CPU from the thread, since it began.
  public var involuntary: UInt64 = 0
  /// The share of the last second or so that the thread was on a CPU, 0…1; nil: not known yet.
  public var use: Double?
  /// The share of the last second or so that the thread waited for a CPU, 0…1; nil: not known yet.
  public var stall: Double?
  /// Makes a thread of which nothing is known.
  public init() {}
}

/// Looks at threads repeatedly, to compute shares of time. Not thread-safe.
package struct ThreadWatch {
  /// Shares are taken over at least this many nanoseconds.
  private static let window: UInt64 = 1_000_000_000
  /// At most this many threads are looked at, because each costs reading three small files.
  private static let most = 1024

  private struct Mark {
    var time: UInt64
    var cpu: UInt64
    var wait: UInt64
  }

  /// Two earlier looks at each thread: shares are counted from `base` until `next` is old enough to take its place.
  private var marks: [Int32: (base: Mark, next: Mark)] = [:]

  package init() {

  }

  /// Looks at the threads with these numbers of the target's own pid namespace. A thread that cannot be read is
  /// missing.
  package mutating func look(_ places: ThreadPlaces, tids: [Int32]) -> [Int32: OSThread] {
    var result: [Int32: OSThread] = [:]
    let now = monotonicNow()
    for (tid, folder) in places.folders(of: Array(tids.prefix(Self.most)), at: now) {
      guard var thread = Self.read(folder) else { continue }
      let mark = Mark(time: now, cpu: thread.cpuTime, wait: thread.waitTime)
      var pair = marks[tid] ?? (mark, mark)
      if now - pair.next.time >= Self.window { pair = (pair.next, mark) }
      marks[tid] = pair
      if now > pair.base.time, thread.cpuTime >= pair.base.cpu, thread.waitTime >= pair.base.wait {
        let elapsed = Double(now - pair.base.time)
        thread.use = min(1, Double(thread.cpuTime - pair.base.cpu) / elapsed)
        thread.stall = min(1, Double(thread.waitTime - pair.base.wait) / elapsed)
      }
      result[tid] = thread
    }
    marks = marks.filter { result[$0.key] != nil }
    return result
  }

  /// The facts that /proc tells of one thread, without shares; nil: the thread has ended, or may not be read.
  ///
  /// - Parameter folder: the thread's folder below /proc, with a slash at its end.
  package static func read(_ folder: String) -> OSThread? {
    guard let stat = smallFile(folder + "stat", limit: 1024),
      let state = ProcessIdentity.parse(stat: stat)?.state
    else { return nil }
    var thread = OSThread()
    thread.state = state
    let times = ProcBytes((smallFile(folder + "schedstat", limit: 128) ?? [])[...]).words
    if times.count >= 2 {
      (thread.cpuTime, thread.waitTime) = (ProcBytes.number(times[0]) ?? 0, ProcBytes.number(times[1]) ?? 0)
    }
    let status = ProcBytes((smallFile(folder + "status") ?? [])[...])
    thread.voluntary = status.number(after: "voluntary_ctxt_switches:") ?? 0
    thread.involuntary = status.number(after: "nonvoluntary_ctxt_switches:") ?? 0
    return thread
  }
}
