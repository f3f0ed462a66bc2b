// The census: Gs counted by the place where they were spawned, and the Gs that have waited longest.
//
// The census is taken from tables of Gs: from each table that a live viewer reads (as often as a hundredth of a
// core allows), and from the tables in a history. Earlier counts, taken two seconds apart or more and kept for
// a minute, say how fast the Gs of a site become more. All lists are short: a program has few sites, but a
// damaged table may name any number.
import Observed
import Region

/// The Gs that one place of the program spawned.
public struct Site: Sendable, Equatable {
  /// The place in the program, as `function at File.swift:31`; nil: not known.
  public var entry: String?
  /// How many Gs the site has.
  public var count = 0
  /// The growth of the site in Gs per second, over the time that it was watched. 0 if it was seen only once.
  public var growth = 0.0
  /// How long the site has not shrunk up to now, in nanoseconds.
  public var growingFor: UInt64 = 0
  /// The number of Gs by which the site grew in the time `growingFor`.
  public var grownBy = 0
  /// The site's G that has been in its present state for longest; nil: not known.
  public var oldest: UInt64?
  /// The moment from which on the site's oldest G has been in its state, in nanoseconds of the machine's
  /// monotonic clock; nil: not known.
  public var oldestSince: UInt64?
}

/// A G that waits for a P, or for a reason.
public struct Waiter: Sendable, Equatable {
  /// The id of the G.
  public var g: UInt64
  /// Runnable or preempted if the G waits for a P, otherwise waiting.
  public var state: GState
  /// The reason for which the G waits.
  public var reason: WaitReason
  /// The moment from which on the G waits, in nanoseconds of the machine's monotonic clock.
  public var since: UInt64
  /// The place where the G was spawned; nil: not known.
  public var entry: String?
}

/// Gs counted by the place where they were spawned, and the Gs that have waited longest.
public struct Census: Sendable, Equatable {
  /// The moment at which the table of Gs was read, in nanoseconds of the machine's monotonic clock; 0: never.
  public var time: UInt64 = 0
  /// How many Gs the table had.
  public var listed = 0
  /// Whether the table had all Gs.
  public var isComplete = false
  /// The sites with the most Gs, largest first: at most `mostSites`.
  public var sites: [Site] = []
  /// The Gs that have waited longest, oldest first: at most `mostWaiters` for each reason, and as many that
  /// wait for a P.
  public var waiters: [Waiter] = []
  /// The place where a G was spawned, by the G's id. Has at most `mostEntries` Gs, and only those that ran,
  /// were preempted, were in system calls or were ready.
  package var entries: [UInt64: String] = [:]

  static let mostSites = 64
  static let mostWaiters = 5
  static let mostEntries = 256

  /// A census that was never taken.
  public init() {}

  /// The G that has waited longest for a P; nil: none waits for one.
  public var oldestRunnable: Waiter? { waiters.first { $0.state != .waiting } }
}

/// Takes one census after another.
package struct CensusTaker {
  /// The least time between two samples of the counts, in nanoseconds.
  package static let interval: UInt64 = 2_000_000_000
  /// The time that samples go back, in nanoseconds.
  private static let reach: UInt64 = 60_000_000_000

  private struct Sample {
    let time: UInt64
    let counts: [UInt64: Int]
  }

  package private(set) var latest = Census()
  private var samples: [Sample] = []

  package init(latest: Census = Census()) {
    self.latest = latest
  }

  /// Takes a census from a table that was read at `time`, in nanoseconds. Times must not go back.
  package mutating func take(
    _ rows: some Collection<GoroutineRow>, at time: UInt64, _ clock: Clock, _ names: StringBook,
    isComplete: Bool
  ) {
    var sites: [UInt64: (count: Int, oldest: GoroutineRow?)] = [:]
    var oldest: [UInt64: [GoroutineRow]] = [:]
    for row in rows {
      var site = sites[row.entry] ?? (0, nil)
      site.count += 1
      if row.since != 0, row.since < site.oldest?.since ?? .max { site.oldest = row }
      sites[row.entry] = site
      if let group = row.waitGroup { keep(row, in: &oldest[group, default: []]) }
    }
    let ranked = sites.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }.prefix(Census.mostSites)
    let counts = Dictionary(uniqueKeysWithValues: ranked.map { ($0.key, $0.value.count) })
    samples.removeAll { $0.time > time || time - $0.time > Self.reach }
    var census = Census()
    (census.time, census.listed, census.isComplete) = (time, rows.count, isComplete)
    census.sites = ranked.map { id, site in
      var result = trend(of: id, now: site.count, at: time)
      result.entry = names.string(id)
      result.oldest = site.oldest?.id
      result.oldestSince = site.oldest.map { clock.nanoseconds(at: $0.since) }
      return result
    }
    census.waiters = oldest.values.flatMap { $0 }.sorted { ($0.since, $0.id) < ($1.since, $1.id) }.map {
      row in
      Waiter(
        g: row.id, state: row.state, reason: row.reason, since: clock.nanoseconds(at: row.since),
        entry: names.string(row.entry))
    }
    census.entries = entries(rows, names)
    latest = census
    if samples.last.map({ time - $0.time >= Self.interval }) ?? true {
      samples.append(Sample(time: time, counts: counts))
    }
  }

  /// The places where some Gs were spawned: first those that run, were preempted or are in system calls, then
  /// those that are ready.
  private func entries(_ rows: some Collection<GoroutineRow>, _ names: StringBook) -> [UInt64: String] {
    var (running, ready) = ([GoroutineRow](), [GoroutineRow]())
    for row in rows {
      switch row.state {
      case .running, .preempted, .syscall:
        if running.count < Census.mostEntries { running.append(row) }
      case .runnable:
        if ready.count < Census.mostEntries { ready.append(row) }
      default: break
      }
    }
    var entries: [UInt64: String] = [:]
    for row in (running + ready).prefix(Census.mostEntries) { entries[row.id] = names.string(row.entry) }
    return entries
  }

  /// Adds a row to a list of the oldest few, if it belongs there.
  private func keep(_ row: GoroutineRow, in list: inout [GoroutineRow]) {
    guard list.count < Census.mostWaiters || row.since < list[list.count - 1].since else { return }
    let place = list.firstIndex { $0.since > row.since } ?? list.count
    list.insert(row, at: place)
    if list.count > Census.mostWaiters { list.removeLast() }
  }

  private func trend(of id: UInt64, now count: Int, at time: UInt64) -> Site {
    var site = Site(count: count)
    guard let first = samples.first, time > first.time else { return site }
    site.growth = Double(count - (first.counts[id] ?? 0)) * 1e9 / Double(time - first.time)
    var later = count
    for sample in samples.reversed() {
      let then = sample.counts[id] ?? 0
      if then == 0 || then > later { break }
      (later, site.growingFor, site.grownBy) = (then, time - sample.time, count - then)
    }
    return site
  }
}

extension GoroutineRow {
  /// The number of the list to which the row belongs: 0 for Gs that wait for a P, and one list for each wait reason.
  /// nil: the G does not wait, or it is not known since when.
  fileprivate var waitGroup: UInt64? {
    guard since != 0 else { return nil }
    switch state {
    case .waiting: return UInt64(reason.rawValue) + 1
    case .runnable, .preempted: return 0
    default: return nil
    }
  }
}
