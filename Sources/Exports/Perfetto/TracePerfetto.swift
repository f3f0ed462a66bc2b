// Exports a Go trace for Perfetto: a track for each P, thread and G, for regions, tasks, the collector, and counters.
// docs/go-traces.md says what is on them.
//
// On the tracks of Ps, threads and Gs one slice ends before the next begins. Only regions lie in each other. What is open at the
// end of the trace ends there.
import GoTrace

/// Writes the events of a trace as packets of Perfetto.
public struct TracePerfetto: ~Copyable, TraceCopy {
  /// How many events were read.
  public private(set) var events: UInt64 = 0
  /// What is damaged in the trace, as far as it was read.
  public var damage: TraceDamage { reader.damage }

  private var reader: TraceReader
  private var tracks = TraceTracks()
  /// Whether the packets are to stand beside those of a recording.
  private let isBeside: Bool
  /// The moments of the machine's monotonic clock at which the trace begins and ends, in nanoseconds; nil: it does not tell.
  public private(set) var monotonic: (first: Int64, last: Int64)?
  private var batch: [TraceEvent] = []
  private var isDone = false

  /// - Parameters:
  ///   - reader: gives the trace.
  ///   - isBeside: whether the packets are written into one file with those of a recording of the same machine, on the time
  ///     of which they then are: that of the machine's monotonic clock. Go before 1.25 does not tell it.
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

  /// The shift between the two clocks is that of the first events throughout, so that times do not jump where a generation
  /// tells it a little otherwise.
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
