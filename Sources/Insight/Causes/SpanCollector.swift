// Finds spans (requests, each with all Gs that work for it) in a stream of events.
import Observed
import Region

/// Follows the Gs that belong to spans, and sums up where their time went.
struct SpanCollector {
  /// A G that belongs to a span, and the state that the G is in.
  private struct Follower {
    var span: UInt64
    /// Other spans that the G began and that go on, although the G now works for a span that is not inside them.
    var beside: [UInt64] = []
    var state: GState
    var reason = WaitReason.none
    /// The moment from which on the G has been in this state, in nanoseconds.
    var since: UInt64
    var p: Int?
    var m: Int?
  }

  private let clock: Clock
  private let reasons: [WaitReason?]
  private let names: StringBook
  /// The number of the span whose walk is wanted; nil: none.
  private let wanted: UInt64?
  private var followers: [UInt64: Follower] = [:]
  /// The spans that have begun and not ended, by their numbers.
  private(set) var open: [UInt64: SpanSummary] = [:]
  /// Everything that the Gs of the wanted span did so far; nil: that span has not begun.
  private(set) var walk: SpanWalk?
  /// The index of each G in the walk's members.
  private var places: [UInt64: Int] = [:]

  /// Maximum number of spans, and of Gs, that are followed.
  private static let most = 1 << 20
  /// Maximum depth of spans within spans.
  private static let deepest = 32

  init(_ clock: Clock, reasons: [WaitReason?], names: StringBook, wanted: UInt64? = nil) {
    (self.clock, self.reasons, self.names, self.wanted) = (clock, reasons, names, wanted)
  }

  /// Takes the next event, and hands spans that end to `done`. Events must come in the order of time.
  mutating func take(_ event: PlacedRecord, _ done: (SpanSummary) -> Void) {
    let record = event.record
    guard record.g != 0, let kind = record.kind else { return }
    let time = clock.nanoseconds(at: record.time)
    switch kind {
    case .goLabel: label(record, event.lane, time, done)
    case .goCreate: create(record, event.lane, time)
    case .log: log(record, time)
    case .goExit:
      guard let old = followers[record.g] else { return }
      close(record.g, at: time)
      followers[record.g] = nil
      end(from: old.span, to: nil, root: record.g, time, done)
      for span in old.beside { end(span, time, done) }
    default:
      guard let (state, reason) = state(after: kind, record), followers[record.g] != nil else { return }
      close(record.g, at: time)
      enter(record.g, state, reason, event)
    }
  }

  private func state(after kind: EventKind, _ record: Record) -> (GState, WaitReason)? {
    switch kind {
    case .goReady, .goYield: (.runnable, .none)
    case .goStart, .goResume: (.running, .none)
    case .goPark: (.waiting, reasons[Int(record.detail)] ?? .none)
    case .goPreempt: (record.detail == 1 ? .preempted : .runnable, .none)
    case .goSyscall: (.syscall, .none)
    case .goSyscallExit: (record.detail == 0 ? .runnable : .running, .none)
    default: nil
    }
  }

  private mutating func enter(_ g: UInt64, _ state: GState, _ reason: WaitReason, _ event: PlacedRecord) {
    followers[g]?.state = state
    followers[g]?.reason = reason
    followers[g]?.m = Int(event.record.m)
    if state == .running, case .p(let p) = event.lane { followers[g]?.p = p }
  }

  /// Adds the time that a G has spent in its state, up to `time`, to its spans.
  private mutating func close(_ g: UInt64, at time: UInt64) {
    guard let follower = followers[g] else { return }
    followers[g]?.since = max(time, follower.since)
    let duration = max(time, follower.since) - follower.since
    for span in chain(follower.span) + follower.beside {
      if open[span]?.root == g {
        open[span]?.sums.add(duration, follower.state, follower.reason)
      } else {
        open[span]?.others.add(duration, follower.state, follower.reason)
      }
    }
    if let index = places[g] { note(g, follower, duration, at: index) }
  }

  private mutating func note(_ g: UInt64, _ follower: Follower, _ duration: UInt64, at index: Int) {
    walk?.members[index].sums.add(duration, follower.state, follower.reason)
    guard duration > 0 else { return }
    guard walk?.pieces.count ?? 0 < SpanWalk.most else {
      walk?.isCut = true
      return
    }
    walk?.pieces.append(
      SpanPiece(
        g: g, state: follower.state, reason: follower.reason, begin: follower.since, duration: duration,
        p: follower.p, m: follower.m))
  }

  /// Notes a line that was logged for the wanted span, while that goes on, or by one of its Gs.
  private mutating func log(_ record: Record, _ time: UInt64) {
    guard let wanted, let count = walk?.logs.count else { return }
    guard record.arg == wanted && open[wanted] != nil || places[record.g] != nil else { return }
    guard count < SpanWalk.most else {
      walk?.isCut = true
      return
    }
    walk?.logs.append(SpanLog(g: record.g, time: time, text: names.string(UInt64(record.count))))
  }

