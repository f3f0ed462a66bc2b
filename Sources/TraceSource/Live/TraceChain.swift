// Traces of one running program, one after the other, as one history.
//
// §1 One time line. The times of a trace are those of the monotonic clock of the program's machine, so each trace lies behind
// the one before by itself. If a clock went back, or far ahead of the time that passed here, another machine answers, or it was
// started anew: then the traces go on behind the last one, as far away as they came here.
//
// §2 Nothing leads across. Between two traces nobody watched, so each begins as the first one did: with what it tells itself of
// the Gs, Ps and threads that it finds (TraceMapping §3). G numbers mean the same Gs before and behind a gap while the program
// runs on, and that alone is kept, with names and stacks. Counters of Gs begin anew. HistoryGap says how screens see it.
//
// §3 Memory. The history keeps to its limits. Names and stacks, of which programs have few, to those of TraceNames.
import GoTrace
import History
import Host
import Observed

/// Puts traces together. Not thread-safe: use it from one thread at a time; `history.copy()` may be handed to another one.
package final class TraceChain {
  /// All that has come, as far back as the limits allow.
  package let history: History
  /// How many traces were begun.
  package private(set) var traces = 0
  /// How many events were read.
  package private(set) var events: UInt64 = 0
  /// What was damaged or missing in the last trace, one sentence each.
  package private(set) var warnings: [String] = []
  /// What is added to the times of this history to have the machine's monotonic clock, by the last trace, in nanoseconds; nil:
  /// that trace does not tell.
  package private(set) var monotonicOffset: Int64?
  private let name: String
  private var mapping: TraceMapping?
  private var reader: TraceReader?
  private var part: [TraceEvent] = []
  /// What is added to the times of the present trace, in nanoseconds. It may be negative.
  private var shift: Int64 = 0
  /// Where the present trace begins, in nanoseconds of this history.
  private var placed: Int64 = 0
  /// When the present trace came, and the one before, on the clock here, in nanoseconds; 0: there is none.
  private var (came, lastCame): (UInt64, UInt64) = (0, 0)

  /// A clock that is this far ahead of what passed here, in nanoseconds, is another one.
  private static let slack: Int64 = 20_000_000_000

  /// Times from here on, 73 years, are no program's.
  private static let latest: Int64 = 1 << 61
  /// No trace is this long, in nanoseconds: one is asked for that lasts a minute at most.
  private static let longest: Int64 = 3_600_000_000_000

  /// - Parameter name: what the program is called.
  package init(name: String, limits: HistoryLimits) {
    self.name = name
    history = History(limits)
  }

  /// Who is observed.
  package var identity: Snapshot.Target { mapping?.builder.target ?? Snapshot.Target(name: name) }

  /// Begins the next trace.
  ///
  /// - Parameter came: when the trace came, in nanoseconds of the clock here.
  /// - Throws: `InspectorError.badTrace` if it is none that can be read.
  package func begin(_ bytes: [UInt8], came: UInt64 = monotonicNow()) throws(InspectorError) {
    (lastCame, self.came) = (self.came, came)
    do throws(TraceError) {
      reader = try TraceReader(TraceInput(bytes: bytes, name: name))
    } catch {
      throw .badTrace(path: name, reason: error.description)
    }
  }

  /// Reads some thousand events more of it.
  ///
  /// - Returns: whether there may be more.
  /// - Throws: `InspectorError.badTrace`; what was read before stays.
  package func read() throws(InspectorError) -> Bool {
    guard var reader = reader.take() else { return false }
    var part: [TraceEvent] = []
    swap(&part, &self.part)
    var isMore = false
    do throws(TraceError) {
      isMore = try reader.next(into: &part)
    } catch {
      finish(reader)
      throw .badTrace(path: name, reason: error.description)
    }
    guard isMore else {
      finish(reader)
      return false
    }
    do throws(InspectorError) {
      try take(part, &reader)
    } catch {
      finish(reader)
      throw error
    }
    swap(&part, &self.part)
    self.reader = consume reader
    return true
  }

  /// Adds a whole trace.
  package func append(_ bytes: [UInt8]) throws(InspectorError) {
    try begin(bytes)
    while try read() {}
  }

  private func take(_ part: [TraceEvent], _ reader: inout TraceReader) throws(InspectorError) {
    let isBeginning = reader.isGenerationStart && reader.isAfterGap
    let (start, end) = (reader.generationStart, part.last?.time ?? .max)
    guard start >= 0, max(start, end) < Self.latest else {
      throw .badTrace(path: name, reason: "its times cannot be right")
    }
    if isBeginning, mapping == nil || !isTraceBegun {
      place(start)
      monotonicOffset = reader.clock?.monotonic(start).map { $0 &- (start &+ shift) }
    }
    guard end + shift <= placed + Self.longest else {
      throw .badTrace(path: name, reason: "its times cannot be right")
    }
    let moment = UInt64(clamping: max(1, start + shift))
    // The mapping is taken out while it changes, so that its arrays have one owner.
    var mapping =
      self.mapping.take()
      ?? TraceMapping(SegmentBuilder(history, name: name, start: moment))
    if reader.isGenerationStart {
      begin(&mapping, isAfterGap: isBeginning, at: moment)
      mapping.begin(reader.tables.generation)
    }
    for var event in part {
      if mapping.builder.isFull { mapping.builder.close(mapping.gs) }
      event.time &+= shift
      mapping.take(event, reader.tables)
    }
    events += UInt64(part.count)
    mapping.builder.publish(mapping.names)
    self.mapping = mapping
  }

  /// Begins a generation: of a new trace, behind a gap in a trace, or one that goes on.
  private func begin(_ mapping: inout TraceMapping, isAfterGap: Bool, at start: UInt64) {
    if !isAfterGap {
      mapping.builder.publish(mapping.names, isGenerationOver: true)
    } else if traces > 0 {
      mapping.builder.skip(
        to: max(start, mapping.builder.time), mapping.names, forgetsThreads: !isTraceBegun)
      mapping.forget(withThreads: !isTraceBegun)
    }
    if !isTraceBegun { traces += 1 }
    isTraceBegun = true
  }

  /// Whether events of the present trace have come.
  private var isTraceBegun = false

  /// Finds where a trace lies that begins at a moment of its own clock (§1).
  private func place(_ start: Int64) {
    defer { placed = start + shift }
    guard let last = (mapping?.builder.time).map({ Int64(clamping: $0) }) else { return }
    let passed = Int64(clamping: max(1, came - min(came, lastCame)))
    let ahead = start + shift - last
    if ahead < 0 || ahead > passed + Self.slack { shift = last + passed - start }
  }

  private func finish(_ reader: borrowing TraceReader) {
    warnings = reader.damage.sentences
    isTraceBegun = false
    part = []
    guard var mapping = mapping.take() else { return }
    mapping.builder.endTrace(mapping.gs, mapping.names)
    history.keepUp()
    if let first = history.reach?.first { mapping.builder.forget(before: first) }
    self.mapping = mapping
  }
}
