// How long the operating system kept the target's threads waiting for a CPU. The scheduler's own numbers cannot show
// this: all Ps may be busy, and yet their Gs make no progress, because the Ps' threads stand in the kernel's run queue.
//
// The source is /proc/PID/task/TID/schedstat of every thread that is an M: nanoseconds on a CPU, and nanoseconds that
// the thread was ready and had no CPU. Both only grow while a thread lives. The waiting of a thread that ended between
// two looks is not known. The kernel adds a thread's present wait only when the thread gets its CPU.

/// How much CPU time the target's threads got over a stretch of time, and how long they waited for it.
public struct CPUPressure: Sendable, Equatable {
  /// The length of the stretch in nanoseconds; 0: the threads have not been looked at twice.
  public var window: UInt64 = 0
  /// The time that threads were on a CPU in the stretch, in nanoseconds, summed over all threads.
  public var ran: UInt64 = 0
  /// The time that threads were ready and had no CPU in the stretch, in nanoseconds, summed over all threads.
  public var waited: UInt64 = 0
  /// The number of threads that were looked at.
  public var threads = 0

  /// Makes a value in which nothing is known yet.
  public init() {}

  /// How much of the time in which threads were on a CPU or waited for one (`ran` plus `waited`) they waited, 0…1; nil:
  /// there was no such time, or nothing is known.
  public var share: Double? {
    ran == 0 && waited == 0 ? nil : Double(waited) / (Double(ran) + Double(waited))
  }
}

/// Looks repeatedly at how long threads ran and waited for a CPU. Not thread-safe.
package struct CPUPressureWatch {
  /// A look at the threads is dropped when it is older than this many nanoseconds.
  private static let reach: UInt64 = 10_000_000_000
  /// The least time between two looks at the threads, in nanoseconds.
  private static let interval: UInt64 = 500_000_000
  /// At most this many threads are looked at, because each costs three system calls.
  private static let most = 256

  private struct Look {
    var time: UInt64
    var ran: UInt64 = 0
    var waited: UInt64 = 0
  }

  /// The numbers in each thread's schedstat at the last look, by thread id.
  private var accounts: [Int32: (ran: UInt64, waited: UInt64)] = [:]
  /// One entry for each look: how much all threads together have run and waited since the first look.
  private var looks: [Look] = []
  private var threads = 0

  package init() {

  }

  /// Looks at the threads, unless the last look was less than `interval` ago.
  package mutating func look(_ places: ThreadPlaces, tids: [Int32], at now: UInt64 = monotonicNow()) {
    guard now >= (looks.last?.time ?? 0) &+ Self.interval else { return }
    let folders = places.folders(of: Array(tids.prefix(Self.most)), at: now)
    take(folders.compactMap { tid, folder in Self.read(folder).map { (tid, $0) } }, at: now)
  }

  /// Adds the numbers that each thread's schedstat has now.
  package mutating func take(_ found: [(tid: Int32, account: (ran: UInt64, waited: UInt64))], at now: UInt64)
  {
    var look = looks.last ?? Look(time: now)
    look.time = now
    for (tid, account) in found {
      // A thread that is new since the last look began after that look, so all that it waited counts. At the first
      // look it is not known how much of a thread's waiting is recent, so none counts.
      let before = accounts[tid] ?? (looks.isEmpty ? account : (0, 0))
      look.ran &+= account.ran.excess(over: before.ran)
      look.waited &+= account.waited.excess(over: before.waited)
    }
    accounts = Dictionary(found.map { ($0.tid, $0.account) }) { first, _ in first }
    threads = found.count
    looks.append(look)
    while looks.count > 2, now > looks[1].time &+ Self.reach { looks.removeFirst() }
  }

  /// How long the threads ran, and waited for a CPU, between the oldest and the newest reading that is kept; nil: the
  /// system does not tell.
  package var recent: CPUPressure? {
    guard threads > 0, let first = looks.first, let last = looks.last else { return nil }
    var result = CPUPressure()
    (result.window, result.threads) = (last.time - first.time, threads)
    (result.ran, result.waited) = (last.ran &- first.ran, last.waited &- first.waited)
    return result
  }

  /// The two numbers of a thread's schedstat, in nanoseconds; nil: they cannot be read.
  ///
  /// - Parameter folder: the thread's folder below /proc, with a slash at its end.
  package static func read(_ folder: String) -> (ran: UInt64, waited: UInt64)? {
    guard let bytes = smallFile(folder + "schedstat", limit: 128) else { return nil }
    let words = ProcBytes(bytes[...]).words
    guard words.count >= 2, let ran = ProcBytes.number(words[0]), let waited = ProcBytes.number(words[1])
    else { return nil }
    return (ran, waited)
  }
}
