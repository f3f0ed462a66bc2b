// Traces of one running program, one after the other, as one history.
//
// §1 One time line. The times of a trace are those of the monotonic clock of the program's machine, so each trace lies behind
// the one before by itself. If a clock went back, another machine answers, or it was started anew: then the traces go on behind
// the last one, as far away as they came here.
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
  private let name: String
  private var mapping: TraceMapping?
  private var reader: TraceReader?
  private var part: [TraceEvent] = []
  /// What is added to the times of the present trace, in nanoseconds.
  private var shift: UInt64 = 0
  /// When the last event came, on the clock here.
  private var lastCame: UInt64 = 0

  /// Times from here on, 73 years, are no program's.
  private static let latest: UInt64 = 1 << 61

  /// - Parameter name: what the program is called.
  package init(name: String, limits: HistoryLimits) {
    self.name = name
    history = History(limits)
  }

  /// Who is observed.
  package var identity: Snapshot.Target { mapping?.builder.target ?? Snapshot.Target(name: name) }

  /// Begins the next trace.
  ///
  /// - Throws: `InspectorError.badTrace` if it is none that can be read.
  package func begin(_ bytes: [UInt8]) throws(InspectorError) {
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
    let isFirst = reader.isGenerationStart && reader.isAfterGap
    let start = UInt64(clamping: reader.generationStart)
    if isFirst, mapping == nil || !isTraceBegun { place(start) }
    guard let end = part.last.map({ UInt64(clamping: $0.time) }), max(start, end) < Self.latest,
      shift < Self.latest
    else {
      throw .badTrace(path: name, reason: "its times cannot be right")
    }
    // The mapping is taken out while it changes, so that its arrays have one owner.
    var mapping =
      self.mapping.take()
      ?? TraceMapping(SegmentBuilder(history, name: name, start: max(1, start + shift)))
    if reader.isGenerationStart {
      begin(&mapping, isAfterGap: isFirst, at: start + shift)
      mapping.begin(reader.tables.generation)
    }
    for var event in part {
      if mapping.builder.isFull { mapping.builder.close(mapping.gs) }
      event.time += Int64(shift)
      mapping.take(event, reader.tables)
    }
    events += UInt64(part.count)
    mapping.builder.publish(mapping.names)
    self.mapping = mapping
    lastCame = monotonicNow()
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
  private func place(_ start: UInt64) {
    guard let last = mapping?.builder.time, start + shift < last else { return }
    let passed = lastCame == 0 ? 1 : max(1, monotonicNow() - lastCame)
    shift = last + passed - start
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
