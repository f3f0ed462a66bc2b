// The queues that are rebuilt from events, compared with what the target says of itself at each keyframe.
import Foundation
import Region

@testable import Exports
@testable import History
@testable import Inspector
@testable import Observed

/// Observes this process from a thread of its own, as `mpgtop` observes another process.
final class QueueWatch: @unchecked Sendable {
  private let lock = NSLock()
  private var isOver = false
  private var count = 0
  private var end: Result<History, any Error>?
  private let hasEnded = DispatchSemaphore(value: 0)

  init() {
    Thread.detachNewThread { [self] in
      end = Result { try follow() }
      hasEnded.signal()
    }
  }

  private func follow() throws -> History {
    let inspector = try Inspector.attach(to: getpid())
    var sampler = Sampler(inspector, history: HistoryLimits(bytes: 2_000_000_000))
    while !lock.withLock({ isOver }) {
      let pause = try sampler.step()
      let count = sampler.history?.numbers.count ?? 0
      lock.withLock { self.count = count }
      usleep(UInt32(min(pause / 1000, 1000)))
    }
    guard let player = try sampler.player() else { throw CocoaError(.featureUnsupported) }
    return player.history
  }

  /// How many segments the history has so far, each with a keyframe.
  var segments: Int { lock.withLock { count } }

  /// Stops, and returns the history that was recorded.
  func stop() throws -> History {
    lock.withLock { isOver = true }
    hasEnded.wait()
    return try end!.get()
  }
}

/// A snapshot of this process, taken on another thread while this one waits outside of the runtime.
func lookFromOutside() throws -> Snapshot {
  let look = Look()
  Thread.detachNewThread { look.run() }
  return try look.result()
}

private final class Look: @unchecked Sendable {
  private var found: Result<Snapshot, any Error>?
  private let hasEnded = DispatchSemaphore(value: 0)

  func run() {
    found = Result { try Inspector.attach(to: getpid()).snapshot() }
    hasEnded.signal()
  }

  func result() throws -> Snapshot {
    hasEnded.wait()
    return try found!.get()
  }
}

/// The result of a comparison.
struct QueueTruth {
  /// Numbers of events, of compared keyframes, and of keyframes that could not be compared: because a record
  /// was being written (`unsettled`), or because events are missing (`incomplete`).
  var events = 0
  var keyframes = 0
  var unsettled = 0
  var incomplete = 0
  var kinds: [EventKind: Int] = [:]
  /// The first differences, as text.
  var problems: [String] = []
  var count = 0

  private mutating func expect(_ isRight: Bool, _ problem: @autoclosure () -> String) {
    if isRight { return }
    count += 1
    if problems.count < 20 { problems.append(problem()) }
  }

  /// - Parameters:
  ///   - skipped: a kind that is hidden from the account; one difference is then enough.
  ///   - isThorough: also compares after every single event, and all gauges.
  init(_ history: History, skipping skipped: EventKind? = nil, isThorough: Bool = false) {
    history.flush()
    let decoder = RecordDecoder()
    var next = history.numbers.first.flatMap { Window($0, of: history, decoder) }
    for number in history.numbers.dropLast() {
      if skipped != nil, count > 0 { return }
      guard let window = next, let following = Window(number + 1, of: history, decoder) else { continue }
      next = following
      guard window.isWhole, window.gaps.isEmpty else {
        incomplete += 1
        continue
      }
      guard window.keyframe.snapshot.account != nil, following.keyframe.snapshot.account != nil else {
        unsettled += 1
        continue
      }
      keyframes += 1
      events += window.events.count - window.prefix
      compareBoundaries(window, following, history.reasons, skipped)
      if isThorough {
        compareMoments(window, following, history.reasons)
        followSteps(window, history.reasons)
      }
    }
  }

  /// Compares: a keyframe's gauges, plus the events up to each lane's next boundary, make the next keyframe's
  /// gauges.
  private mutating func compareBoundaries(
    _ window: Window, _ next: Window, _ reasons: [WaitReason?], _ skipped: EventKind?
  ) {
    var model = window.model(after: 0, at: 0, reasons: reasons)
    let ends = Dictionary(uniqueKeysWithValues: next.keyframe.boundaries.map { ($0.lane, $0.position) })
    for event in window.events where event.position < ends[event.lane] ?? 0 {
      guard let kind = event.record.kind else { continue }
      kinds[kind, default: 0] += 1
      if kind != skipped { model.apply(event.record, on: event.lane) }
    }
    let name = "keyframe \(next.number)"
    expect(
      Self.counts(model.state) == Self.counts(next.keyframe.snapshot),
      "\(name): \(model.state.gs), not \(next.keyframe.snapshot.gs)")
    guard let account = model.state.account, let wanted = next.keyframe.snapshot.account else { return }
    expect(account.grq == wanted.grq, "\(name): GRQ \(account.grq), not \(wanted.grq)")
    for id in 0..<max(account.ps.count, wanted.ps.count) {
      let (found, right) = (account[p: id] ?? QueueAccount.P(), wanted[p: id] ?? QueueAccount.P())
      expect(found == right, "\(name): P\(id) \(found), not \(right)")
    }
  }

