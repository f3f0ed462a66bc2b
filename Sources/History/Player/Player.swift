// The player: a place in history that can be moved, and what could be seen at that place.
//
// A player goes one event forwards or back, to a moment, to the beginning or to the end. At each place it gives the
// gauges that a live viewer would have shown, the last events of each lane, and all Gs. Meanwhile the history may grow,
// and may drop its oldest part. A place that was dropped becomes the oldest one that there is.
import Observed

/// Moves through a history. Not thread-safe.
public struct Player {
  /// The history in which the player moves.
  public private(set) var history: History
  private let decoder = RecordDecoder()
  package private(set) var window: Window { didSet { models = ModelCheckpoints() } }
  /// Models that are kept of the open window, so that a step need not begin at the window's keyframe.
  private var models = ModelCheckpoints()
  /// The contents of queues that are kept; see QueueMemory.
  let queueMemory = QueueMemory()
  /// How many events of the window have happened.
  package private(set) var count: Int
  /// The moment that is shown, in ticks.
  package private(set) var ticks: UInt64
  /// The step that led to this place; nil: the player came to it otherwise. See `step(forward:)`.
  public internal(set) var step: PastStep?
  /// Segments that are kept unpacked, for a question that goes through the same ones repeatedly; nil: none are.
  package var unpacked: UnpackedWindows?
  /// The work on an answer, which tells how far it has come and whether it was cancelled; nil: no such work is going on. See
  /// Effort.
  package var effort: Effort?

  /// Starts at the newest moment. nil: there is no history, or its last segment cannot be read.
  public init?(_ history: History) {
    history.flush()
    guard let number = history.numbers.last, let window = Window(number, of: history, decoder) else {
      return nil
    }
    self.history = history
    self.window = window
    count = window.events.count
    ticks = window.events.last.map { max($0.record.time, window.start) } ?? window.start
  }

  /// The moment that is shown, in nanoseconds of the machine's monotonic clock.
  public var time: UInt64 { window.keyframe.clock.nanoseconds(at: ticks) }
  /// The first moment that can be shown, in nanoseconds.
  public var firstTime: UInt64 { history.numbers.first.flatMap { history.segment($0)?.time } ?? time }
  /// The last moment that can be shown, in nanoseconds.
  public var lastTime: UInt64 {
    guard let last = history.numbers.last, let segment = history.segment(last) else { return time }
    let end = segment.blocks.map(\.lastTime).max() ?? segment.start
    return max(segment.time, window.keyframe.clock.nanoseconds(at: end))
  }

  /// Whether this is the newest moment of the history so far.
  public var isAtEnd: Bool { window.number >= history.numbers.last ?? 0 && count == window.events.count }
  /// Whether this is the oldest moment.
  public var isAtStart: Bool { window.number <= history.numbers.first ?? 0 && count <= window.prefix }

  /// Goes on in another copy of the same history, at the same place.
  public mutating func turn(to history: History) {
    history.flush()
    self.history = history
  }

  /// Reads the open segment again, at the same place: its source came to know more of its beginning.
  public mutating func renew() { _ = open(window.number) }

  // MARK: moving

  /// Goes to a moment, in nanoseconds. Beyond an end of the history it goes to that end.
  public mutating func seek(to time: UInt64) {
    seek(ticks: window.keyframe.clock.ticks(at: time))
    // Each segment has the clock as it was read when the segment began. Only the segment's own clock tells the times
    // of its events exactly.
    seek(ticks: window.keyframe.clock.ticks(at: time))
  }

  package mutating func seek(ticks wanted: UInt64) {
    guard let number = history.number(at: wanted) else { return }
    guard open(number) else { return }
    count = max(window.prefix, window.count(upTo: wanted))
    // Without events nothing is known between keyframes, so no such moment is shown.
    ticks = window.hasEvents ? max(window.start, wanted) : window.start
    if let gap = history.gap(before: window.number + 1) {
      ticks = min(ticks, max(window.start, window.keyframe.clock.ticks(at: gap.from)))
    }
    step = nil
  }

