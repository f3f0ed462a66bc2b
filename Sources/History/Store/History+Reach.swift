// How far back a history goes.

extension History {
  /// The first and the last moment that can be looked back on, in nanoseconds; nil: there is none yet.
  public var reach: (first: UInt64, last: UInt64)? {
    guard let span, let number = numbers.last, let segment = segment(number),
      let clock = segment.keyframe.bytes.flatMap({ Keyframe($0)?.clock })
    else { return nil }
    let end = segment.blocks.map(\.lastTime).max() ?? segment.start
    return (span.first, max(span.last, clock.nanoseconds(at: end)))
  }

  /// The moments of the history's first and of its last keyframe, in nanoseconds; nil: there is none yet.
  package var span: (first: UInt64, last: UInt64)? {
    guard let first = numbers.first, let last = numbers.last, let start = segment(first)?.time,
      let end = segment(last)?.time
    else { return nil }
    return (start, end)
  }
}
