// The queues rebuilt from events, set against what the target says of itself at each keyframe.
import Foundation
import Region

@testable import Exports
@testable import History
@testable import Inspector
@testable import Observed

/// Follows this process from a thread of its own, as `mpgtop` follows another.
final class QueueWatch: @unchecked Sendable {
  private let lock = NSLock()
  private var isOver = false
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
      usleep(UInt32(min(pause / 1000, 1000)))
    }
    guard let player = try sampler.player() else { throw CocoaError(.featureUnsupported) }
    return player.history
  }

  /// What it saw.
  func stop() throws -> History {
    lock.withLock { isOver = true }
    hasEnded.wait()
    return try end!.get()
  }
}

/// What this process looks like from another thread, while this one waits outside of the runtime.
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

/// What a comparison came to.
struct QueueTruth {
  /// Events gone through, keyframes compared; and those that could not be: the target was in the middle of a record, or
  /// events are missing.
  var events = 0
  var keyframes = 0
  var unsettled = 0
  var incomplete = 0
  var kinds: [EventKind: Int] = [:]
  /// What differs, a few of each.
  var problems: [String] = []
  var count = 0

  private mutating func expect(_ isRight: Bool, _ problem: @autoclosure () -> String) {
    if isRight { return }
    count += 1
    if problems.count < 20 { problems.append(problem()) }
  }

  /// - Parameters:
  ///   - skipped: a kind that the account shall not know of; then the first difference is enough.
  ///   - isThorough: goes through all events one by one besides, and through all gauges.
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

  /// The gauges of a keyframe and the events up to each lane's next boundary make the gauges of the next keyframe.
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

  /// No event tells of tasks.
  private static func counts(_ snapshot: Snapshot) -> Snapshot.Gs {
    var gs = snapshot.gs
    gs.tasks = nil
    return gs
  }

  /// The model at the end of a window is that of the next one's first moment, whose gauges were read from the region.
  private mutating func compareMoments(_ window: Window, _ next: Window, _ reasons: [WaitReason?]) {
    let before = window.model(after: window.events.count, at: next.start, reasons: reasons).snapshot
    let after = next.model(after: next.prefix, at: next.start, reasons: reasons).snapshot
    let name = "start of window \(next.number)"
    expect(Self.counts(before) == Self.counts(after), "\(name): \(before.gs), not \(after.gs)")
    expect(before.grq == after.grq, "\(name): GRQ \(before.grq), not \(after.grq)")
    // The number of Ps, and with it which have rows, is no sum over lanes: it is read a little later than they are.
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
      // What an M without a P does is no sum over lanes either, and is read a little later.
      guard let right = after.ms.first(where: { $0.id == found.id }) else { continue }
      // Whether it is in a call: an M shows its P only where it is not.
      guard (found.state == .syscall) == (right.state == .syscall) else { continue }
      expect(found.p == right.p, "\(name): \(found), not \(right)")
      guard found.p != nil || (found.state == .preemptWait && right.state == .preemptWait) else { continue }
      expect(found.g == right.g, "\(name): \(found), not \(right)")
    }
  }

  /// After every step: what is queued is what is runnable and in nobody's hands.
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

  /// Steps of a player, back over the beginnings of segments and forth again, show each moment as it was: rebuilt from the
  /// keyframe before it and from the one after.
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

  /// Gs that an event takes into somebody's hands.
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
