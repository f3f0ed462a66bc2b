// How long the system kept the target's threads waiting for a CPU: what pressure of the scheduler's own cannot show. All
// Ps may be busy running Gs while their threads stand in the kernel's queue, and the Gs that they run do not move.
//
// From /proc/PID/task/TID/schedstat, of all threads that are Ms: nanoseconds on a CPU, and nanoseconds ready and without
// one. Both only grow while a thread lives. What a thread waited that ended between two looks is not known, and what one
// waits that has not got its CPU yet comes in when it does.

/// What the target's threads wanted of the CPUs over a stretch, and did not get.
public struct CPUPressure: Sendable, Equatable {
  /// How long was looked at, in nanoseconds; 0: not looked at twice yet.
  public var window: UInt64 = 0
  /// Nanoseconds that threads were on a CPU in it, and that they were ready and had none; all of them together.
  public var ran: UInt64 = 0
  public var waited: UInt64 = 0
  /// Threads that were looked at.
  public var threads = 0

  public init() {}

  /// Of the time for which its threads were ready, the share for which they waited for a CPU, 0…1; nil: none was ready, or
  /// nothing is known.
  public var share: Double? {
    ran == 0 && waited == 0 ? nil : Double(waited) / (Double(ran) + Double(waited))
  }
}

/// Looks at the threads again and again.
package struct CPUPressureWatch {
  /// How far back looks count, in nanoseconds, and the time between two.
  private static let reach: UInt64 = 10_000_000_000
  private static let interval: UInt64 = 500_000_000
  /// Threads that are looked at, at most: each costs three system calls.
  private static let most = 256

  private struct Look {
    var time: UInt64
    var ran: UInt64 = 0
    var waited: UInt64 = 0
  }

  /// What each thread's account said last.
  private var accounts: [Int32: (ran: UInt64, waited: UInt64)] = [:]
  /// Sums of what has been added to the accounts since the first look.
  private var looks: [Look] = []
  private var threads = 0

  package init() {

  }

  /// Looks, if it is time to.
  package mutating func look(_ places: ThreadPlaces, tids: [Int32], at now: UInt64 = monotonicNow()) {
    guard now >= (looks.last?.time ?? 0) &+ Self.interval else { return }
    let folders = places.folders(of: Array(tids.prefix(Self.most)), at: now)
    take(folders.compactMap { tid, folder in Self.read(folder).map { (tid, $0) } }, at: now)
  }

  /// Takes in what the accounts say now.
  package mutating func take(_ found: [(tid: Int32, account: (ran: UInt64, waited: UInt64))], at now: UInt64)
  {
    var look = looks.last ?? Look(time: now)
    look.time = now
    for (tid, account) in found {
      // A thread that is new since the last look has waited since then; at the first look nobody knows since when.
      let before = accounts[tid] ?? (looks.isEmpty ? account : (0, 0))
      look.ran &+= account.ran.excess(over: before.ran)
      look.waited &+= account.waited.excess(over: before.waited)
    }
    accounts = Dictionary(found.map { ($0.tid, $0.account) }) { first, _ in first }
    threads = found.count
    looks.append(look)
    while looks.count > 2, now > looks[1].time &+ Self.reach { looks.removeFirst() }
  }

  /// What came of the looks; nil: the system does not say.
  package var recent: CPUPressure? {
    guard threads > 0, let first = looks.first, let last = looks.last else { return nil }
    var result = CPUPressure()
    (result.window, result.threads) = (last.time - first.time, threads)
    (result.ran, result.waited) = (last.ran &- first.ran, last.waited &- first.waited)
    return result
  }

  /// - Parameter folder: of the thread, below /proc.
  package static func read(_ folder: String) -> (ran: UInt64, waited: UInt64)? {
    guard let bytes = smallFile(folder + "schedstat", limit: 128) else { return nil }
    let words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
    guard words.count >= 2, let ran = UInt64(words[0]), let waited = UInt64(words[1]) else { return nil }
    return (ran, waited)
  }
}
