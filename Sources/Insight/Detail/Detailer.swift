// Finds out the details of a frame, now or in the past, at a limited pace.
//
// §1 The pace. Finding details may take milliseconds, and in that time nobody drains the rings. So each kind
// of detail takes at most a tenth of the time, and in between the last result stays. What takes long is found
// piece by piece, and the rings are drained between two pieces.
//
// §2 Breaking off. A user may press a key meanwhile, and wait for the screen. Then the caller says so
// (`isCalledAway`), and what takes long is put off until the next frame. The last result stays if it answers
// the same question. Otherwise there is no result until the new question is answered.
import History
import Host
import Observed

/// A moment of a history, with what is needed to find out details of it.
package struct DetailSource {
  /// The history in which the details are looked up.
  package let history: History
  /// The clock at `moment`, which converts its ticks.
  package let clock: Clock
  /// The moment, in ticks.
  package let moment: UInt64
  /// The gauges at `moment`.
  package let snapshot: Snapshot

  package init(history: History, clock: Clock, moment: UInt64, snapshot: Snapshot) {
    (self.history, self.clock, self.moment, self.snapshot) = (history, clock, moment, snapshot)
  }
}

extension DetailSource {
  /// The source at the moment where a player stands.
  package init(_ player: Player) {
    self.init(
      history: player.history, clock: player.clock, moment: player.ticks, snapshot: player.model.snapshot)
  }
}

/// Finds out the details of one frame after another.
package struct Detailer {
  /// Each kind of detail may take one part in `share` of the time. See §1.
  private static let share: UInt64 = 10

  /// A detail that is found at a limited pace, with the question that it answers.
  private struct Paced<Request: Equatable, Value> {
    var request: Request?
    var value: Value?
    private var moment: UInt64 = 0
    private var next: UInt64 = 0

    /// Returns the detail. Finds it anew if it is out of date, and if its share of the time (§1) allows that.
    ///
    /// - Parameters:
    ///   - moment: the moment asked about, in ticks. In the past, a value of another moment is out of date.
    ///   - make: finds the detail. Returns nil if that was put off (§2).
    mutating func get(_ request: Request, at moment: UInt64, isLive: Bool, _ make: () -> Value?) -> Value? {
      let start = monotonicNow()
      let isNew = self.request != request || (!isLive && self.moment != moment)
      if !isNew, value != nil, start < next || (!isLive && self.moment == moment) { return value }
      // Several threads read the stacks of many Gs, so the CPU time of all threads counts.
      let work = CPUWork(of: .process)
      guard let made = make() else { return self.request == request ? value : nil }
      (self.request, self.moment, value) = (request, moment, made)
      next = monotonicNow() + work.spent * Detailer.share
      return value
    }
  }

  private let decoder = RecordDecoder()
  private var events = Paced<EventQuery, EventList>()
  private var polls = Paced<Bool, Polls>()
  /// The results of the last searches. The next searches go on from there.
  private var found: (events: FoundEvents?, polls: FoundEvents?)
  private var timeline = Paced<TimelineSpan, LaneTimeline>()
  private var why = Paced<Subject, Explanation>()
  private var request = Paced<RequestChoice, RequestAnswer>()
  private var stage = Paced<StageQuestion, Stage>()
  private var stageMaker = StageMaker()
  private var goroutines = Paced<Bool, Goroutines>()
  private var stacks = Paced<StackQuestion, Stacks>()
  private var threads = ThreadWatch()
  private var sockets = SocketWatch()

  package init() {}

  /// Finds out the details that an interest asks for.
  ///
  /// - Parameters:
  ///   - isLive: whether the moment is now, so that more events will come.
  ///   - breathe: is called between two pieces of what takes long. See §1.
  ///   - isCalledAway: is called between two pieces. If it returns true, what takes long is put off. See §2.
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

  /// Takes all the steps. Returns false if they were put off before the last one.
  private static func isDone(
    _ step: () -> Bool, _ breathe: () -> Void, _ isCalledAway: () -> Bool
  ) -> Bool {
    while step() {
      breathe()
      if isCalledAway() { return false }
    }
    return true
  }

  /// When the last table of Gs was read, in nanoseconds of the machine's monotonic clock; nil: none was yet.
  package var tableReadAt: UInt64? { goroutines.value?.readAt }

  /// The last table of Gs; nil: none was read yet.
  package var goroutinesSeen: Goroutines? { goroutines.value }

  private static let pollQuery = EventQuery(filter: Filter("kind:netpoll"), limit: 1000)

  /// Returns all Gs, at a limited pace. `make` finds them.
  package mutating func goroutines(at moment: UInt64, isLive: Bool, _ make: () -> Goroutines?) -> Goroutines?
  {
    goroutines.get(true, at: moment, isLive: isLive, make)
  }

  /// Returns the stacks of the present moment, at a limited pace. `make` reads them.
  package mutating func stacks(_ question: StackQuestion, at moment: UInt64, _ make: () -> Stacks?) -> Stacks?
  {
    stacks.get(question, at: moment, isLive: true, make)
  }

  /// Returns the explanation of something in the past. `make` finds it, once for each subject and moment.
  package mutating func why(_ subject: Subject, at moment: UInt64, _ make: () -> Explanation) -> Explanation?
  {
    why.get(subject, at: moment, isLive: false, make)
  }

  /// Returns the walk of a request: the request step by step. `make` finds it, at a limited pace, until the
  /// request has ended, and then no more, because the walk is the same at each moment.
  package mutating func request(_ choice: RequestChoice, _ make: () -> RequestWalk?) -> RequestAnswer? {
    let isOver = request.value?.walk?.span.end != nil
    return request.get(choice, at: 0, isLive: !isOver) { RequestAnswer(choice: choice, walk: make()) }
  }

  /// Returns the stage (what each P runs, and the Gs on the queues) of the present moment, at a limited pace.
  package mutating func stage(_ question: StageQuestion, of history: History, at moment: UInt64) -> Stage? {
    stage.get(question, at: moment, isLive: true) { stageMaker.stage(of: history, question) }
  }

  /// Adds what the operating system says of the target. The target must be a live process of this machine.
  package mutating func lookAtSystem(
    _ interest: Interest, _ places: ThreadPlaces, tids: [Int32], _ detail: inout Detail
  ) {
    if interest.threads { detail.threads = threads.look(places, tids: tids) }
    if !interest.sockets.isEmpty { detail.sockets = sockets.look(pid: places.pid, fds: interest.sockets) }
  }
}
