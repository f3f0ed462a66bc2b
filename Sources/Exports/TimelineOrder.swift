// Puts records of different lanes in order, for a timeline.
//
// A record's time is read after its move. If one thread parks a G, and another readies it at once and runs
// it, the records of the two threads may have their times the wrong way round. Three things are certain: the
// records of a lane are in order, the records of a thread are in order, and each move of a G needs the state
// that the move before has left. So if a record does not fit yet, it is held, and with it all later records
// of its lane and of its thread, until a record comes that makes it fit. Go's own reader does the same. A
// record may be missing for ever: after `patience`, or if too many are held, the oldest is applied as it is.
import Observed
import Region

/// Holds records back until they fit, and applies them to a timeline.
struct TimelineOrder {
  private struct Held {
    var record: Record
    var lane: Lane
    var time: UInt64
  }

  /// How long, in nanoseconds, the operating system may hold up a thread between a move and its reading of
  /// the clock.
  static let patience: UInt64 = 10_000_000
  /// Maximum number of records that are held.
  private static let most = 256

  private(set) var timeline: Timeline
  private var held: [Held] = []
  private var lanes: Set<Lane> = []
  private var threads: Set<UInt16> = []
  /// The Gs whose next record may make a held record fit.
  private var awaited: Set<UInt64> = []

  init(_ timeline: Timeline) { self.timeline = timeline }

  /// Adds the next record. Records must come in the order of their times.
  mutating func add(_ record: Record, on lane: Lane, at time: UInt64) {
    while let first = held.first, held.count >= Self.most || time > first.time &+ Self.patience {
      held.removeFirst()
      timeline.apply(first.record, on: first.lane, at: first.time)
      retry()
    }
    let next = Held(record: record, lane: lane, time: time)
    if !isBlocked(next) {
      timeline.apply(record, on: lane, at: time)
      if awaited.contains(record.g) { retry() }
    } else {
      hold(next)
    }
  }

  /// Applies all held records as they are, because no more records come.
  mutating func finish() {
    for last in held { timeline.apply(last.record, on: last.lane, at: last.time) }
    (held, lanes, threads, awaited) = ([], [], [], [])
  }

  /// Returns the moment for something that no record tells and that happened at `time`, in nanoseconds. If no
  /// records are held, that moment is `time`. Otherwise it is the time of the last step, because the held
  /// records may still come before `time`.
  mutating func moment(_ time: UInt64) -> UInt64 {
    if held.isEmpty { timeline.advance(to: time) }
    return timeline.time
  }

  /// Returns the steps since the last call.
  mutating func take() -> [Step] { timeline.take() }

  private func isBlocked(_ next: Held) -> Bool {
    if held.isEmpty { return !timeline.fits(next.record) }
    return lanes.contains(next.lane) || threads.contains(next.record.m) || !timeline.fits(next.record)
  }

  private mutating func hold(_ next: Held) {
    held.append(next)
    lanes.insert(next.lane)
    threads.insert(next.record.m)
    awaited.insert(next.record.g)
  }

  /// Applies the held records that fit by now, until no more do.
  private mutating func retry() {
    var isMoving = true
    while isMoving, !held.isEmpty {
      isMoving = false
      let waiting = held
      (held, lanes, threads, awaited) = ([], [], [], [])
      for next in waiting {
        if isBlocked(next) {
          hold(next)
        } else {
          timeline.apply(next.record, on: next.lane, at: next.time)
          isMoving = true
        }
      }
    }
  }
}
