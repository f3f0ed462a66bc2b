// The timeline: what each P, or each M, did over a stretch of time, column by column.
//
// §1 The problem. A stretch of 100 ms may hold 100,000 slices, and a screen has 80 columns. A column that
// showed only its last slice would hide all the others in it. So each column says how long the lane spent on
// each activity, and which G ran longest in it.
//
// §2 The beginning. What a lane did before its first event in the stretch follows from its last event before
// the stretch. If there is none, it follows from what the first event ends: a G that parks was running. If
// the lane has no event at all, the gauges tell. If its first event does not tell what it ends, what the lane
// did before stays unknown.
import History
import Observed
import Region

/// A wish for a timeline. The timeline ends at the moment of the frame.
public struct TimelineSpan: Sendable, Equatable {
  /// The length of the timeline, in nanoseconds.
  public var length: UInt64
  /// The number of columns.
  public var columns: Int
  /// Whether each row is an M. Otherwise each row is a P.
  public var byM: Bool
  /// Whether the other kind of lane is wanted as well: Ms if the rows are Ps, Ps if they are Ms.
  public var hasOthers: Bool
  /// Asks for a timeline of `length` nanoseconds.
  public init(length: UInt64, columns: Int, byM: Bool = false, hasOthers: Bool = false) {
    (self.length, self.columns, self.byM, self.hasOthers) = (length, columns, byM, hasOthers)
  }
}

/// The activities of lanes, in columns of equal length.
public struct LaneTimeline: Sendable, Equatable {
  /// The activity of a lane at a moment.
  public enum Activity: Sendable, Equatable {
    /// The activity of the lane is not known.
    case unknown
    /// A P that no M holds, or an M that sleeps.
    case idle
    /// Running the G with this id.
    case running(UInt64)
    /// Searching for work.
    case spinning
    /// Inside a system call.
    case syscall
    /// Between two Gs: in the scheduler's own work. Also a thread that is awake without a P.
    case between
  }

  /// One column of a row. Times are in nanoseconds.
  public struct Slot: Sendable, Equatable {
    /// How long the lane ran Gs, in nanoseconds.
    public var running: Float = 0
    /// How long the lane searched for work, in nanoseconds.
    public var spinning: Float = 0
    /// How long the lane was inside system calls, in nanoseconds.
    public var syscall: Float = 0
    /// How long the lane was idle, in nanoseconds.
    public var idle: Float = 0
    /// How long the lane was in the scheduler's own work, in nanoseconds.
    public var between: Float = 0
    /// The id of the G that ran longest in the column; 0: none ran.
    public var g: UInt64 = 0
    /// How long the G `g` ran in the column, in nanoseconds.
    public var gTime: Float = 0
    /// How many times a G was started in the column.
    public var starts: UInt32 = 0
    /// A column of which nothing is known.
    public init() {}
    /// How much of the column is known.
    public var known: Float { running + spinning + syscall + idle + between }
  }

  /// One row: a P or an M.
  public struct Row: Sendable, Equatable {
    /// The id of the P or M.
    public var id: Int
    /// The row's columns, oldest first.
    public var slots: [Slot]
    /// Makes a row of these columns.
    public init(id: Int, slots: [Slot]) { (self.id, self.slots) = (id, slots) }
  }

  /// Whether each of `rows` is an M. Otherwise each is a P.
  public var byM = false
  /// The beginning of the first column, in nanoseconds of the machine's monotonic clock.
  public var start: UInt64 = 0
  /// The end of the last column, in nanoseconds of the machine's monotonic clock.
  public var end: UInt64 = 0
  /// The rows, in the order of their ids.
  public var rows: [Row] = []
  /// The rows of the other kind: Ms if `rows` are Ps, Ps if they are Ms. Empty unless they were wanted.
  public var others: [Row] = []
  /// Whether there were more events than were read. Then the columns before the oldest event that was read are
  /// blank.
  public var isCut = false
  /// The gaps of the history that reach into the timeline; see HistoryGap.
  public var gaps: [HistoryGap] = []
  /// An empty timeline.
  public init() {}
}

/// Builds a timeline piece by piece, so that a caller may do other things in between.
struct TimelineBuilder {
  /// Maximum number of records that are read.
  private static let most = 500_000
  /// Maximum number of rows. If a region claims more Ms, the others are left out.
  private static let mostRows = 4096

  private struct RowID: Hashable {
    var isM: Bool
    var id: Int
  }

  /// A change of what a row does. `before` is nil if the event does not tell what the row did until then.
  private struct Move {
    var time: UInt64
    var before: LaneTimeline.Activity?
    var after: LaneTimeline.Activity
    var isStart: Bool
  }

