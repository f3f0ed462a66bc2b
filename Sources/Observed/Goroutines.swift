// Gs by themselves: a row of the table that a target keeps of them, and one G as people know it.
import Host
import Region

/// One G as the table says: moments in ticks, names by id.
package struct GoroutineRow: Equatable {
  package var id: UInt64 = 0
  package var state = GState.runnable
  package var reason = WaitReason.none
  package var kind = GKind.user
  package var since: UInt64 = 0
  package var entry: UInt64 = 0
  package var parent: UInt64 = 0
  /// P that it last ran on, plus 1; a descriptor plus 1; 0: none.
  package var p: UInt64 = 0
  package var waitingOn: UInt64 = 0
  package var created: UInt64 = 0

  package init(
    id: UInt64 = 0, state: GState = GState.runnable, reason: WaitReason = WaitReason.none,
    kind: GKind = GKind.user, since: UInt64 = 0, entry: UInt64 = 0, parent: UInt64 = 0, p: UInt64 = 0,
    waitingOn: UInt64 = 0, created: UInt64 = 0
  ) {
    (
      self.id, self.state, self.reason, self.kind, self.since, self.entry, self.parent, self.p,
      self.waitingOn, self.created
    ) = (id, state, reason, kind, since, entry, parent, p, waitingOn, created)
  }
}

/// Rows of the G table, read around the moment of a keyframe.
package struct GoroutineList: Equatable {
  package var rows: [GoroutineRow] = []
  /// Whether the target had more Gs than were read.
  package var isCut = false

  /// Gs that are kept of a table at most.
  package static let most = 100_000

  package init(rows: [GoroutineRow], isCut: Bool = false) { (self.rows, self.isCut) = (rows, isCut) }
}

/// One G at a moment.
public struct Goroutine: Sendable, Equatable {
  public var id: UInt64 = 0
  public var state = GState.runnable
  /// What it waits for, when it waits.
  public var reason = WaitReason.none
  public var kind = GKind.user
  /// When it made its last move; nil: not known.
  public var since: UInt64?
  /// Where it was spawned.
  public var entry: String?
  /// The G that spawned it, and the P that it last ran on.
  public var parent: UInt64?
  public var p: Int?
  /// The descriptor that it waits for.
  public var fd: Int?
}

/// All Gs at a moment, as far as they are known.
public struct Goroutines: Sendable, Equatable {
  /// In the order of their ids.
  public var all: [Goroutine] = []
  /// Whether these are all Gs that there were.
  public var isComplete = false
  /// When the table was read, where that is not the moment of the gauges beside it; nanoseconds.
  public var readAt: UInt64?

  public init(all: [Goroutine] = [], isComplete: Bool = false, readAt: UInt64? = nil) {
    (self.all, self.isComplete, self.readAt) = (all, isComplete, readAt)
  }
}

extension Goroutines {
  /// The table as it was just read.
  package init(_ rows: [GoroutineRow], of observation: Observation) {
    self.init(
      rows, observation.clock, NameBook(observation.names), isComplete: rows.count < GoroutineList.most)
    readAt = monotonicNow()
  }

  package init(_ rows: [GoroutineRow], _ clock: Clock, _ names: NameBook, isComplete: Bool) {
    // Rows are large: only their ids are moved about.
    let order = rows.indices.map { (id: rows[$0].id, place: $0) }.sorted { $0.id < $1.id }
    all = order.map { Goroutine(rows[$0.place], clock, names) }
    self.isComplete = isComplete
  }
}

extension Goroutine {
  package init(_ row: GoroutineRow, _ clock: Clock, _ names: NameBook) {
    self.init()
    (id, state, reason, kind) = (row.id, row.state, row.reason, row.kind)
    since = row.since == 0 ? nil : clock.nanoseconds(at: row.since)
    entry = names.name(row.entry)
    parent = row.parent == 0 ? nil : row.parent
    p = row.p == 0 ? nil : Int(clamping: row.p - 1)
    fd = row.waitingOn == 0 ? nil : Int(clamping: row.waitingOn - 1)
  }
}
