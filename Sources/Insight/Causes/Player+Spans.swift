// Asks a history for its spans.
import History

extension Player {
  /// Returns the slowest spans up to this moment, slowest first. A span that goes on counts with its length
  /// so far.
  public func slowestSpans(_ limit: Int) -> [SpanSummary] {
    let limit = max(0, min(limit, Self.mostWaits))
    var best: [SpanSummary] = []
    func offer(_ span: SpanSummary) {
      best.append(span)
      guard best.count >= 2 * limit + 16 else { return }
      best = Array(best.sorted { $0.duration > $1.duration }.prefix(limit))
    }
    let collector = collectSpans(nil, offer)
    for span in collector.open.values { offer(span) }
    return Array(best.sorted { ($1.duration, $0.number) < ($0.duration, $1.number) }.prefix(limit))
  }

  /// Returns everything that the Gs of one span did up to this moment; nil: the beginning of the span is not
  /// in the history.
  public func walk(ofSpan number: UInt64) -> SpanWalk? { collectSpans(number) { _ in }.walk }

  /// Returns everything that the Gs of a span did, up to the end of segment `last`; nil: the span does not
  /// begin in the segments `first` to `last`.
  func spanWalk(_ number: UInt64, from first: Int, to last: Int) -> SpanWalk? {
    collectSpans(number, from: first, to: last) { _ in }.walk
  }

  private func collectSpans(
    _ wanted: UInt64?, from first: Int? = nil, to last: Int = .max, _ take: (SpanSummary) -> Void
  ) -> SpanCollector {
    var collector = SpanCollector(clock, reasons: history.reasons, names: history.names, wanted: wanted)
    var gaps = MissingRecords()
    walk(from: first ?? history.firstNumber, to: last) { window, events in
      gaps.take(window)
      for event in events {
        collector.take(event) { span in
          var span = span
          span.missing = gaps.count(from: clock.ticks(at: span.begin), to: event.record.time)
          take(span)
        }
      }
    }
    collector.finish(at: ticks)
    collector.note(gaps)
    return collector
  }
}