  private let span: TimelineSpan
  private let source: DetailSource
  private let from: UInt64
  /// The gaps before the moment.
  private let gaps: [HistoryGap]
  private var pieces: ArraySlice<StretchPiece>
  /// The moves of each row: one list for each piece, the newest piece first. Within a piece the moves are in
  /// the order of its records.
  private var moves: [RowID: [[Move]]] = [:]
  private var count = 0
  private var isCut = false

  init(_ span: TimelineSpan, _ source: DetailSource) {
    var span = span
    (span.columns, span.length) = (min(max(1, span.columns), 4096), max(1000, span.length))
    (self.span, self.source) = (span, source)
    let end = source.clock.nanoseconds(at: source.moment)
    from = source.clock.ticks(at: end - min(end, span.length))
    gaps = source.history.gaps(from: 0, to: end)
    pieces = source.history.pieces(from: from, to: source.moment)[...]
  }

  /// Adds one more piece. Returns false when all is done.
  mutating func step(_ decoder: RecordDecoder) -> Bool {
    guard let piece = pieces.popFirst() else { return false }
    guard count < Self.most else {
      isCut = true
      return false
    }
    let records = piece.records(decoder)
    count += records.count
    var found: [RowID: [Move]] = [:]
    for record in records where record.time <= source.moment { note(record, on: piece.lane, in: &found) }
    for (row, list) in found where moves.count < Self.mostRows || moves[row] != nil {
      moves[row, default: []].append(list)
    }
    return true
  }

  private func note(_ record: Record, on lane: Lane, in found: inout [RowID: [Move]]) {
    guard let kind = record.kind else { return }
    if span.byM || span.hasOthers, let (before, after) = activity(ofM: kind, record) {
      let move = Move(time: record.time, before: before, after: after, isStart: kind == .goStart)
      found[RowID(isM: true, id: Int(record.m)), default: []].append(move)
    }
    if !span.byM || span.hasOthers, case .p(let id) = lane,
      let (before, after) = Self.activity(ofP: kind, record)
    {
      let move = Move(time: record.time, before: before, after: after, isStart: kind == .goStart)
      found[RowID(isM: false, id: id), default: []].append(move)
    }
  }

  /// The activity that an event ends, if that is certain, and the one that it begins; nil: the event changes
  /// nothing.
  private static func activity(
    ofP kind: EventKind, _ record: Record
  ) -> (before: LaneTimeline.Activity?, after: LaneTimeline.Activity)? {
    switch kind {
    case .goStart, .goResume: (nil, .running(record.g))
    case .goPark, .goYield, .goExit, .goPreempt: (.running(record.g), .between)
    case .goSyscall: (.running(record.g), .syscall)
    case .goSyscallExit: record.detail == 0 ? nil : (nil, .running(record.g))
    case .procStart: (nil, .between)
    case .procStop, .procRetire: (nil, .idle)
    case .retake: (.syscall, .idle)
    case .mSpin: (nil, .spinning)
    case .mUnspin: (.spinning, .between)
    default: nil
    }
  }

  private func activity(
    ofM kind: EventKind, _ record: Record
  ) -> (before: LaneTimeline.Activity?, after: LaneTimeline.Activity)? {
    switch kind {
    case .mPark: (nil, .idle)
    case .mStart: (.unknown, .between)
    case .mEnd: (.idle, .unknown)
    case .goSyscallExit: (.syscall, record.detail == 0 ? withoutP : .running(record.g))
    case .procStop: (nil, withoutP)
    case .procStart: (.idle, .between)
    case .procRetire, .retake: nil
    default: Self.activity(ofP: kind, record)
    }
  }

  /// What a thread does that has lost its P. Where no event tells that a thread falls asleep, it sleeps from there on.
  private var withoutP: LaneTimeline.Activity { source.snapshot.target.knownPid == nil ? .idle : .between }

  // MARK: the columns

  /// Returns the timeline of all pieces that were added.
  func result() -> LaneTimeline {
    var timeline = LaneTimeline()
    timeline.byM = span.byM
    timeline.end = source.clock.nanoseconds(at: source.moment)
    timeline.start = timeline.end - min(timeline.end, span.length)
    timeline.isCut = isCut
    timeline.gaps = gaps.filter { $0.to >= timeline.start }
    timeline.rows = rows(ofMs: span.byM)
    if span.hasOthers { timeline.others = rows(ofMs: !span.byM) }
    return timeline
  }

  private func rows(ofMs isM: Bool) -> [LaneTimeline.Row] {
    let listed = isM ? source.snapshot.ms.map(\.id) : source.snapshot.ps.map(\.id)
    let ids = Set(listed).union(moves.keys.lazy.filter { $0.isM == isM }.map(\.id)).sorted()
    return ids.prefix(Self.mostRows).map { id in
      LaneTimeline.Row(id: id, slots: slots(RowID(isM: isM, id: id)))
    }
  }

