// The contents of the queues, rebuilt from events: which Gs stand where, in which order.
//
// §1 The account (QueueAccount) says how many Gs stand on each queue. Here the same records say which. A G is on a
// queue from the record that puts it there until the record that takes it off. A queue has as many Gs here as the
// account says, after each event; a test compares the two.
//
// §2 A record that puts one G on a queue names the G, and so does a record that starts a G. Records of batches do not: a
// steal, a spill and a take from the GRQ tell only how many Gs they moved. But a thief runs the first G of its batch at
// once, and the record of that start names the G. So the caller that applies a batch passes the G that the same lane
// starts next from such a batch (`first`). The other Gs of the batch follow behind it in the order of the queue that they
// came from.
//
// §3 Records may come in another order than the moves. A thief takes Gs, and writes its record later; in between the
// victim takes the Gs behind them. So a G may start from the middle of a queue: the Gs before it are in the thief's hands
// already, and the thief's batch begins at the G that is passed as `first`.
//
// §4 Nothing is guessed. Where the records leave open which Gs a batch has, those Gs, and the Gs of the queue that they
// came from, become *unnamed*: 0. An unnamed G stands in its queue and counts. It gets its name when it starts. So
// queues in use have all their names again after a while.
import Observed
import Region

/// The contents of all queues, to which events can be applied one by one.
package struct QueueRebuild: Equatable, Sendable {
  /// The queues of one P.
  struct P: Equatable, Sendable {
    /// The G in `runnext`; two, if a thief has taken the first one and has not written its record yet. 0: unnamed.
    var next = Line<UInt64>()
    var lrq = Line<UInt64>()
    /// The G that the last record put into `runnext` in the place of a G which a thief had already taken; 0: there is no
    /// such G. It is not in `next` until the next record of the lane, `nextStolen`, takes the displacement back.
    var unsettled: UInt64 = 0
  }

  var ps: [P] = []
  var grq = SharedLine()

  /// Makes contents of which only the depths of the queues are known, and no G's id.
  package init(unnamed account: QueueAccount) {
    ps = account.ps.map { p in
      P(next: Self.unnamed(p.next), lrq: Self.unnamed(p.lrq))
    }
    grq = SharedLine(unnamed: min(max(0, account.grq), plausible))
  }

  private static func unnamed(_ count: Int) -> Line<UInt64> {
    Line(repeatElement(0, count: min(max(0, count), 2 * Capacity.lrq)))
  }

  /// Whether an event takes a batch whose first G has to be passed to `apply`.
  package static func isBatch(_ kind: EventKind) -> Bool { kind == .steal || kind == .grqTake }

  /// Applies one event of a lane. No event, however damaged, causes a trap or unbounded growth.
  ///
  /// - Parameter first: for a steal and for a take from the GRQ: the G that the lane starts from this batch; 0: that is
  ///   not known.
  package mutating func apply(_ record: Record, on lane: Lane, first: UInt64 = 0) {
    guard let kind = record.kind else { return }
    let p = lane.p
    grq.close(record, kind)
    switch kind {
    case .goCreate, .goReady, .goYield: put(record, p)
    case .goPreempt: put(record, p, isWorn: true)
    case .goSyscall: grq.enterCall(record.m)
    case .procStop: grq.letGo(record.m)
    case .goSyscallExit:
      if record.detail == 0 { put(record, p) }
      grq.leaveCall(record.m)
    case .goStart, .goResume, .goSetAside: take(record.g, from: record.runSource, p)
    case .takeUp: putUnnamed(Int(record.count), record.place, p)
    case .steal: steal(record, p, first)
    case .grqTake: takeFromGRQ(Int(record.count), p, first)
    case .overflow: spill(record, p)
    case .nextStolen: settleNext(p)
    case .procRetire: retire(record)
    default: break
    }
  }

  // MARK: one G

  private mutating func put(_ record: Record, _ p: Int?, isWorn: Bool = false) {
    let g = record.g
    switch record.place.queue {
    case .runnext: change(p) { $0.next.append(g) }
    case .lrq: change(p) { $0.lrq.append(g) }
    case .displacing:
      change(p) { p in
        // The newest G of `runnext` goes to the LRQ. If there is none, a thief's record came first, and the next record
        // of this lane says that none goes.
        p.unsettled = p.next.isEmpty ? g : 0
        p.lrq.append(p.next.removeLast() ?? 0)
        if p.unsettled == 0 { p.next.append(g) }
      }
    case .grq: grq.put(record, isWorn: isWorn)
    case .untold, nil: break
    }
  }

  /// Takes a displacement back: the last record said that its G displaced another one, but a thief had taken that one.
  private mutating func settleNext(_ p: Int?) {
    change(p) { p in
      let displaced = p.lrq.removeLast() ?? 0
      if p.unsettled != 0 {
        p.next.append(p.unsettled)
      } else {
        p.next.insert(displaced, at: max(0, p.next.count - 1))
      }
      p.unsettled = 0
    }
  }

  private mutating func putUnnamed(_ count: Int, _ place: Place, _ p: Int?) {
    let count = min(count, plausible)
    switch place.queue {
    case .grq: grq.putUnnamed(count)
    case .lrq: change(p) { p in for _ in 0..<min(count, Capacity.lrq) { p.lrq.append(0) } }
    default: break
    }
  }

  private mutating func take(_ g: UInt64, from queue: RunSource?, _ p: Int?) {
    switch queue {
    case .runnext: change(p) { Self.take(g, from: &$0.next) }
    case .lrq, .netpoll: change(p) { Self.take(g, from: &$0.lrq) }
    case .grq, .steal, .stealNext, .untold, nil: break  // it was on no queue: its batch had been taken before
    }
  }

  /// Takes out a G by its id. If no G in the line has this id, it is one of the unnamed Gs there. If there is none of
  /// these either, the records do not fit together, and it is not known any more which Gs the line has.
  private static func take(_ g: UInt64, from line: inout Line<UInt64>) {
    if let place = line.firstPlace(where: { $0 == g }) ?? line.firstPlace(where: { $0 == 0 }) {
      _ = line.remove(1, at: place)
    } else {
      _ = line.remove(1)
      line.change { $0 = 0 }
    }
  }

  // MARK: batches

  private mutating func steal(_ record: Record, _ thief: Int?, _ first: UInt64) {
    let (victim, count) = (Int(clamping: record.arg), min(Int(record.count), Capacity.lrq))
    guard record.detail != 1 else { return change(victim) { Self.stealNext(first, from: &$0) } }
    var taken: [UInt64] = []
    change(victim) { p in
      if let place = p.lrq.firstPlace(where: { $0 == first }), first != 0, place + count <= p.lrq.count {
        taken = p.lrq.remove(count, at: place)
      } else {
        taken = p.lrq.remove(count).map { _ in 0 }
        p.lrq.change { $0 = 0 }
      }
    }
    change(thief) { p in for g in taken.dropFirst() { p.lrq.append(g) } }
  }

  /// Takes out the G that a thief stole from `runnext`. If a record of the victim has said meanwhile that another G
  /// displaced this one, the victim's next record (`nextStolen`) takes that back. Until then the account counts one G more
  /// on the LRQ, and none in `runnext`.
  private static func stealNext(_ g: UInt64, from p: inout P) {
    if g != 0, p.lrq.last == g, !p.next.elements.contains(g), let newest = p.next.last, newest != 0 {
      _ = (p.next.removeLast(), p.lrq.removeLast())
      p.lrq.append(0)
      p.unsettled = newest
    } else {
      take(g, from: &p.next)
    }
  }

  private mutating func takeFromGRQ(_ count: Int, _ p: Int?, _ first: UInt64) {
    let taken = grq.take(count, first: first)
    change(p) { p in for g in taken.dropFirst().prefix(Capacity.lrq) { p.lrq.append(g) } }
  }

  /// Moves the older half of a full LRQ to the GRQ, and behind it the G that found no room. If the line here does not have
  /// exactly a full LRQ's Gs and that one, thieves are at work, and it is not known where the half begins.
  private mutating func spill(_ record: Record, _ p: Int?) {
    let half = min(max(0, Int(record.count) - 1), Capacity.lrq)
    var batch: [UInt64] = []
    change(p) { p in
      let last = p.lrq.removeLast() ?? 0
      let isExact = p.lrq.count == 2 * half
      batch = p.lrq.remove(half) + [last]
      guard !isExact else { return }
      batch = batch.map { _ in 0 }
      p.lrq.change { $0 = 0 }
    }
    grq.putBatch(batch, of: record.m, depth: record.arg)
  }

  /// Moves the Gs of a P that is stopped to the GRQ: first its `runnext`, then its LRQ.
  private mutating func retire(_ record: Record) {
    let nexts = Int(record.detail & 1)
    let rest = Int(clamping: min(record.arg, UInt64(plausible))) - nexts
    var batch: [UInt64] = []
    change(Int(record.count)) { p in
      let isExact = p.next.count == nexts && p.lrq.count == rest
      batch = p.next.remove(nexts) + p.lrq.remove(rest)
      guard !isExact else { return }
      batch = batch.map { _ in 0 }
      p.next.change { $0 = 0 }
      p.lrq.change { $0 = 0 }
    }
    grq.putBatch(batch, of: record.m)
  }

  private mutating func change(_ p: Int?, _ change: (inout P) -> Void) {
    guard let p, p >= 0, p < QueueAccount.mostPs else { return }
    while ps.count <= p { ps.append(P()) }
    change(&ps[p])
  }

  // MARK: what it says

  /// Whether as many Gs stand on each queue as the account says.
  package func agrees(with account: QueueAccount) -> Bool {
    guard grq.count == account.grq else { return false }
    return (0..<max(ps.count, account.ps.count)).allSatisfy { id in
      let p = ps.indices.contains(id) ? ps[id] : P()
      let depths = account[p: id] ?? QueueAccount.P()
      return p.next.count == depths.next && p.lrq.count == depths.lrq
    }
  }

  /// The contents of the queues as a value for people.
  package var contents: QueueContents {
    func names(_ line: Line<UInt64>) -> [UInt64?] { line.elements.map { $0 == 0 ? nil : $0 } }
    return QueueContents(
      ps: ps.enumerated().map { QueueContents.P(id: $0, next: names($1.next), lrq: names($1.lrq)) },
      grq: grq.contents)
  }
}
