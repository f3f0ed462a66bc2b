// What a server of metrics counts from events: how long Gs were ready before they ran, and how often they were preempted.
//
// Gauges cannot tell either: a queue that is empty at every scrape may have kept each G waiting for a moment in between. The
// tally takes each event once and keeps sums, so its size does not depend on how many there are. A start of a G costs some
// nanoseconds: a search in a dozen bounds, and an addition.
//
// Beside some counts it keeps an exemplar: the last G that was counted there, preferably one that worked for a span with a
// label, such as a request. A label that a G got stays with it from P to P until it loses the label or ends. Where records are
// lost, the end of a label may be among them, so all labels are forgotten.
import Observed
import Region

/// Counts the events of one target since it was made. A plain value.
package struct EventTally: Sendable {
  /// The upper bounds of the histogram's buckets, in nanoseconds. One more bucket has no bound.
  package static let bounds: [UInt64] = [
    10_000, 100_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000, 100_000_000,
    250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000,
  ]
  /// The most Gs whose labels are kept.
  private static let mostLabels = 1 << 16
  /// The longest time that is counted, in ticks (some hours). Longer ones come from damage only, and count as this.
  private static let longest: UInt64 = 1 << 45

  /// A G that was counted, as an example of what a count stands for.
  package struct Exemplar: Sendable, Equatable {
    /// The G's id.
    package var g: UInt64
    /// The string id of the label of the span for which the G worked; 0: none.
    package var label: UInt32
    /// How long the G was ready, in nanoseconds; 1 for a preemption, which has no length.
    package var value: UInt64
    /// When it was counted, in nanoseconds of the monotonic clock.
    package var time: UInt64
  }

  /// How many starts of Gs fell into each bucket, by the time that the G was ready before. A bucket does not include
  /// the ones below it.
  package private(set) var counts = [UInt64](repeating: 0, count: bounds.count + 1)
  /// The last G in each bucket; nil: no G fell into the bucket.
  package private(set) var exemplars = [Exemplar?](repeating: nil, count: bounds.count + 1)
  /// How long all counted Gs were ready before their starts, together, in nanoseconds.
  package private(set) var sum: UInt64 = 0
  /// How often a G was preempted because its turn was over.
  package private(set) var preemptions: UInt64 = 0
  /// The G that was preempted last; nil: none was.
  package private(set) var preempted: Exemplar?

  private var clock = Clock(first: (0, 0), second: (0, 0))
  /// `bounds` in ticks.
  private var ticks = bounds
  private var labels: [UInt64: UInt32] = [:]
  /// The position of the record that is expected next in each lane, by the lane's number.
  private var next: [Int: UInt64] = [:]

  /// Where records are read into, kept for the next time.
  private var buffer: [Record] = []

  package init() {}

  /// Takes over the clock of an observation, which becomes more exact with time.
  package mutating func note(_ clock: Clock) {
    self.clock = clock
    // A damaged region may have any slope: then a bound is beyond all lengths.
    ticks = Self.bounds.map { UInt64(exactly: (Double($0) / clock.nanosecondsPerTick).rounded()) ?? .max }
  }

  /// Reads the new records of one lane, and adds them.
  package mutating func take(_ read: EventReading, on lane: Lane) {
    var records: [Record] = []
    swap(&records, &buffer)
    records.removeAll(keepingCapacity: true)
    let position = read(&records)
    take(records, at: position, on: lane)
    swap(&records, &buffer)
  }

  /// Adds records of one lane, oldest first, the first of which has `position` in it.
  package mutating func take(_ records: some Collection<Record>, at position: UInt64, on lane: Lane) {
    guard !records.isEmpty else { return }
    if let expected = next[lane.number], expected != position { labels.removeAll() }
    next[lane.number] = position &+ UInt64(records.count)
    var ready: UInt64 = 0
    for record in records {
      // Most records are of other kinds, so the raw numbers are compared, which needs no look at a table.
      let kind = UInt8(truncatingIfNeeded: record.what)
      if kind == EventKind.goStart.rawValue {
        ready &+= start(record)
      } else if kind == EventKind.goExit.rawValue {
        if !labels.isEmpty { labels[record.g] = nil }
      } else if kind == EventKind.goLabel.rawValue {
        label(record)
      } else if kind == EventKind.goPreempt.rawValue {
        preempt(record)
      }
    }
    sum &+= clock.nanoseconds(lasting: ready)
  }

  /// Counts a start, and returns how long the G was ready, in ticks.
  @inline(__always)
  private mutating func start(_ record: Record) -> UInt64 {
    let length = min(record.arg, Self.longest)
    var bucket = 0
    while bucket < ticks.count, length > ticks[bucket] { bucket += 1 }
    counts[bucket] &+= 1
    // Most starts fall into the two lowest buckets, where any start serves as exemplar. To save time, an exemplar there
    // is replaced only when it is a second old.
    if bucket > 1 || isOld(exemplars[bucket], at: record.time) {
      keep(record, clock.nanoseconds(lasting: length), in: &exemplars[bucket])
    }
    return length
  }

  private func isOld(_ exemplar: Exemplar?, at ticks: UInt64) -> Bool {
    guard let exemplar else { return true }
    return clock.nanoseconds(at: ticks) > exemplar.time &+ 1_000_000_000
  }

  private mutating func preempt(_ record: Record) {
    preemptions &+= 1
    keep(record, 1, in: &preempted)
  }

  /// Keeps a G as the exemplar, unless it has no label and the present exemplar has one and is less than a minute old.
  private func keep(_ record: Record, _ value: UInt64, in exemplar: inout Exemplar?) {
    let label = labels[record.g] ?? 0
    let time = clock.nanoseconds(at: record.time)
    if let old = exemplar, old.label != 0, label == 0, time < old.time &+ 60_000_000_000 { return }
    exemplar = Exemplar(g: record.g, label: label, value: value, time: time)
  }

  private mutating func label(_ record: Record) {
    if record.arg == 0 || record.count == 0 {
      labels[record.g] = nil
    } else if labels[record.g] != nil || labels.count < Self.mostLabels {
      labels[record.g] = record.count
    }
  }
}
