// The census: Gs counted by where they were spawned, and those that have waited longest.
//
// It is taken from tables of Gs: from each that a live viewer reads (it reads them as often as a hundredth of a core
// allows), and from those that lie in history. Earlier counts, one every other second or more for a minute, say how
// fast a site's Gs become more. All lists are short: a program has few sites, but a damaged table may have any.
import Observed
import Region

/// Gs that one place of the program spawned.
public struct Site: Sendable, Equatable {
  /// `function at File.swift:31`; nil: not known.
  public var entry: String?
  public var count = 0
  /// Gs more a second, over the time that it was watched; 0 after one look.
  public var growth = 0.0
  /// Over so many nanoseconds it never became smaller, and became larger by so many.
  public var growingFor: UInt64 = 0
  public var grownBy = 0
  /// The G of it that has been in its state for longest, and since when.
  public var oldest: UInt64?
  public var oldestSince: UInt64?
}

/// A G that waits: to be run, or for a reason.
public struct Waiter: Sendable, Equatable {
  public var g: UInt64
  public var state: GState
  public var reason: WaitReason
  /// Since when, in nanoseconds.
  public var since: UInt64
  public var entry: String?
}

public struct Census: Sendable, Equatable {
  /// When the table was read, in nanoseconds; 0: never.
  public var time: UInt64 = 0
  /// Gs that were listed, and whether that was all.
  public var listed = 0
  public var isComplete = false
  /// Sites, those of most Gs first, `mostSites` at most.
  public var sites: [Site] = []
  /// The oldest waiters of each reason, and the oldest that wait to be run, oldest first: `mostWaiters` of each.
  public var waiters: [Waiter] = []
  /// Where those were spawned that ran, were stopped or were ready, some of them.
  package var entries: [UInt64: String] = [:]

  static let mostSites = 64
  static let mostWaiters = 5
  static let mostEntries = 256

  public init() {}

  /// The longest that has waited to be run; nil: none does.
  public var oldestRunnable: Waiter? { waiters.first { $0.state != .waiting } }
}

/// Takes one census after the other.
package struct CensusTaker {
  /// Between samples of the counts, and how far back they go, in nanoseconds.
  package static let interval: UInt64 = 2_000_000_000
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

  /// A table that was read at `time`, in nanoseconds. Times go up.
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

  /// Where those were spawned that run, were preempted, are in calls, and are ready: some of them, in this order.
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

  /// Keeps the oldest few.
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
  /// Which list of waiters it belongs to; nil: none.
  fileprivate var waitGroup: UInt64? {
    guard since != 0 else { return nil }
    switch state {
    case .waiting: return UInt64(reason.rawValue) + 1
    case .runnable, .preempted: return 0
    default: return nil
    }
  }
}
