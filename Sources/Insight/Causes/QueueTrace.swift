// The path of a runnable G from queue to queue, found from the events between its `ready` and its start.
//
// §1 The problem. One event says on which queue a G was put first, and another from which queue it was taken
// last. In between the G may have been pushed out of `runnext`, spilled to the GRQ with a hundred others,
// taken from there in a batch, and stolen with half of a queue. None of these events names the G.
//
// §2 The way back. A batch, stolen or taken from the GRQ, goes into an LRQ only when that LRQ is empty. So if
// a P takes a G from its own LRQ, the G came in the last batch that the P got since the G was ready. If there
// was no such batch, the G stood there ever since it was ready. If the batch was stolen, the same question is
// asked of the P from which it was stolen. If the batch came from the GRQ, the G was put there when it became
// ready, or was spilled. So the path is followed from its end to its beginning, and nothing is guessed.
//
// §3 Spills. A full LRQ gives its older half away, first in first out. The G joined behind `depth` others,
// and each of them that is run or stolen brings the G nearer to the head. So at each spill it is known
// whether the G was among those given away.
//
// §4 Limits. If the events do not fit together (the walk ends at another P than the one where the G was put,
// or a batch is missing), the path is unknown. Batches of other Ps are ordered by their times; the events of
// the P that ran the G are in the order in which that P wrote them. If a G went to the GRQ twice within one
// wait, the path shows it there once.
import Observed
import Region

/// A queue on which the G stood.
struct Stand: Equatable {
  var kind: Hop.Kind
  var p: Int?
  /// How many Gs were ahead of the G on this queue; nil: not known.
  var depth: Int?
  /// The moment from which on the G stood on this queue, in ticks.
  var from: UInt64
  /// The event that brought the G to this queue; nil: the G was put there when it became ready.
  var arrival: PlacedRecord?
}

/// Collects the events that move Gs between queues, and then walks back through them. See §2.
struct QueueTrace {
  private let facts: WaitFacts
  private let ready: PlacedRecord
  /// Steals, batches from the GRQ, wake-ups, and events by which an M got a P, in the order of time.
  private var moves: [PlacedRecord] = []
  /// The event that pushed the G out of `runnext`, on the P where it became ready.
  private var displacement: PlacedRecord?
  /// The event that moved the G to the GRQ from the LRQ of the P where it became ready.
  private var spill: PlacedRecord?
  /// How many Gs are ahead of the G on the LRQ of the P where it became ready; nil: the G does not stand
  /// there yet.
  private var ahead: Int?
  /// Whether there were more moves than are kept. Then the path is unknown.
  private var isCut = false

  /// Maximum number of moves that are kept.
  private static let most = 1 << 19
  /// Maximum number of steps back along the path of the G.
  private static let longest = 64

  /// Returns nil if the G has not become runnable, or if the record of its becoming runnable is missing.
  init?(_ facts: WaitFacts) {
    guard let ready = facts.ready else { return nil }
    (self.facts, self.ready) = (facts, ready)
    if ready.record.place.queue == .lrq { ahead = ready.record.place.depth }
  }

  /// Takes the next event between `ready` and the start of the G. Events must come in the order of time.
  mutating func take(_ event: PlacedRecord) {
    guard let kind = event.record.kind else { return }
    if case .p(let home) = ready.lane { follow(kind, event, home) }
    switch kind {
    case .steal, .grqTake, .procStart, .mWake:
      if moves.count < Self.most { moves.append(event) } else { isCut = true }
    default: break
    }
  }

  /// Keeps count of the Gs ahead of this one on the LRQ of the P where it became ready. See §3.
  private mutating func follow(_ kind: EventKind, _ event: PlacedRecord, _ home: Int) {
    let record = event.record
    let isHome = event.lane == ready.lane
    if ahead == nil {
      // Older targets do not tell `displacing` from `runnext`, so both count here.
      let isPut = (kind == .goCreate || kind == .goReady) && record.place.isRunnext
      guard isHome, isPut, ready.record.place.isRunnext, record.g != facts.g else { return }
      (displacement, ahead) = (event, record.place.depth)
      return
    }
    guard spill == nil, let before = ahead else { return }
    switch kind {
    case .goStart where isHome && record.runSource == .lrq: ahead = before - 1
    case .steal where record.arg == UInt64(home) && record.detail == 0: ahead = before - Int(record.count)
    case .overflow where isHome:
      // The count of an overflow includes the G that found the queue full. That G went to the GRQ with the
      // others, but never stood on the queue, so it is not subtracted from the number of Gs ahead.
      let isLast = before >= Capacity.lrq
      if isLast || before < Int(record.count) - 1 { spill = event }
      ahead = before - (Int(record.count) - 1)
    case .procRetire where record.count == UInt32(home): spill = event
    default: break
    }
  }

  // MARK: the way back

  private enum Place {
    case runnext(Int)
    case lrq(Int)
    case grq
  }

