// Every G at a moment: which ran, which were ready, which waited for what, and since when.
//
// §1 The problem. The table of Gs is too large to be kept with each keyframe, and too large to be read at one instant.
//
// §2 The design. Some keyframes have a table, read in the milliseconds around them. Events lead from the table to the
// moment that is asked for, forwards or backwards. The last event of a G before the moment tells what the G became. If
// there is none, the first event after the moment tells what the G was (a G that parks was running). If there is no
// event of the G at all, it did not move, and its row in the table is true for all that time. So it does not matter
// that the rows are of slightly different moments.
import Observed
import Region

/// Finds out the Gs at a moment. See §2.
package struct GoroutineFinder {
  /// What is known of one G. It is all in one value, so that each of perhaps millions of events costs only one
  /// look-up.
  fileprivate struct Known {
    /// The G's row; nil: there is no such G at the moment.
    var row: GoroutineRow?
    /// Whether an event has told the G's state already.
    var isTold = false
  }

  private let reasons: [WaitReason?]
  /// Lets the Gs through that are wanted; nil: all are.
  private let sieve: IDSieve?
  private var known: [UInt64: Known] = [:]

  init(_ list: GoroutineList?, reasons: [WaitReason?], only sieve: IDSieve? = nil) {
    (self.reasons, self.sieve) = (reasons, sieve)
    for row in list?.rows ?? [] where sieve?.passes(row.id) != false { known[row.id] = Known(row: row) }
  }

  /// The rows of the Gs that there are at the moment, in no order.
  package var rows: [GoroutineRow] { known.values.compactMap(\.row) }

  /// At most this many Gs are kept, whatever events say.
  private static let most = 1 << 20

  /// Adds an event that is not later than the moment. Such events come first, in the order of time.
  package mutating func apply(_ record: Record, on lane: Lane) {
    guard record.g != 0, sieve?.passes(record.g) != false, let kind = record.kind, known.count < Self.most
    else {
      return
    }
    guard let state = state(after: kind, record) else {
      if kind == .goExit { known[record.g] = Known(row: nil, isTold: true) }
      return
    }
    let reason = kind == .goPark ? reasons[Int(record.detail)] ?? .none : .none
    known[record.g, default: Known()].become(state, reason, by: kind, record, on: lane)
  }

  /// Adds an event after the moment, in the order of time. It counts only if it is the first event of its G.
  mutating func revert(_ record: Record, on lane: Lane) {
    guard record.g != 0, sieve?.passes(record.g) != false, let kind = record.kind, known.count < Self.most
    else {
      return
    }
    let state = state(before: kind)
    guard state != nil || kind == .goCreate else { return }
    let reason = kind == .goReady ? reasons[Int(record.detail)] ?? .none : .none
    known[record.g, default: Known()].haveBeen(state, reason, before: kind, record)
  }

  private func state(after kind: EventKind, _ record: Record) -> GState? {
    switch kind {
    case .goCreate, .goReady, .goYield: .runnable
    case .goStart, .goResume: .running
    case .goPark: .waiting
    case .goPreempt: record.detail == 1 ? .preempted : .runnable
    case .goSyscall: .syscall
    case .goSyscallExit: record.detail == 0 ? .runnable : .running
    default: nil
    }
  }

  private func state(before kind: EventKind) -> GState? {
    switch kind {
    case .goStart: .runnable
    case .goPark, .goYield, .goExit, .goPreempt, .goSyscall: .running
    case .goReady: .waiting
    case .goResume: .preempted
    case .goSyscallExit: .syscall
    default: nil
    }
  }

  package func result(_ clock: Clock, names: StringBook, isComplete: Bool) -> Goroutines {
    Goroutines(rows, clock, NameBook(names), isComplete: isComplete)
  }
}

extension GoroutineFinder.Known {
  fileprivate mutating func become(
    _ state: GState, _ reason: WaitReason, by kind: EventKind, _ record: Record, on lane: Lane
  ) {
    isTold = true
    var row = row ?? GoroutineRow(id: record.g)
    (row.state, row.since, row.reason, row.isOlder) = (state, record.time, reason, false)
    row.waitingOn = kind == .goPark ? record.arg : 0
    if kind == .goCreate {
      (row.entry, row.parent, row.created) = (UInt64(record.count), record.other, record.time)
    }
    if case .p(let id) = lane, state == .running { row.p = UInt64(id + 1) }
    self.row = row
  }

  /// - Parameter state: the G's state before `kind`; nil: there was no such G before.
  fileprivate mutating func haveBeen(
    _ state: GState?, _ reason: WaitReason, before kind: EventKind, _ record: Record
  ) {
    guard !isTold else { return }
    isTold = true
    guard let state else {
      row = nil
      return
    }
    var row = row ?? GoroutineRow(id: record.g)
    (row.state, row.reason, row.waitingOn, row.isOlder) = (state, reason, 0, false)
    // If the record of a start says that the G was ready for 0 ticks, then it is not known since when it was ready.
    let tellsSince = kind == .goStart || kind == .goResume
    row.since = tellsSince && record.arg != 0 ? record.time &- record.arg : 0
    self.row = row
  }
}