  /// A span and the spans around it, the innermost first.
  private func chain(_ span: UInt64) -> [UInt64] {
    var chain = [span]
    while chain.count < Self.deepest, let outer = open[chain[chain.count - 1]]?.outer { chain.append(outer) }
    return chain
  }

  // MARK: who belongs to what

  private mutating func label(
    _ record: Record, _ lane: Lane, _ time: UInt64, _ done: (SpanSummary) -> Void
  ) {
    let (g, number) = (record.g, record.arg)
    let old = followers[g]
    close(g, at: time)
    if record.detail == 4 {
      followers[g]?.beside.removeAll { $0 == number }
      return end(number, time, done)
    }
    let (begins, isBeside) = (record.detail & 1 == 1 && number != 0, record.detail & 2 != 0)
    if !begins, let old { end(from: old.span, to: number, root: g, time, done) }
    guard number != 0 else {
      followers[g] = nil
      return leave(g)
    }
    if begins, open.count < Self.most {
      var span = SpanSummary(
        number: number, label: names.string(UInt64(record.count)), root: g, begin: time)
      if !isBeside { span.outer = old.flatMap { open[$0.span] == nil ? nil : $0.span } }
      open[number] = span
      if number == wanted { walk = SpanWalk(span: span) }
    }
    guard followers.count < Self.most || old != nil else { return }
    // A G that begins a span runs, whatever was seen of it last.
    var follower = Follower(
      span: number, state: begins ? .running : old?.state ?? .running,
      reason: begins ? .none : old?.reason ?? .none, since: time, m: Int(record.m)
    )
    if let old {
      let left = isBeside ? chain(old.span).filter { open[$0]?.root == g } : []
      follower.beside = (old.beside + left).filter { $0 != number && open[$0] != nil }
      if !begins { follower.beside.removeAll { chain(number).contains($0) } }
    }
    if case .p(let p) = lane { follower.p = p }
    followers[g] = follower
    join(g, nil, nil)
  }

  private mutating func create(_ record: Record, _ lane: Lane, _ time: UInt64) {
    guard let parent = followers[record.other], followers.count < Self.most else { return }
    followers[record.g] = Follower(span: parent.span, state: .runnable, since: time)
    for span in chain(parent.span) { open[span]?.gs += 1 }
    join(record.g, record.other, names.string(UInt64(record.count)))
  }

  /// Adds a G to the members of the walk, if it belongs to the wanted span.
  private mutating func join(_ g: UInt64, _ parent: UInt64?, _ entry: String?) {
    guard let wanted, let walk, let follower = followers[g] else { return }
    // After the end of the wanted span, the Gs that it left behind still belong to it.
    guard (chain(follower.span) + follower.beside).contains(wanted) else { return leave(g) }
    if let index = walk.members.firstIndex(where: { $0.g == g }) {
      places[g] = index
    } else if walk.members.count < SpanWalk.most {
      places[g] = walk.members.count
      self.walk?.members.append(SpanWalk.Member(g: g, parent: parent, entry: entry))
    } else {
      self.walk?.isCut = true
    }
  }

  private mutating func leave(_ g: UInt64) { places[g] = nil }

  /// Ends the spans that their root (the G that began them) leaves: the span `span`, and those around it that
  /// lie inside `other`. The span `other`, to which the root returns, goes on; nil: the root returns to no span.
  /// A span that another G began goes on as well.
  private mutating func end(
    from span: UInt64, to other: UInt64?, root: UInt64, _ time: UInt64, _ done: (SpanSummary) -> Void
  ) {
    for number in chain(span) {
      // The chain goes from inner to outer spans. The root goes on in `other`, so it has not left the spans around
      // `other` either.
      guard number != other, var summary = open[number], summary.root == root else { return }
      summary.end = time
      open[number] = nil
      if number == wanted { walk?.span = summary }
      done(summary)
    }
  }

  /// Ends a span, even if the G that began it works for another span now.
  private mutating func end(_ number: UInt64, _ time: UInt64, _ done: (SpanSummary) -> Void) {
    guard var summary = open.removeValue(forKey: number) else { return }
    summary.end = time
    if number == wanted { walk?.span = summary }
    done(summary)
  }

  /// Sets `missing` of each open span, and of the wanted span, to the number of records that are missing from
  /// that span's time. Call this after `finish`.
  mutating func note(_ gaps: MissingRecords) {
    func missing(_ span: SpanSummary) -> UInt64 {
      gaps.count(from: clock.ticks(at: span.begin), to: span.end.map { clock.ticks(at: $0) } ?? .max)
    }
    open = open.mapValues {
      var span = $0
      span.missing = missing(span)
      return span
    }
    if let span = walk?.span { walk?.span.missing = missing(span) }
  }

  /// Ends the last piece of each G. Assumes that the G stays in its state until `ticks`. Call this after the
  /// last event.
  mutating func finish(at ticks: UInt64) {
    let time = clock.nanoseconds(at: ticks)
    for g in followers.keys.sorted() { close(g, at: time) }
    if let wanted, let summary = open[wanted] { walk?.span = summary }
    walk?.pieces.sort { ($0.begin, $0.g) < ($1.begin, $1.g) }
  }
}