  /// Returns the queues on which the G stood, first to last; nil: the events do not say.
  func way() -> [Stand]? {
    guard !isCut, let end = facts.end, case .p(let p) = end.lane else { return nil }
    var way: [Stand] = []
    var index = moves.count
    guard var place = last(end, on: p, &index, &way) else { return nil }
    for _ in 0..<Self.longest {
      guard let next = step(place, &index, &way) else {
        return way.last?.arrival == nil ? way.reversed() : nil
      }
      place = next
    }
    return nil
  }

  /// Returns the queue from which P `p` took the G that it then ran. Adds the time from the taking to the
  /// start of the G to `way`.
  private func last(_ end: PlacedRecord, on p: Int, _ index: inout Int, _ way: inout [Stand]) -> Place? {
    func took(_ kind: EventKind, _ detail: UInt8 = 0) -> PlacedRecord? {
      guard let found = moves.lastIndex(where: { $0.lane == end.lane && $0.record.kind == kind }),
        moves[found].record.detail == detail
      else { return nil }
      index = found
      way.append(Stand(kind: .starting, p: p, from: moves[found].record.time, arrival: moves[found]))
      return moves[found]
    }
    switch end.record.runSource {
    case .runnext: return .runnext(p)
    case .lrq: return .lrq(p)
    case .grq: return took(.grqTake).map { _ in .grq }
    case .steal: return took(.steal).map { .lrq(Int(clamping: $0.record.arg)) }
    case .stealNext: return took(.steal, 1).map { .runnext(Int(clamping: $0.record.arg)) }
    case .netpoll:
      guard ready.lane == end.lane else { return nil }
      way.append(Stand(kind: .starting, p: p, from: ready.record.time))
      return .lrq(p)
    case .untold, nil: return nil
    }
  }

  /// Goes one step back. Adds to `way` how the G came to `place`, by an event before `moves[index]`, and
  /// returns where the G was before that. Returns nil at the beginning of the path, or if the events do not
  /// fit.
  private func step(_ place: Place, _ index: inout Int, _ way: inout [Stand]) -> Place? {
    if way.last.map({ $0.arrival == nil }) ?? false { return nil }
    switch place {
    case .runnext(let p): beginning(p, .runnext, &way)
    case .lrq(let p):
      guard let found = moves[..<index].lastIndex(where: { isBatch($0, to: p) }) else {
        beginning(p, .lrq, &way)
        return nil
      }
      let batch = moves[found]
      index = found
      way.append(Stand(kind: .lrq, p: p, from: batch.record.time, arrival: batch))
      return batch.record.kind == .steal ? .lrq(Int(clamping: batch.record.arg)) : .grq
    case .grq:
      if ready.record.place.queue == .grq {
        way.append(Stand(kind: .grq, depth: ready.record.place.depth, from: ready.record.time))
      } else if let spill, case .p(let p) = ready.lane {
        let before =
          spill.record.kind == .overflow ? Int(clamping: spill.record.arg) - Int(spill.record.count) : nil
        way.append(Stand(kind: .grq, depth: before, from: spill.record.time, arrival: spill))
        beginning(p, .lrq, &way)
      }
    }
    return nil
  }

  /// Whether an event put Gs on the LRQ of `p`, besides the one that `p` ran at once.
  private func isBatch(_ event: PlacedRecord, to p: Int) -> Bool {
    guard event.lane == .p(p), event.record.count > 1 else { return false }
    return event.record.kind == .grqTake || event.record.kind == .steal && event.record.detail == 0
  }

  /// Adds the queue on which the G was put when it became ready, if that was on P `p`, and the event that
  /// pushed it from there into the LRQ.
  private func beginning(_ p: Int, _ kind: Hop.Kind, _ way: inout [Stand]) {
    guard ready.lane == .p(p) else { return }
    let place = ready.record.place
    switch (place.queue, kind) {
    case (.lrq, .lrq):
      way.append(Stand(kind: .lrq, p: p, depth: place.depth, from: ready.record.time))
    case (.runnext, .runnext), (.displacing, .runnext):
      way.append(Stand(kind: .runnext, p: p, depth: place.depth, from: ready.record.time))
    case (.runnext, .lrq), (.displacing, .lrq):
      guard let displacement else { return }
      way.append(
        Stand(
          kind: .lrq, p: p, depth: displacement.record.place.depth, from: displacement.record.time,
          arrival: displacement))
      way.append(Stand(kind: .runnext, p: p, depth: place.depth, from: ready.record.time))
    default: break
    }
  }

  /// The moments at which the M that ran the G was woken, and at which it began to run with a P, in ticks.
  /// Returns nil if that M ran already when the G became ready.
  func wake() -> (woken: UInt64?, came: UInt64)? {
    guard let end = facts.end,
      let came = moves.lastIndex(where: {
        $0.record.kind == .procStart && $0.lane == end.lane && $0.record.m == end.record.m
      })
    else { return nil }
    // If the M took a P after a wake-up, that wake-up was for that P, and not for this G.
    let last = moves[..<came].last { event in
      event.record.kind == .mWake && event.record.count == UInt32(end.record.m)
        || event.record.kind == .procStart && event.record.m == end.record.m
    }
    let woken = last?.record.kind == .mWake ? last : nil
    return (woken?.record.time, moves[came].record.time)
  }
}
