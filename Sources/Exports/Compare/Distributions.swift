// How long things took in a Go trace or in a recording: a histogram for each kind of stretch that began and ended in it.
//
// A trace and a recording have the same names of kinds, with Go's words for waits, so that the two can be compared as
// well.
import GoTrace
import History
import Host
import Insight
import Observed

/// The lengths of all stretches in a trace or recording, by kind: `run delay`, `waiting: chan receive`, `system call`.
public struct Distributions: Sendable {
  /// The name of the trace or recording, for people.
  public let name: String
  /// How long it is from the first event to the last, in nanoseconds.
  public private(set) var duration: UInt64 = 0
  /// How many events it has.
  public private(set) var events: UInt64 = 0
  /// How many events are known to be missing.
  public private(set) var missing: UInt64 = 0
  /// What is damaged, in sentences.
  public private(set) var damage: [String] = []
  /// The histograms that are not empty, by their names.
  public private(set) var histograms: [String: SpanHistogram] = [:]

  /// Measures a Go trace.
  ///
  /// - Throws: `TraceError` if it cannot be read to its end.
  public init(_ reader: consuming TraceReader, name: String) throws(TraceError) {
    self.name = name
    var (stretches, batch): (TraceStretches, [TraceEvent]) = (TraceStretches(), [])
    var all: [SpanHistogram] = []
    while try reader.next(into: &batch) {
      events += UInt64(batch.count)
      stretches.add(batch, of: reader) { number, length in
        while all.count <= number { all.append(SpanHistogram()) }
        all[number].record(length)
      }
    }
    if let span = stretches.span { duration = UInt64(clamping: span.last &- span.first) }
    damage = reader.damage.sentences
    for (name, histogram) in zip(stretches.names, all) where histogram.count > 0 {
      histograms[name] = histogram
    }
  }

  /// Measures a recording, or another history.
  public init(_ history: History, name: String) {
    self.name = name
    var stretches = HistoryStretches(history)
    do throws(InspectorError) { try history.walk(&stretches) } catch { damage = [error.description] }
    stretches.finish()
    (events, missing, histograms) = (stretches.records, stretches.missing, stretches.histograms)
    if let span = stretches.span { duration = span.last - span.first }
  }

  /// Returns how much of each second went into one kind of stretch, in nanoseconds, summed over all Gs: more than a
  /// second, where many Gs wait.
  public func timePerSecond(_ histogram: SpanHistogram) -> Double {
    duration == 0 ? 0 : Double(histogram.sum) * 1e9 / Double(duration)
  }

  /// Returns how many stretches of one kind there were in each second, on average.
  public func perSecond(_ histogram: SpanHistogram) -> Double {
    duration == 0 ? 0 : Double(histogram.count) * 1e9 / Double(duration)
  }
}
