// The operating system's view of a target's threads: /proc/PID/task/TID. Of a live target only.
internal import Glibc

/// One thread, as the system sees it.
public struct OSThread: Sendable, Equatable {
  /// The letter of its state: R runs or may, S sleeps, D cannot be disturbed, T is stopped.
  public var state: Character = "?"
  /// Nanoseconds on a core since it began, and for which it could have run and had none.
  public var cpuTime: UInt64 = 0
  public var waitTime: UInt64 = 0
  /// Times that it gave its core up, and that it was taken from it.
  public var voluntary: UInt64 = 0
  public var involuntary: UInt64 = 0
  /// Share of a core, and of waiting for one, over the last second or so; nil: not known yet.
  public var use: Double?
  public var stall: Double?
  public init() {}
}

/// Looks at threads again and again.
package struct ThreadWatch {
  /// Nanoseconds over which shares are taken, at least.
  private static let window: UInt64 = 1_000_000_000
  /// Threads that are looked at, at most: each costs three small files.
  private static let most = 1024

  private struct Mark {
    var time: UInt64
    var cpu: UInt64
    var wait: UInt64
  }

  /// What shares are counted from, and what they will be counted from next.
  private var marks: [Int32: (base: Mark, next: Mark)] = [:]

  package init() {

  }

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

  /// - Parameter folder: of the thread, below /proc.
  package static func read(_ folder: String) -> OSThread? {
    guard let stat = smallFile(folder + "stat", limit: 1024),
      let state = ProcessIdentity.parse(stat: stat)?.state
    else { return nil }
    var thread = OSThread()
    thread.state = state
    let times = words(folder + "schedstat")
    if times.count >= 2 {
      (thread.cpuTime, thread.waitTime) = (UInt64(times[0]) ?? 0, UInt64(times[1]) ?? 0)
    }
    let status = words(folder + "status")
    func number(after name: Substring) -> UInt64 {
      guard let place = status.firstIndex(of: name), place + 1 < status.count else { return 0 }
      return UInt64(status[place + 1]) ?? 0
    }
    thread.voluntary = number(after: "voluntary_ctxt_switches:")
    thread.involuntary = number(after: "nonvoluntary_ctxt_switches:")
    return thread
  }

  private static func words(_ path: String) -> [Substring] {
    let text = String(decoding: smallFile(path) ?? [], as: UTF8.self)
    return text.split(whereSeparator: \.isWhitespace)
  }
}
