// Finds the request that a user means, as the two labels (`goLabel` events) that begin and end its span. The
// search begins where the request is likely to be.
import History
import Observed
import Region

extension Player {
  /// Maximum number of segments read in one search: some minutes of history.
  private static let reach = 512
  /// Maximum number of events read for one question, because a user waits for the answer.
  private static let most = 1 << 21

  // MARK: going through

  /// Hands events to `take`, going back from a moment, until `take` returns false.
  ///
  /// - Parameter sieve: lets the wanted events through, and perhaps others.
  package func back(from ticks: UInt64, only sieve: RecordSieve, _ take: (PlacedRecord) -> Bool) {
    guard let last = history.number(at: ticks) else { return }
    var left = Self.most
    for number in (max(history.firstNumber, last - Self.reach)...last).reversed() {
      guard let window = unpack(number, only: sieve) else { continue }
      for event in window.events[window.prefix...].reversed() where event.record.time <= ticks {
        if !take(event) { return }
      }
      left -= window.looked
      if left < 0 { return }
    }
  }

  /// Hands events to `take`, going forwards from a moment through at most `segments` segments, until `take`
  /// returns false.
  package func forth(
    from ticks: UInt64, segments: Int, only sieve: RecordSieve, _ take: (PlacedRecord) -> Bool
  ) {
    guard let first = history.number(at: ticks) else { return }
    var left = Self.most
    for number in first..<max(first + 1, min(history.numbers.upperBound, first + segments)) {
      guard let window = unpack(number, only: sieve) else { continue }
      for event in window.events[window.prefix...] where event.record.time >= ticks {
        if !take(event) { return }
      }
      left -= window.looked
      if left < 0 { return }
    }
  }

  // MARK: which one

  /// The `goLabel` events that begin and end a span. If there is no end, the span goes on.
  typealias FoundSpan = (begin: PlacedRecord, end: PlacedRecord?)

  /// Whether a record is the `goLabel` by which a G leaves its outermost span.
  static func isEnd(_ record: Record) -> Bool {
    record.kind == .goLabel && record.detail == 0 && record.arg == 0
  }

  /// Whether a record is a `goLabel` by which a G begins a span.
  static func isBegin(_ record: Record) -> Bool {
    record.kind == .goLabel && record.detail & 1 == 1 && record.arg != 0
  }

  func find(_ choice: RequestChoice) -> FoundSpan? {
    switch choice {
    case .last(let time):
      var end: PlacedRecord?
      back(from: clock.ticks(at: time), only: RecordSieve(.goLabel)) { event in
        if Self.isEnd(event.record) { end = event }
        return end == nil
      }
      return end.flatMap(outermost)
    case .next(let time):
      let ticks = clock.ticks(at: time)
      var found: FoundSpan?
      forth(from: ticks, segments: Self.reach, only: RecordSieve(.goLabel)) { event in
        // A request whose beginning is not in the history is skipped.
        if event.record.time > ticks, Self.isEnd(event.record) { found = outermost(event) }
        return found == nil
      }
      return found
    case .of(let g, let time): return span(of: g, by: clock.ticks(at: time)).flatMap(complete)
    case .number(let number):
      var begin: PlacedRecord?
      back(from: ticks, only: RecordSieve(.goLabel)) { event in
        if Self.isBegin(event.record), event.record.arg == number { begin = event }
        return begin == nil
      }
      return begin.flatMap(complete)
    }
  }

  /// Finds the beginning of the outermost span that the `goLabel` event `end` closes.
  private func outermost(_ end: PlacedRecord) -> FoundSpan? {
    var begin: PlacedRecord?
    back(from: end.record.time, only: RecordSieve(of: end.record.g, [.goLabel, .goCreate])) { event in
      guard event.record.g == end.record.g, event != end else { return true }
      if Self.isBegin(event.record) { begin = event }
      return !Self.isEnd(event.record) && event.record.kind != .goCreate
    }
    return begin.map { ($0, end) }
  }

  /// Finds the beginning of the last span that a G began, or else of the span in which the G was created.
  private func span(of g: UInt64, by ticks: UInt64) -> PlacedRecord? {
    var (g, begin, depth) = (g, PlacedRecord?.none, 0)
    back(from: ticks, only: RecordSieve(.goLabel, .goCreate)) { event in
      guard event.record.g == g else { return true }
      if Self.isBegin(event.record) { begin = event }
      if event.record.kind == .goCreate, begin == nil {
        guard event.record.detail == 1, depth < 32 else { return false }
        (g, depth) = (event.record.other, depth + 1)
      }
      return begin == nil
    }
    return begin
  }

  /// Whether a `goLabel` event of the G that began a span (its root) ends the span.
  ///
  /// - Parameter inner: the spans that the root began after this one and that go on; kept up to date.
  static func isOver(_ span: UInt64, after label: Record, _ inner: inout [UInt64]) -> Bool {
    if label.detail & 1 == 1 {
      inner.append(label.arg)
    } else if label.detail == 4 {
      if label.arg == span { return true }
      inner.removeAll { $0 == label.arg }
    } else if label.arg == span {
      inner = []
    } else if let place = inner.lastIndex(of: label.arg) {
      inner.removeSubrange((place + 1)...)
    } else {
      return true
    }
    return false
  }

  /// Finds the end of the span that the `goLabel` event `begin` opens.
  private func complete(_ begin: PlacedRecord) -> FoundSpan {
    var (end, inner) = (PlacedRecord?.none, [UInt64]())
    let sieve = RecordSieve(of: begin.record.g, [.goLabel, .goExit])
    forth(from: begin.record.time, segments: Self.reach, only: sieve) { event in
      guard event.record.g == begin.record.g, event != begin, event.record.kind == .goLabel else {
        return event.record.g != begin.record.g || event.record.kind != .goExit
      }
      if Self.isOver(begin.record.arg, after: event.record, &inner) { end = event }
      return end == nil
    }
    return (begin, end)
  }
}