  /// The last gap before this moment; nil: none is known.
  public var gap: HistoryGap? { history.latestGap(upTo: window.number) }

  /// How long nobody watched between a moment, in nanoseconds, and this one; nil: there is no gap, or no such moment.
  package func unwatched(since before: UInt64?) -> UInt64? {
    let length = before.map { history.unwatched(after: $0, upTo: time) } ?? 0
    return length == 0 ? nil : length
  }

  /// Goes on by a length of time, in nanoseconds, but at least to the next moment of which something is
  /// known. If there is no such moment, it goes to the end.
  public mutating func advance(by interval: UInt64) {
    let before = time
    let (wanted, isBeyond) = before.addingReportingOverflow(interval)
    guard !isBeyond, wanted < lastTime else { return seekToEnd() }
    seek(to: wanted)
    // Between keyframes without events, and inside of a gap, there is no moment.
    if time <= before, let next = history.segment(window.number + 1)?.start {
      seek(ticks: next)
    }
  }

  /// Goes back by a length of time, in nanoseconds.
  public mutating func goBack(by interval: UInt64) { seek(to: time - min(time, interval)) }

  /// Whether there are events to step over. A target without tracing writes none, and then there are only keyframes.
  public var hasEvents: Bool { window.hasEvents }

  /// Lets one more event happen. false: this is the end already.
  @discardableResult
  public mutating func stepForward() -> Bool {
    guard hasEvents else { return false }
    while count >= window.events.count {
      guard window.number < history.numbers.last ?? 0, open(max(window.number + 1, history.firstNumber))
      else {
        return false
      }
      count = window.prefix
      ticks = window.start
    }
    ticks = window.events[count].record.time
    count += 1
    return true
  }

  /// Undoes the last event. false: this is the beginning already.
  @discardableResult
  public mutating func stepBack() -> Bool {
    guard hasEvents else { return false }
    while count <= window.prefix {
      guard window.number > history.numbers.first ?? 0, open(window.number - 1) else { return false }
      count = window.events.count
    }
    count -= 1
    ticks = count > window.prefix ? window.events[count - 1].record.time : window.start
    return true
  }

  /// The event that the last step went over; nil: there is none.
  func crossed(_ isForward: Bool) -> Event? {
    let place = isForward ? count - 1 : count
    return window.events.indices.contains(place) ? event(window.events[place]) : nil
  }

  /// Goes to the first moment.
  public mutating func seekToStart() { seek(ticks: 0) }
  /// Goes to the last moment.
  public mutating func seekToEnd() {
    history.flush()
    guard let last = history.numbers.last, open(last) else { return }
    step = nil
    count = window.events.count
    ticks = window.events.last.map { max($0.record.time, window.start) } ?? window.start
  }

  /// The newest moment, in nanoseconds, of which everything is known. Rings are read one after the other. So
  /// while events are being added to the history, its end is known for some lanes and not for others, and a G
  /// may run there that was never ready. The newest moment is before that. If no events are being added, as
  /// in a recording, it is the last moment.
  public var newestTime: UInt64 {
    let settled = history.settled
    return settled == 0 ? lastTime : settled
  }

  /// Goes to the newest moment of which everything is known.
  public mutating func seekToNewest() {
    seekToEnd()
    let newest = newestTime
    if newest < time { seek(to: newest) }
  }

  /// Unpacks a segment, unless it is the one that is open and has not grown. false: it cannot be read.
  private mutating func open(_ number: Int) -> Bool {
    if number == window.number, window.extent == Window.Extent(number, of: history) { return true }
    guard let window = unpack(number) else { return false }
    self.window = window
    return true
  }

  // MARK: what could be seen

  /// All gauges at this moment. What cannot be known of the moment is nil, or is as of the keyframe before.
  public var snapshot: Snapshot {
    if let kept = unpacked?.snapshot, kept.segment == window.number, kept.count == count, kept.ticks == ticks
    {
      return kept.snapshot
    }
    var snapshot = unnamedSnapshot
    let gs = goroutines.all
    snapshot.nameEntries { id in gs.first { $0.id == id }?.entry }
    unpacked?.snapshot = (window.number, count, ticks, snapshot)
    return snapshot
  }

