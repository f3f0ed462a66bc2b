// Gaps: stretches of time of which a history knows nothing, between two of which it knows everything.
//
// A live source never stops looking, so its history has none. A program that is traced again and again (TraceFollower in
// TraceSource) is not watched between two traces. What was so before a gap need not be so behind it: no state, no count and no
// sequence leads across. So the keyframe behind a gap tells where it begins, and a recording keeps that. No moment inside of a
// gap can be shown, and whatever is found by going through events ends at it.
import Observed

/// A stretch of time of which nothing is known.
public struct HistoryGap: Sendable, Equatable {
  /// The last moment before it of which something is known, in nanoseconds.
  public var from: UInt64
  /// The first moment behind it of which something is known, in nanoseconds.
  public var to: UInt64

  /// Makes a gap from its ends.
  public init(from: UInt64, to: UInt64) { (self.from, self.to) = (from, to) }

  /// How long it is, in nanoseconds.
  public var length: UInt64 { to - min(from, to) }
}

extension History {
  /// The numbers of the segments between the same two gaps as a segment.
  package func stretch(around number: Int) -> Range<Int> {
    let numbers = numbers
    let first = numbers.last { $0 <= number && segment($0)?.gapBegin != nil } ?? numbers.lowerBound
    let end = numbers.first { $0 > number && segment($0)?.gapBegin != nil } ?? numbers.upperBound
    return first..<max(first, end)
  }

  /// The gap before a segment; nil: the segment before leads to it, or there is none.
  package func gap(before number: Int) -> HistoryGap? {
    guard numbers.contains(number), let segment = segment(number), let from = segment.gapBegin else {
      return nil
    }
    return HistoryGap(from: from, to: segment.time)
  }

  /// The last gap before a segment or one of the segments before; nil: none is known.
  package func latestGap(upTo number: Int) -> HistoryGap? {
    gap(before: stretch(around: number).lowerBound)
  }

  /// How long the gaps are together that ended after a moment, and not after another one.
  package func unwatched(after from: UInt64, upTo to: UInt64) -> UInt64 {
    gaps(from: from, to: to).reduce(0) { sum, gap in
      gap.to > from && gap.to <= to ? sum + gap.length : sum
    }
  }

  /// The gaps that lie between two moments, in nanoseconds, or reach into the time between them.
  package func gaps(from: UInt64, to: UInt64) -> [HistoryGap] {
    numbers.compactMap { gap(before: $0) }.filter { $0.to >= from && $0.from <= to }
  }
}