  /// The counts of Gs without tasks, about which no event tells.
  private static func counts(_ snapshot: Snapshot) -> Snapshot.Gs {
    var gs = snapshot.gs
    gs.tasks = nil
    return gs
  }

  /// Compares: the model at the end of a window equals the model at the first moment of the next window,
  /// whose gauges were read from the region.
  private mutating func compareMoments(_ window: Window, _ next: Window, _ reasons: [WaitReason?]) {
    let before = window.model(after: window.events.count, at: next.start, reasons: reasons).snapshot
    let after = next.model(after: next.prefix, at: next.start, reasons: reasons).snapshot
    let name = "start of window \(next.number)"
    expect(Self.counts(before) == Self.counts(after), "\(name): \(before.gs), not \(after.gs)")
    expect(before.grq == after.grq, "\(name): GRQ \(before.grq.orDash), not \(after.grq.orDash)")
    // The number of Ps, and which Ps have rows, is no sum over lanes. It is read a little later than the
    // lanes, so skip moments at which it changes.
    let near = { (record: Record) in record.kind == .procsChange || record.kind == .procRetire }
    let isChanging =
      window.events.suffix(2000).contains { near($0.record) }
      || next.events.prefix(2000).contains { near($0.record) }
    expect(isChanging || before.procs == after.procs, "\(name): \(before.procs) procs, not \(after.procs)")
    expect(
      isChanging || before.ps.map(\.id) == after.ps.map(\.id),
      "\(name): rows \(before.ps.map(\.id)), not \(after.ps.map(\.id))")
    for found in before.ps {
      guard let right = after.ps.first(where: { $0.id == found.id }) else { continue }
      expect(
        found.lrq == right.lrq && found.runnext == right.runnext && found.g == right.g && found.m == right.m
          && found.ticks == right.ticks && found.stealsIn == right.stealsIn
          && found.stealsOut == right.stealsOut && found.stolenGs == right.stolenGs,
        "\(name): \(found), not \(right)")
    }
    for found in before.ms {
      // The state of an M without a P is no sum over lanes either, and is read a little later.
      guard let right = after.ms.first(where: { $0.id == found.id }) else { continue }
      // An M shows its P only while it is in no call, so compare Ms that are in a call in both or in neither.
      guard (found.state == .syscall) == (right.state == .syscall) else { continue }
      expect(found.p == right.p, "\(name): \(found), not \(right)")
      guard found.p != nil || (found.state == .preemptWait && right.state == .preemptWait) else { continue }
      expect(found.g == right.g, "\(name): \(found), not \(right)")
    }
  }

  /// Checks after every event that the queued Gs are the runnable Gs without those in hands.
  private mutating func followSteps(_ window: Window, _ reasons: [WaitReason?]) {
    var model = window.model(after: 0, at: 0, reasons: reasons)
    for event in window.events.prefix(window.prefix) { model.apply(event.record, on: event.lane) }
    func inHands(_ state: Snapshot) -> Int {
      state.gs.runnable + state.gs.preempted - (state.account?.queued ?? 0)
    }
    var hands = inHands(model.state)
    expect(hands >= 0, "window \(window.number): \(hands) Gs in hands at its start")
    for event in window.events[window.prefix...] {
      model.apply(event.record, on: event.lane)
      hands += Self.taken(event.record)
      expect(
        inHands(model.state) == hands,
        "\(event.record.kind!) on \(event.lane): \(inHands(model.state)) in hands, not \(hands)")
      expect(hands >= 0, "\(event.record.kind!) on \(event.lane): \(hands) in hands")
      for p in model.state.account?.ps ?? [] {
        expect(p.lrq >= 0 && p.next >= 0, "\(event.record.kind!) on \(event.lane): \(p)")
      }
      if count > 1000 { return }
    }
  }

  /// Steps with a player over the beginnings of segments, back and forth. Each moment must look the same,
  /// whether it is rebuilt from the keyframe before it or from the keyframe after it.
  mutating func walk(_ history: History, segments: Int) {
    guard var player = Player(history) else { return }
    for number in history.numbers.suffix(segments) {
      guard let segment = history.segment(number) else { continue }
      player.seek(ticks: segment.start)
      var states: [String: Snapshot] = [:]
      func compare(_ player: Player) -> Bool {
        guard let last = player.lastEvent else { return true }
        let state = player.model.state
        let known = states.updateValue(state, forKey: "\(last.lane) \(last.position)")
        guard let known else { return true }
        let areTold = known.account != nil && state.account != nil
        return Self.counts(known) == Self.counts(state) && (!areTold || known.account == state.account)
      }
      for _ in 0..<20 where player.step(forward: true).event != nil { _ = compare(player) }
      for isForward in [false, true, false] {
        for _ in 0..<60 {
          let step = player.step(forward: isForward)
          guard step.event != nil else { break }
          expect(compare(player), "\(number): another state after a step \(isForward ? "forth" : "back")")
        }
      }
    }
  }

  /// By how many an event changes the number of Gs in hands.
  private static func taken(_ record: Record) -> Int {
    switch record.kind {
    case .grqTake, .steal, .goSetAside: 1
    case .takeUp: -Int(record.count)
    case .goStart, .goResume:
      [.grq, .steal, .stealNext].contains(record.runSource) ? -1 : 0
    default: 0
    }
  }
}