  /// The same as `snapshot`, without the entry points of the Gs that run. This is much cheaper.
  package var unnamedSnapshot: Snapshot {
    window.snapshot(of: model, after: count, at: ticks, time: time)
  }

  /// The keyframes of the minute before this moment, and of the time since `since`, oldest first. Rates, maxima and the
  /// chart of the last minute are made from them.
  package func keyframes(since: UInt64) -> [Keyframe] {
    let now = window.keyframe.snapshot.time
    let earliest = min(since, now - min(now, 60_000_000_000))
    let numbers = history.numbers.filter {
      $0 <= window.number && history.segment($0)?.time ?? 0 >= earliest
    }
    return numbers.compactMap { history.segment($0)?.keyframe.bytes.flatMap { Keyframe($0) } }
  }

  /// All gauges, without the names of Gs. This is much cheaper than `snapshot`.
  package var model: Model { models.model(of: window, after: count, at: ticks, reasons: history.reasons) }

  /// The last events up to this moment, oldest first: at most `limit` of each lane.
  public func lastEvents(ofEachLane limit: Int) -> [Lane: [Event]] {
    var found: [Lane: [PlacedRecord]] = [:]
    func look(_ events: some Collection<PlacedRecord>) {
      for event in events.reversed() where found[event.lane, default: []].count < limit {
        found[event.lane, default: []].append(event)
      }
    }
    look(window.events.prefix(count))
    // For lanes that were quiet, look for their events in a few earlier segments.
    let near = history.stretch(around: window.number).clamped(to: window.number - 8..<window.number)
    for number in near.reversed() {
      let busy = Set(found.filter { $0.value.count >= limit }.keys)
      guard let earlier = unpack(number, only: RecordSieve(butOf: busy)) else { break }
      look(earlier.events.filter { $0.record.time <= window.start })
    }
    return found.mapValues { $0.reversed().map(event) }
  }

  /// The event that happened last; nil: none has happened.
  public var lastEvent: Event? {
    if count > window.prefix { return event(window.events[count - 1]) }
    // At the beginning of a segment the latest event may be one that the segment before holds. That segment's events go
    // up to this moment, those that were written late included.
    let earlier = history.numbers.prefix { $0 < window.number }
    for number in earlier.reversed() {
      guard let other = Window(number, of: history, decoder) else { return nil }
      if let last = other.events.last { return event(last) }
    }
    return count > 0 ? event(window.events[count - 1]) : nil
  }

  func event(_ placed: PlacedRecord) -> Event {
    Event(placed, window.keyframe.clock, names: history.names, reasons: history.reasons)
  }

  /// How many records are missing in this segment, up to this moment. If it is not 0, nothing follows from the absence
  /// of a record.
  public var missing: UInt64 { window.missing(at: ticks) }

  /// Hands the segments with the numbers from `first` to `last`, as far as this moment, to `take`, each with
  /// its events in the order of time. Each event is handed over once.
  ///
  /// - Parameter sieve: lets through the events that are wanted, and perhaps others; nil: all.
  package func walk(
    from first: Int, to last: Int = .max, only sieve: RecordSieve? = nil,
    _ take: (Window, ArraySlice<PlacedRecord>) -> Void
  ) {
    let first = max(first, history.numbers.lowerBound)
    guard first <= min(last, window.number) else { return }
    for number in first...min(last, window.number) {
      let isLast = number == window.number
      guard let other = isLast ? window : unpack(number, only: sieve) else { continue }
      // Events up to a segment's start are left out. In a later segment they belong to the segment before; in the first
      // one they are known for some lanes only.
      let end = isLast ? count : other.events.count
      take(other, other.events[min(other.prefix, end)..<end])
    }
  }

  /// Unpacks a segment with all its events, or with those that a sieve lets through.
  ///
  /// nil: there is no such segment, or the question was cancelled (`effort`).
  package func unpack(_ number: Int, only sieve: RecordSieve? = nil) -> Window? {
    if effort?.isCancelled == true { return nil }
    if let kept = unpacked?.kept(number) { return kept }
    let window =
      sieve == nil && unpacked != nil
      ? unpacked?.window(number, of: history, decoder) : Window(number, of: history, decoder, only: sieve)
    effort?.note(window?.looked ?? 0)
    return window
  }

