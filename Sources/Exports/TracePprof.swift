// A profile of a Go trace for `go tool pprof`: where Gs waited, and how long.
import GoTrace

/// Reads a trace to its end, and makes a profile of it.
public struct TracePprof: ~Copyable, TraceCopy {
  /// How many stacks are in the profile, how many waits, and how long they are together, in nanoseconds.
  public private(set) var sum: (stacks: Int, waits: UInt64, time: Int64) = (0, 0, 0)
  /// What is damaged in the trace, as far as it was read.
  public var damage: TraceDamage { reader.damage }

  private var reader: TraceReader
  private var profile: TraceProfile
  private var isDone = false

  /// - Parameters:
  ///   - reader: gives the trace.
  ///   - countsFirstWait: whether the time from a G's creation to its first run counts as a wait; `go tool trace`
  ///     leaves it out.
  public init(_ reader: consuming TraceReader, _ kind: TraceProfile.Kind, countsFirstWait: Bool = false) {
    self.reader = reader
    profile = TraceProfile(kind, countsFirstWait: countsFirstWait)
  }

  /// The whole profile; nil: it was given already.
  ///
  /// - Throws: `TraceError` if the trace cannot be read further.
  public mutating func next() throws(TraceError) -> [UInt8]? {
    guard !isDone else { return nil }
    isDone = true
    var events: [TraceEvent] = []
    var (wall, span): (Int64?, (first: Int64, last: Int64)?) = (nil, nil)
    while try reader.next(into: &events) {
      profile.add(events, of: reader)
      guard let first = events.first, let last = events.last else { continue }
      if span == nil { wall = reader.clock?.wall(first.time) }
      span = (span?.first ?? first.time, last.time)
    }
    for sample in profile.sorted {
      sum = (sum.stacks + 1, sum.waits + sample.count, sum.time &+ sample.time)
    }
    return profile.pprof(
      time: wall.map { UInt64(clamping: $0) }, duration: span.map { UInt64(clamping: $0.last &- $0.first) })
  }
}
