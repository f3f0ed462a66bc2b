// Gs one by one: a row of the table that a target keeps of its Gs, and one G in the form in which people see it.
import Host
import Region

/// One G as a row of the target's table: moments in ticks, names by id, and 0 for what is not set.
package struct GoroutineRow: Equatable {
  package var id: UInt64 = 0
  package var state = GState.runnable
  package var reason = WaitReason.none
  package var kind = GKind.user
  package var since: UInt64 = 0
  package var entry: UInt64 = 0
  package var parent: UInt64 = 0
  /// The P that the G ran on last, plus 1, so that 0 is none.
  package var p: UInt64 = 0
  /// The descriptor that the G waits for, plus 1, so that 0 is none.
  package var waitingOn: UInt64 = 0
  package var created: UInt64 = 0
  /// The string id of the target's own words for why the G waits; 0: none. Recordings do not keep it.
  package var word: UInt64 = 0
  /// Whether the G may have been in its state before `since`, which then is the moment at which a source that samples
  /// first saw that state.
  package var isOlder = false

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

/// Rows of the target's table of Gs, read near the moment of a keyframe.
package struct GoroutineList: Equatable {
  package var rows: [GoroutineRow] = []
  /// Whether the target had more Gs than were read.
  package var isCut = false

  /// At most this many Gs of a table are kept.
  package static let most = 100_000

  /// How many slots of a table are read at a time, which takes some hundred microseconds. Between two such
  /// parts a reader does its other work, such as draining the rings.
  package static let chunk = 4096

  /// How long to wait before the table is read again, in nanoseconds. Reading it may take a hundredth of a CPU's
  /// time. The pause is at least 60 µs for each listed G, so a table of a million Gs, some 20 MB, is read at most
  /// once a minute.
  ///
  /// - Parameter spent: the CPU time that the last reading took, in nanoseconds.
  package static func pause(after spent: UInt64, rows: Int) -> UInt64 {
    max(spent * 100, UInt64(rows) * 60_000)
  }

  package init(rows: [GoroutineRow], isCut: Bool = false) { (self.rows, self.isCut) = (rows, isCut) }
}

/// One G at one moment, in the form in which people see it.
public struct Goroutine: Sendable, Equatable {
  /// The G's id, which the target never uses again.
  public var id: UInt64 = 0
  /// The state of the G.
  public var state = GState.runnable
  /// The reason for which the G waits; `none` unless it waits.
  public var reason = WaitReason.none
  /// Whether the G belongs to the program or to the runtime.
  public var kind = GKind.user
  /// The target's own words for why the G waits, where they say more than `reason`; nil: there are none.
  public var words: String?
  /// When the G's state changed last, in nanoseconds of the machine's monotonic clock; nil: not known.
  public var since: UInt64?
  /// Whether the G may have been in its state before `since`, which then is the moment at which a source that samples
  /// first saw that state.
  public var isOlder = false
  /// The place where the G was spawned: `function at File.swift:31`; nil: not known.
  public var entry: String?
  /// The G that spawned this G; nil: none, or not known.
  public var parent: UInt64?
  /// The P that the G ran on last; nil: none, or not known.
  public var p: Int?
  /// The file descriptor that the G waits for; nil: it waits for none.
  public var fd: Int?
}

/// All Gs at one moment, as far as they are known.
public struct Goroutines: Sendable, Equatable {
  /// The Gs, sorted by id.
  public var all: [Goroutine] = []
  /// Whether `all` has every G of the moment.
  public var isComplete = false
  /// When the table of Gs was read, in nanoseconds; nil: at the moment of the gauges beside it.
  public var readAt: UInt64?

  /// Makes a list from its parts; `all` must be sorted by id.
  public init(all: [Goroutine] = [], isComplete: Bool = false, readAt: UInt64? = nil) {
    (self.all, self.isComplete, self.readAt) = (all, isComplete, readAt)
  }
}

extension Goroutines {
  /// Translates a table that was read just now.
  ///
  /// - Parameters:
  ///   - names: the names that are known now; nil: those of the observation.
  ///   - readAt: when the table was read, in nanoseconds of the source's clock.
  package init(
    _ rows: [GoroutineRow], of observation: Observation, names: StringBook? = nil,
    readAt: UInt64 = monotonicNow()
  ) {
    self.init(
      rows, observation.clock, NameBook(names ?? observation.names),
      isComplete: rows.count < GoroutineList.most)
    self.readAt = readAt
  }

  package init(_ rows: [GoroutineRow], _ clock: Clock, _ names: NameBook, isComplete: Bool) {
    // Rows are large, so only their ids are sorted, not the rows themselves.
    let order = rows.indices.map { (id: rows[$0].id, place: $0) }.sorted { $0.id < $1.id }
    all = order.map { Goroutine(rows[$0.place], clock, names) }
    self.isComplete = isComplete
  }
}

extension Goroutine {
  package init(_ row: GoroutineRow, _ clock: Clock, _ names: NameBook) {
    self.init()
    (id, state, reason, kind) = (row.id, row.state, row.reason, row.kind)
    words = names.name(row.word)
    (since, isOlder) = (row.since == 0 ? nil : clock.nanoseconds(at: row.since), row.isOlder)
    entry = names.name(row.entry)
    parent = row.parent == 0 ? nil : row.parent
    p = row.p == 0 ? nil : Int(clamping: row.p - 1)
    fd = row.waitingOn == 0 ? nil : Int(clamping: row.waitingOn - 1)
  }
}