  /// The clock of the segment that is open.
  package var clock: Clock { window.keyframe.clock }

  /// At most this many segments are gone through to find out what the Gs did.
  private static let reach = 64

  /// Every G at this moment; see GoroutineFinder §2.
  public var goroutines: Goroutines {
    if let goroutinesAtHand { return goroutinesAtHand }
    let (finder, isComplete) = finder
    let all = finder.result(window.keyframe.clock, names: history.names, isComplete: isComplete)
    unpacked?.goroutines = (window.number, count, ticks, all)
    return all
  }

  /// Every G at this moment, if that has been found out already; nil: it has not.
  package var goroutinesAtHand: Goroutines? {
    guard let kept = unpacked?.goroutines else { return nil }
    return kept.segment == window.number && kept.count == count && kept.ticks == ticks ? kept.all : nil
  }

  /// The player's place. Equal places in one history show the same, unless the history has grown.
  package var place: PlayerPlace {
    PlayerPlace(segment: window.number, count: count, ticks: ticks, step: step)
  }

  /// The value that finds out the Gs at this moment.
  package var finder: (GoroutineFinder, isComplete: Bool) {
    if let found = unpacked?.found, found.segment == window.number, found.count == count {
      return (found.finder, found.isComplete)
    }
    let (finder, isComplete) = find()
    unpacked?.found = (window.number, count, finder, isComplete)
    return (finder, isComplete)
  }

  /// Some Gs at this moment, by id. Those that do not exist are left out.
  package func goroutines(_ wanted: Set<UInt64>) -> [UInt64: Goroutine] {
    let (finder, _) = find(only: IDSieve(wanted))
    let all = finder.result(window.keyframe.clock, names: history.names, isComplete: false).all
    return Dictionary(uniqueKeysWithValues: all.map { ($0.id, $0) })
  }

  private func find(only sieve: IDSieve? = nil) -> (GoroutineFinder, isComplete: Bool) {
    let near = history.stretch(around: window.number)
      .clamped(to: window.number - Self.reach..<window.number + Self.reach + 1)
    // Without events a table tells only of its own moment.
    let tables = near.filter { history.segment($0)?.goroutines != nil && (hasEvents || $0 == window.number) }
    let table =
      tables
      .min { abs($0 - window.number) < abs($1 - window.number) }
    let list = table.flatMap { history.segment($0)?.goroutines?.bytes }.flatMap { GoroutineList($0) }
    var finder = GoroutineFinder(list, reasons: history.reasons, only: sieve)
    let first = max(near.lowerBound, min(window.number, table ?? window.number) - 1)
    let last = min(near.upperBound - 1, max(window.number, table ?? window.number) + 1)
    for number in first...max(first, last) {
      guard let other = number == window.number ? window : unpack(number) else {
        continue
      }
      // Events up to a segment's start are left out. The segment before has them; in the first one they are known for
      // some lanes only, so they say nothing of a G.
      let start = other.prefix
      let upTo = number < window.number ? other.events.count : number > window.number ? start : count
      for event in other.events[start..<max(upTo, start)] { finder.apply(event.record, on: event.lane) }
      for event in other.events[max(upTo, start)...] { finder.revert(event.record, on: event.lane) }
    }
    return (finder, list.map { !$0.isCut } ?? false)
  }
}

extension History {
  /// Goes through every record once, as a replay does, and returns how many there were.
  public func replayAll() -> Int {
    let decoder = RecordDecoder()
    return numbers.reduce(0) { count, number in
      guard let window = Window(number, of: self, decoder) else { return count }
      let model = window.model(after: window.events.count, at: .max, reasons: reasons)
      var applied = model.snapshot.trace.events
      applied.takeOff(window.keyframe.snapshot.trace.events)
      return count + Int(clamping: applied ?? 0) - window.prefix
    }
  }
}
