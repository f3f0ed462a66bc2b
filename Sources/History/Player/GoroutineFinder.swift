// Every G at a moment: who ran, who was ready, who waited for what, and since when.
//
// §1 The problem. The table of Gs is too large to be kept with each keyframe, and too large to be read at one instant.
//
// §2 The design. Some keyframes have a table, read in the milliseconds around it. From there to the moment that is
// asked for, forth or back, lies a stream of events, and a G's state at the moment is told by its nearest neighbours
// in it: the last event of the G before the moment says what it became; without one, the first event after it says what
// it was (who parks, ran); without either the G did not move at all, and the table's row is true for all that time.
// So it does not matter that the rows are of slightly different moments.
import Observed
import Region

/// Finds out the Gs at a moment. See §2.
package struct GoroutineFinder {
  /// What is known of a G. In one place, since each event of a storm looks it up.
  fileprivate struct Known {
    /// nil: there is no such G at the moment.
    var row: GoroutineRow?
    /// Whether an event before the moment has been seen of it.
    var isTold = false
  }

  private let reasons: [WaitReason?]
  private var known: [UInt64: Known] = [:]

  init(_ list: GoroutineList?, reasons: [WaitReason?]) {
    self.reasons = reasons
    for row in list?.rows ?? [] { known[row.id] = Known(row: row) }
  }

  /// The Gs that there are, in no order.
  package var rows: [GoroutineRow] { known.values.compactMap(\.row) }

  /// Gs that are kept at most, whatever events say.
  private static let most = 1 << 20

  /// An event before or at the moment, in the order of time.
  package mutating func apply(_ record: Record, on lane: Lane) {
    guard record.g != 0, let kind = record.kind, known.count < Self.most else { return }
    guard let state = state(after: kind, record) else {
      if kind == .goExit { known[record.g] = Known(row: nil, isTold: true) }
      return
    }
    let reason = kind == .goPark ? reasons[Int(record.detail)] ?? .none : .none
    known[record.g, default: Known()].become(state, reason, by: kind, record, on: lane)
  }

  /// An event after the moment, in the order of time: only the first of a G that nothing was told of counts.
  mutating func revert(_ record: Record, on lane: Lane) {
    guard record.g != 0, let kind = record.kind, known.count < Self.most else { return }
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
    (row.state, row.since, row.reason) = (state, record.time, reason)
    row.waitingOn = kind == .goPark ? record.arg : 0
    if kind == .goCreate {
      (row.entry, row.parent, row.created) = (UInt64(record.count), record.other, record.time)
    }
    if case .p(let id) = lane, state == .running { row.p = UInt64(id + 1) }
    self.row = row
  }

  /// - Parameter state: nil: before `kind` there was no such G.
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
    (row.state, row.reason, row.waitingOn) = (state, reason, 0)
    row.since = kind == .goStart || kind == .goResume ? record.time &- record.arg : 0
    self.row = row
  }
}