  private func slots(_ id: RowID) -> [LaneTimeline.Slot] {
    let lists = (moves[id] ?? []).reversed()
    // The pieces of an M come from several lanes and overlap, so they are put in order here.
    let known = id.isM ? lists.flatMap { $0 }.sorted { $0.time < $1.time } : lists.flatMap { $0 }
    let sorted = parted(known, id)
    var slots = [LaneTimeline.Slot](repeating: LaneTimeline.Slot(), count: span.columns)
    let first = sorted.firstIndex { $0.time > from } ?? sorted.count
    let knownFrom = isCut ? sorted.first?.time ?? source.moment : 0
    var activity =
      first > 0
      ? sorted[first - 1].after
      : sorted.first.map { $0.before ?? .unknown } ?? gauge(id)
    var time = from
    for move in sorted[first...] {
      if time >= knownFrom { add(activity, max(time, boot), move.time, to: &slots) }
      activity = move.after
      time = max(time, move.time)
      if move.isStart { slots[column(move.time)].starts &+= 1 }
    }
    add(activity, max(time, boot), source.moment, to: &slots)
    return slots
  }

  /// The moves with those by which a row becomes unknown where a gap begins, and known again behind it, as at the beginning
  /// of the span.
  private func parted(_ moves: [Move], _ id: RowID) -> [Move] {
    var (out, rest): ([Move], ArraySlice<Move>) = ([], moves[...])
    for (index, gap) in gaps.enumerated() {
      let (from, to) = (source.clock.ticks(at: gap.from), source.clock.ticks(at: gap.to))
      let before = rest.prefix { $0.time <= from }
      out += before
      rest = rest.dropFirst(before.count)
      out.append(Move(time: from, before: nil, after: .unknown, isStart: false))
      let after = rest.first.map { $0.before ?? .unknown }
      let now = index == gaps.count - 1 ? gauge(id) : .unknown
      out.append(Move(time: to, before: .unknown, after: after ?? now, isStart: false))
    }
    return out + rest
  }

  /// The moment before which there was nothing, in ticks.
  private var boot: UInt64 {
    let time = source.snapshot.target.bootTime
    return time == 0 ? 0 : source.clock.ticks(at: time)
  }

  /// The activity of a row that has no event, according to the gauges.
  private func gauge(_ row: RowID) -> LaneTimeline.Activity {
    if row.isM {
      guard let m = source.snapshot.ms.first(where: { $0.id == row.id }) else { return .unknown }
      switch m.state {
      case .running: return m.g.map { .running($0) } ?? .between
      case .spinning: return .spinning
      case .syscall: return .syscall
      case .none, .exited: return .unknown
      default: return .idle
      }
    }
    guard let p = source.snapshot.ps.first(where: { $0.id == row.id }) else { return .unknown }
    switch p.status {
    case .idle, .stopped: return .idle
    case .spinning: return .spinning
    case .syscall: return .syscall
    case .running: return p.g.map { .running($0) } ?? .between
    }
  }

  private var ticksPerColumn: Double { max(1, Double(source.moment &- from) / Double(span.columns)) }

  private func column(_ time: UInt64) -> Int {
    guard time > from else { return 0 }
    return min(span.columns - 1, Int(Double(time - from) / ticksPerColumn))
  }

  /// Adds the time from `start` to `end` (ticks) to the columns in which it lies.
  private func add(
    _ activity: LaneTimeline.Activity, _ start: UInt64, _ end: UInt64, to slots: inout [LaneTimeline.Slot]
  ) {
    guard end > start, start >= from else { return }
    let perColumn = ticksPerColumn
    let scale = source.clock.nanosecondsPerTick
    for index in column(start)...column(end) {
      let left = max(Double(start - from), Double(index) * perColumn)
      let right = min(Double(end - from), Double(index + 1) * perColumn)
      guard right > left else { continue }
      slots[index].add(activity, Float((right - left) * scale))
    }
  }
}

extension LaneTimeline.Slot {
  fileprivate mutating func add(_ activity: LaneTimeline.Activity, _ time: Float) {
    switch activity {
    case .unknown: return
    case .idle: idle += time
    case .spinning: spinning += time
    case .syscall: syscall += time
    case .between: between += time
    case .running(let id):
      running += time
      // For the G `g`, which leads so far, the times of all its slices are added up. Another G takes the lead
      // only with a single slice that is longer than this sum. So no list of all Gs has to be kept.
      if id == g { gTime += time } else if time > gTime { (g, gTime) = (id, time) }
    }
  }
}
