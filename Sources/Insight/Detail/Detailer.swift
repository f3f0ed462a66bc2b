// Who finds out the details of a frame, for now and for the past alike, and at which pace.
//
// §1 The pace. Details may take milliseconds, and while they are found out nobody drains the rings. So each takes a
// tenth of the time at most (what was found stays meanwhile), and the long ones are made piece by piece, with the
// rings looked at in between.
//
// §2 Who asks may be called away: somebody has pressed a key, and waits. Then what takes long is put off until the next frame,
// and what was found before stays; of another question nothing is said until it is answered.
import History
import Host
import Observed

/// Where details come from: a history, and a moment of it.
package struct DetailSource {
  package let history: History
  package let clock: Clock
  /// In ticks.
  package let moment: UInt64
  /// The gauges at that moment.
  package let snapshot: Snapshot

  package init(history: History, clock: Clock, moment: UInt64, snapshot: Snapshot) {
    (self.history, self.clock, self.moment, self.snapshot) = (history, clock, moment, snapshot)
  }
}

extension DetailSource {
  /// The place where a player stands.
  package init(_ player: Player) {
    self.init(
      history: player.history, clock: player.clock, moment: player.ticks, snapshot: player.model.snapshot)
  }
}

/// Finds out details, again and again.
package struct Detailer {
  /// The part of the time that may be spent, as its reciprocal.
  private static let share: UInt64 = 10

  private struct Paced<Request: Equatable, Value> {
    var request: Request?
    var value: Value?
    private var moment: UInt64 = 0
    private var next: UInt64 = 0

    /// - Parameter moment: what is asked about; with another one, or another request, a paced value is old.
    /// - Parameter make: nil: it was put off (§2).
    mutating func get(_ request: Request, at moment: UInt64, isLive: Bool, _ make: () -> Value?) -> Value? {
      let start = monotonicNow()
      let isNew = self.request != request || (!isLive && self.moment != moment)
      if !isNew, value != nil, start < next || (!isLive && self.moment == moment) { return value }
      guard let made = make() else { return self.request == request ? value : nil }
      (self.request, self.moment, value) = (request, moment, made)
      let end = monotonicNow()
      next = end + (end - start) * Detailer.share
      return value
    }
  }

  private let decoder = RecordDecoder()
  private var events = Paced<EventQuery, EventList>()
  private var polls = Paced<Bool, Polls>()
  /// What the last searches found.
  private var found: (events: FoundEvents?, polls: FoundEvents?)
  private var timeline = Paced<TimelineSpan, LaneTimeline>()
  private var why = Paced<Subject, Explanation>()
  private var request = Paced<RequestChoice, RequestAnswer>()
  private var goroutines = Paced<Bool, Goroutines>()
  private var threads = ThreadWatch()
  private var sockets = SocketWatch()

  package init() {}

  /// What history tells.
  ///
  /// - Parameters:
  ///   - isLive: whether the moment is now, and goes on.
  ///   - breathe: called between two pieces of what takes long.
  ///   - isCalledAway: asked there, too; true: what takes long is put off.
  package mutating func look(
    _ interest: Interest, _ source: DetailSource, isLive: Bool, breathe: () -> Void = {},
    isCalledAway: () -> Bool = { false }
  ) -> Detail {
    var detail = Detail()
    let decoder = decoder
    func search(_ query: EventQuery, after last: FoundEvents?) -> FoundEvents? {
      var search = EventSearch(query, source, after: last)
      return Self.isDone({ search.step(decoder) }, breathe, isCalledAway) ? search.found : nil
    }
    var found = found
    defer { self.found = found }
    let moment = source.moment
    if interest.trend { detail.trend = Self.trend(source) }
    if let query = interest.events {
      detail.events = events.get(query, at: moment, isLive: isLive) {
        let last = search(query, after: found.events)
        found.events = last ?? found.events
        return last.map { EventList($0, to: moment) }
      }
    }
    if interest.polls {
      detail.polls = polls.get(true, at: moment, isLive: isLive) {
        let last = search(Self.pollQuery, after: found.polls)
        found.polls = last ?? found.polls
        return last.map { Polls($0) }
      }
    }
    if let span = interest.timeline {
      detail.timeline = timeline.get(span, at: moment, isLive: isLive) {
        var builder = TimelineBuilder(span, source)
        return Self.isDone({ builder.step(decoder) }, breathe, isCalledAway) ? builder.result() : nil
      }
    }
    return detail
  }

  private static func trend(_ source: DetailSource) -> Trend {
    let time = source.clock.nanoseconds(at: source.moment)
    return source.history.coarse.trend(
      to: time, points: Instruments.mostSeconds, exact: source.history.span?.first ?? time)
  }

  /// Whether all was done, step by step, before it was put off.
  private static func isDone(
    _ step: () -> Bool, _ breathe: () -> Void, _ isCalledAway: () -> Bool
  ) -> Bool {
    while step() {
      breathe()
      if isCalledAway() { return false }
    }
    return true
  }

  /// When the last table of Gs was read, in nanoseconds.
  package var tableReadAt: UInt64? { goroutines.value?.readAt }

  private static let pollQuery = EventQuery(filter: Filter("kind:netpoll"), limit: 1000)

  /// All Gs, as `make` finds them out.
  package mutating func goroutines(at moment: UInt64, isLive: Bool, _ make: () -> Goroutines?) -> Goroutines?
  {
    goroutines.get(true, at: moment, isLive: isLive, make)
  }

  /// The explanation of something, as `make` finds it.
  package mutating func why(_ subject: Subject, at moment: UInt64, _ make: () -> Explanation) -> Explanation?
  {
    why.get(subject, at: moment, isLive: false, make)
  }

  /// The request that is meant, as `make` finds it; the same at each moment, once it has ended.
  package mutating func request(_ choice: RequestChoice, _ make: () -> RequestWalk?) -> RequestAnswer? {
    let isOver = request.value?.walk?.span.end != nil
    return request.get(choice, at: 0, isLive: !isOver) { RequestAnswer(choice: choice, walk: make()) }
  }

  /// What the system says of a process that is alive, and seen from here.
  package mutating func lookAtSystem(
    _ interest: Interest, _ places: ThreadPlaces, tids: [Int32], _ detail: inout Detail
  ) {
    if interest.threads { detail.threads = threads.look(places, tids: tids) }
    if !interest.sockets.isEmpty { detail.sockets = sockets.look(pid: places.pid, fds: interest.sockets) }
  }
}
