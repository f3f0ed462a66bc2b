// Going to a moment by what a person knows of it: an offset, a share of the time, a G, an event.
import Observed

extension Player {
  /// Goes to the moment so many nanoseconds after the first one, or, if the number is negative, before the
  /// last one.
  public mutating func seek(toOffset offset: Int64) {
    let (first, last) = (firstTime, lastTime)
    seek(
      to: offset >= 0
        ? first &+ min(UInt64(offset), last &- min(last, first))
        : last &- min(offset.magnitude, last &- min(last, first)))
  }

  /// Goes to a part of the time from the first moment to the last, 0…1.
  public mutating func seek(toPart part: Double) {
    let length = lastTime &- min(lastTime, firstTime)
    seek(to: firstTime &+ UInt64(Double(length) * min(1, max(0, part))))
  }

  /// Goes to the next event of a G after this moment; if there is none, to the G's first event of all; if
  /// the G has no events, the player stays where it is.
  public mutating func seek(toNextEventOf g: UInt64) {
    if seekForth(from: window.number, to: g) { return }
    _ = seekForth(from: history.numbers.lowerBound, to: g, isAnywhere: true)
  }

  private mutating func seekForth(from first: Int, to g: UInt64, isAnywhere: Bool = false) -> Bool {
    for number in history.numbers where number >= first {
      let isHere = number == window.number && !isAnywhere
      guard let other = isHere ? window : unpack(number, only: RecordSieve(of: g)) else { continue }
      let events = other.events[(isHere ? count : other.prefix)...]
      guard let event = events.first(where: { $0.record.g == g }) else { continue }
      go(to: event)
      return true
    }
    return false
  }

  /// Goes to the event at a position of a lane; if there is none, the player stays where it is.
  public mutating func seek(toEvent position: UInt64, on lane: Lane) {
    for number in history.numbers {
      let blocks = history.segment(number)?.blocks ?? []
      guard blocks.contains(where: { $0.lane == lane && $0.first <= position && position < $0.end }),
        let event = unpack(number)?.events.first(where: { $0.lane == lane && $0.position == position })
      else { continue }
      return go(to: event)
    }
  }

  /// Goes to the moment at which an event of a segment has just happened.
  private mutating func go(to event: PlacedRecord) { seek(ticks: event.record.time) }
}
