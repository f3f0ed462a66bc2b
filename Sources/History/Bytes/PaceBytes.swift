// The pace (whether the scheduler is held, slowed or free) as bytes: a section of a keyframe.
// Nothing that is read is trusted.
import Observed
import Region

extension Pace {
  package func write(to out: inout ByteWriter) {
    out.number(UInt64(state.rawValue))
    out.number(UInt64(clamping: rate ?? 0))
    out.number(steps)
    for m in waiting { out.number(UInt64(clamping: m)) }
  }

  /// Reads a pace; nil: the bytes are not those of one.
  package init?(from body: inout ByteReader) {
    guard let state = body.number(upTo: 255), let rate = body.number(upTo: Control.rates.upperBound),
      let steps = body.number()
    else { return nil }
    self.init(state: Pacing(rawValue: UInt8(state)) ?? .free, rate: rate == 0 ? nil : rate, steps: steps)
    while !body.isAtEnd {
      guard let m = body.number(upTo: Capacity.ms - 1), m > waiting.last ?? -1 else { return nil }
      waiting.append(m)
    }
  }
}
