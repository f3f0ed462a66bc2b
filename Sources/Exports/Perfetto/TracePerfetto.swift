// Exports a Go trace for Perfetto: a track for each P, thread and G, for regions, tasks, the collector, and counters.
// docs/go-traces.md says what is on them.
//
// On the tracks of Ps, threads and Gs one slice ends before the next begins. Only regions are nested. A slice that is
// open at the end of the trace ends there.
import GoTrace

/// Writes the events of a trace as packets of Perfetto.
public struct TracePerfetto: ~Copyable, TraceCopy {
  /// How many events were read.
  public private(set) var events: UInt64 = 0
  /// What is damaged in the trace, as far as it was read.
  public var damage: TraceDamage { reader.damage }

  private var reader: TraceReader
  private var tracks = TraceTracks()
  /// Whether the packets go into one file with those of a recording.
  private let isBeside: Bool
  /// The times of the trace's first and last event on the machine's monotonic clock, in nanoseconds; nil: the trace
  /// does not tell them.
  public private(set) var monotonic: (first: Int64, last: Int64)?
  private var batch: [TraceEvent] = []
  private var isDone = false

  /// - Parameters:
  ///   - reader: gives the trace.
  ///   - isBeside: whether the packets go into one file with those of a recording of the same machine. Then their times
  ///     are those of the machine's monotonic clock, as a recording's are. Traces of Go before 1.25 do not tell them.
  public init(_ reader: consuming TraceReader, besideRecording isBeside: Bool = false) {
    self.reader = reader
    self.isBeside = isBeside
  }

  /// The next packets; nil: there are no more.
  ///
  /// - Throws: `TraceError` if the trace cannot be read further.
  public mutating func next() throws(TraceError) -> [UInt8]? {
    guard !isDone else { return nil }
    guard try reader.next(into: &batch) else {
      isDone = true
      return tracks.finish()
    }
    if reader.isAfterGap { tracks.forget(isFirst: events == 0) }
    if let first = batch.first, let last = batch.last { note(first.time, last.time) }
    events += UInt64(batch.count)
    let tables = reader.tables
    for event in batch { tracks.add(event, tables) }
    return tracks.takeIfMany()
  }

  /// Notes the times of a batch's first and last event. The shift from the trace's clock to the monotonic one is taken
  /// from the first batch only: later generations of the trace tell a slightly different one, and times would jump.
  private mutating func note(_ first: Int64, _ last: Int64) {
    if events == 0, let moment = reader.clock?.monotonic(first) {
      monotonic = (moment, moment)
      if isBeside { tracks = TraceTracks(besideBy: moment &- first) }
      shift = moment &- first
    }
    monotonic?.last = last &+ shift
  }
  private var shift: Int64 = 0
}
