// The order of records across lanes, for a timeline.
//
// A record's time is read after its move. So when one thread readies a G that another has just parked, and runs away
// with it, the records of the two may have their times the wrong way round. What is certain: the records of a lane are
// in order, those of a thread are, and each move of a G needs the state that the move before has left. So a record
// that does not fit yet is held, and with it all later ones of its lane and of its thread, until one comes that makes
// it fit; like Go's own reader does it. A record may be missing for ever: after `patience`, or with too many held, the
// oldest is applied as it is.
import Observed
import Region

struct TimelineOrder {
  private struct Held {
    var record: Record
    var lane: Lane
    var time: UInt64
  }

  /// Nanoseconds that a thread may take between a move and reading the clock, held up by the system.
  package static let patience: UInt64 = 10_000_000
  private static let most = 256

  package private(set) var timeline: Timeline
  private var held: [Held] = []
  private var lanes: Set<Lane> = []
  private var threads: Set<UInt16> = []
  /// Gs whose next record may free one that is held.
  private var awaited: Set<UInt64> = []

  init(_ timeline: Timeline) { self.timeline = timeline }

  /// Takes in the next record by time.
  package mutating func add(_ record: Record, on lane: Lane, at time: UInt64) {
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

  /// There are no more.
  package mutating func finish() {
    for last in held { timeline.apply(last.record, on: last.lane, at: last.time) }
    (held, lanes, threads, awaited) = ([], [], [], [])
  }

  /// The place of something that no record tells, in nanoseconds: its own moment, but not before what is held.
  package mutating func moment(_ time: UInt64) -> UInt64 {
    if held.isEmpty { timeline.advance(to: time) }
    return timeline.time
  }

  /// The steps since the last call.
  package mutating func take() -> [Step] { timeline.take() }

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

  /// Applies what is held and fits by now, until nothing more does.
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
