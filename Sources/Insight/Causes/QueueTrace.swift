// The way of a runnable G from queue to queue, found out from the events between its `ready` and its start.
//
// §1 The problem. An event says where a G was put first, and another from where it was taken last. In between it may
// have been pushed out of `runnext`, spilled to the GRQ with a hundred others, taken from there in a batch, and stolen
// with half of a queue: none of which names it.
//
// §2 The way back. A batch, stolen or taken from the GRQ, goes into an LRQ only when that is empty, so a G that a P takes
// from its own LRQ came in the last batch that the P got since the G was ready; or, if there was none, it stood there
// from the start. If it came by a steal, ask the same of the victim; if from the GRQ, it was put there when it became
// ready, or was spilled. So one walks from the end to the beginning, and no G is guessed.
//
// §3 Spills. A full LRQ gives its older half away, first in first out. The G joined behind `depth` others, and each that
// is run or stolen brings it nearer to the head; so at each spill it is known whether it was among those that went.
//
// §4 What does not fit (the walk ends at another P than that where the G was put, a batch is missing) makes the way
// unknown. Batches of other Ps are put in order by their times; on the P that ran the G the order is that of its lane. A
// G that went to the GRQ twice within one wait is told to have gone once.
import Observed
import Region

/// A queue that the G stood on.
struct Stand: Equatable {
  package var kind: Hop.Kind
  package var p: Int?
  package var depth: Int?
  /// In ticks: since when.
  package var from: UInt64
  /// What brought it there; nil: it was put there when it became ready.
  var arrival: PlacedRecord?
}

/// Collects what moves Gs between queues, and then walks back. See §2.
struct QueueTrace {
  private let facts: WaitFacts
  private let ready: PlacedRecord
  /// Steals, takes from the GRQ, and wake-ups, in the order of time.
  private var moves: [PlacedRecord] = []
  /// What pushed the G out of `runnext` of the P where it was ready.
  private var displacement: PlacedRecord?
  /// What put it from that P's LRQ on the GRQ.
  private var spill: PlacedRecord?
  /// Gs before it on that LRQ, once it stands there.
  private var ahead: Int?
  private var isCut = false

  private static let most = 1 << 19
  private static let longest = 64

  /// nil: it has not become runnable, or that record is missing.
  init?(_ facts: WaitFacts) {
    guard let ready = facts.ready else { return nil }
    (self.facts, self.ready) = (facts, ready)
    if ready.record.place.queue == .lrq { ahead = ready.record.place.depth }
  }

  /// Takes an event between `ready` and the end, in the order of time.
  package mutating func take(_ event: PlacedRecord) {
    guard let kind = event.record.kind else { return }
    if case .p(let home) = ready.lane { follow(kind, event, home) }
    switch kind {
    case .steal, .grqTake, .procStart, .mWake:
      if moves.count < Self.most { moves.append(event) } else { isCut = true }
    default: break
    }
  }

  /// Keeps count of those before it on the LRQ of the P where it became ready. See §3.
  private mutating func follow(_ kind: EventKind, _ event: PlacedRecord, _ home: Int) {
    let record = event.record
    let isHome = event.lane == ready.lane
    if ahead == nil {
      // An older target does not say whether there was one to displace.
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
      // The last of those that it counts found the queue full, and went along.
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

  /// The queues that it stood on, first to last; nil: the events do not say.
  package func way() -> [Stand]? {
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

  /// From where the P took it that ran it; adds the time since then.
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

  /// Adds how it came to be where it was before `moves[index]`, and says where it was before that; nil: that was the
  /// beginning, or does not fit.
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

  /// Whether an event put more than the one that ran at once on the LRQ of `p`.
  private func isBatch(_ event: PlacedRecord, to p: Int) -> Bool {
    guard event.lane == .p(p), event.record.count > 1 else { return false }
    return event.record.kind == .grqTake || event.record.kind == .steal && event.record.detail == 0
  }

  /// Adds where it was put when it became ready, if that was on P `p`; with what pushed it from there into the LRQ.
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

  /// When the thread that ran it was woken, and when it came to run with a P, if that was after the G was ready.
  package func wake() -> (woken: UInt64?, came: UInt64)? {
    guard let end = facts.end,
      let came = moves.lastIndex(where: {
        $0.record.kind == .procStart && $0.lane == end.lane && $0.record.m == end.record.m
      })
    else { return nil }
    // One that took a P in between was woken for that.
    let last = moves[..<came].last { event in
      event.record.kind == .mWake && event.record.count == UInt32(end.record.m)
        || event.record.kind == .procStart && event.record.m == end.record.m
    }
    let woken = last?.record.kind == .mWake ? last : nil
    return (woken?.record.time, moves[came].record.time)
  }
}
