// Makes segments of a history from records that come in their order.
//
// A segment is closed after so many records or so much time, between two moments. Then the gauges are those of its end, and
// the next keyframe has them: they come from the same model by which a player goes on from a keyframe.
//
// What comes to be known later of the time before (TraceMapping §3) is added to the keyframes that are not yet in the history.
// In the first generation, and in one after a gap, none is put there before the generation ends, or it has become too long to
// wait for.
import GoTrace
import History
import Observed
import Region

/// Makes segments, and adds them to a history.
struct SegmentBuilder {
  /// A segment that is not in the history yet. The last one is open: its records are in `lanes`.
  private struct Pending {
    var keyframe: Keyframe
    var rows: [GoroutineRow]?
    /// Whether there are more Gs than a table may have.
    var isCut = false
    var blocks: [EventBlock] = []

    mutating func add(_ row: GoroutineRow) {
      guard let count = rows?.count else { return }
      if count < GoroutineList.most { rows?.append(row) } else { isCut = true }
    }
  }

  /// The records of one lane in the open segment.
  private struct LaneBuffer {
    let lane: Lane
    /// The position of the first of them.
    var first: UInt64 = 0
    var records: [Record] = []
    /// The stack of each record plus 1; 0: none. Empty: none has any.
    var stacks: [UInt32] = []
  }

  /// The history to which segments are added.
  let history: History
  /// The moment of the last event.
  var time: UInt64 {
    didSet { if time < oldValue { time = oldValue } }
  }
  let target: Snapshot.Target
  private let limits: SegmentLimits
  /// The file for segments that memory is not to hold, made when the first one comes; nil: there can be none.
  private lazy var spill = try? SpillFile()
  private let encoder = RecordEncoder()
  private var pending: [Pending] = []
  private var model: Model
  private var times: IdleTimes
  private var lanes: [LaneBuffer] = []
  private var places: [Lane: Int] = [:]
  private var lastPlace: (lane: Lane, place: Int)?
  /// Records in the open segment; those in all that are pending; those since a table of Gs was kept.
  private var (open, held, sinceTable) = (0, 0, 0)
  /// Segments since a table of Gs was kept.
  private var segmentsSinceTable = 0
  /// Whether closed segments wait for what comes to be known in this generation.
  private var isHolding = true
  private var hasMisfit = false
  private var isProcsTold = false
  private var meter: CourseMeter
  private var course = HistoryCourse()
  private var ranges: [CollectorRange] = []
  private var heapSizes: [HeapSize] = []
  /// Whether the garbage collector marks.
  private var isCollecting = false

  /// Segments with more records than these together wait for no more.
  private static let mostHeld = 1_500_000
  /// No more segments wait than these.
  private static let mostPending = 256
  /// Few Gs are listed at each keyframe; more of them after so many records for each.
  private static let (fewGs, recordsForARow) = (64, 4)
  /// A player looks for a table in so many segments, and a few more.
  private static let mostWithoutTable = 48
  /// Ticks are nanoseconds.
  private static let clock = Clock(first: (0, 0), second: (0, 0))

  /// - Parameter start: the moment at which the trace begins, in nanoseconds.
  init(_ history: History, name: String, start: UInt64, _ limits: SegmentLimits = SegmentLimits()) {
    (self.history, self.limits) = (history, limits)
    time = start
    target = Snapshot.Target(pid: 0, name: name, bootTime: start)
    model = Model(Self.empty(target, at: start), reasons: WaitReason.all)
    (times, meter) = (IdleTimes(Keyframe()), CourseMeter(at: start))
    begin(rows: [])
  }

  /// Nothing is known yet but what can be counted from here on.
  private static func empty(_ target: Snapshot.Target, at time: UInt64) -> Snapshot {
    var snapshot = Snapshot(target: target)
    snapshot.time = time
    (snapshot.switches, snapshot.gs.created, snapshot.gs.exited, snapshot.trace.events) = (0, 0, 0, 0)
    return snapshot
  }

  // MARK: records

  /// The number of Ps that may run Gs, as far as it is known.
  var procs: Int { model.state.procs }

  /// Whether the open segment is to be closed before the next event.
  ///
  /// A keyframe holds all Ps, Ms and lanes, so a segment has a share of records for each of them: else a few events far apart
  /// would take the memory of many.
  var isFull: Bool {
    let rows = lanes.count + model.state.ps.count + model.state.ms.count
    return open >= limits.records
      || open * 4 >= rows && time &- (pending.last?.keyframe.start ?? time) >= limits.duration
  }

  /// Adds a record to a lane. Moments must not go back.
  mutating func add(_ record: Record, on lane: Lane, stack: Int? = nil) {
    time = record.time
    open += 1
    let place = self.place(lane)
    lanes[place].records.append(record)
    if let stack {
      while lanes[place].stacks.count + 1 < lanes[place].records.count { lanes[place].stacks.append(0) }
      lanes[place].stacks.append(UInt32(clamping: stack + 1))
    }
    let running = model.state.gs.running
    model.apply(record, on: lane)
    times.apply(record, on: lane)
    if let kind = record.kind, kind == .gcStart || kind == .gcEnd { isCollecting = kind == .gcStart }
    let point = meter.pass(
      to: time, running: running, runnable: model.state.gs.runnable, isCollecting: isCollecting, procs: procs)
    if let point { course.add(point, to: meter.end) }
  }

  /// Adds a stretch that the garbage collector took.
  mutating func add(_ range: CollectorRange) { ranges.append(range) }

  /// Notes the size of the heap, or that at which the next collection is to end. Of each millisecond the last is kept: the
  /// allocator tells it at every step.
  mutating func noteHeap(live: UInt64? = nil, goal: UInt64? = nil) {
    var size = heapSizes.last ?? HeapSize(time: time)
    let isSame = !heapSizes.isEmpty && size.time / 1_000_000 == time / 1_000_000
    (size.time, size.live, size.goal) = (time, live ?? size.live, goal ?? size.goal)
    if isSame { heapSizes[heapSizes.count - 1] = size } else { heapSizes.append(size) }
  }

  /// After a gap nothing is known of the heap until it is told.
  mutating func forgetHeap() { if !heapSizes.isEmpty { heapSizes.append(HeapSize(time: time)) } }

  private mutating func place(_ lane: Lane) -> Int {
    if let lastPlace, lastPlace.lane == lane { return lastPlace.place }
    let place = places[lane] ?? lanes.count
    if place == lanes.count {
      lanes.append(LaneBuffer(lane: lane))
      places[lane] = place
    }
    lastPlace = (lane, place)
    return place
  }

  /// An event did not fit those before it, so the gauges may be off up to the next keyframe.
  mutating func noteMisfit() {
    hasMisfit = true
    if let last = pending.indices.last { pending[last].keyframe.snapshot.isConsistent = false }
  }

  // MARK: what was there before

  /// From when on what is introduced now is known to have been so.
  var introducedSince: UInt64 { pending.first?.keyframe.snapshot.time ?? time }

  /// Changes all keyframes that are not in the history yet, and the gauges of now.
  private mutating func change(_ body: (inout Snapshot) -> Void) {
    for index in pending.indices { body(&pending[index].keyframe.snapshot) }
    body(&model.state)
  }

  /// Adds an M that was seen for the first time.
  mutating func introduce(_ m: Snapshot.M) {
    for index in pending.indices { pending[index].keyframe.snapshot.insert(m) }
    model.introduce(m)
  }

  /// Adds a P in the state in which it has been.
  ///
  /// - Parameter m: the M that has it; nil: none, or it is not known.
  mutating func introduce(p id: Int, _ state: TraceProcState, m: UInt16?, at time: UInt64) {
    guard id < QueueAccount.mostPs, model.state.row(ofP: id) == nil else { return }
    var p = Snapshot.P()
    (p.id, p.m, p.ticks) = (id, m.map(Int.init), 0)
    p.status = state == .running ? .running : state == .idle ? .idle : .syscall
    let since = introducedSince
    let procs = isProcsTold ? self.procs : max(self.procs, id + 1)
    change { snapshot in
      let passed = snapshot.time &- min(snapshot.time, since)
      (p.idleTime, p.callTime, p.runTime) = (0, 0, 0)
      switch p.status {
      case .running: p.runTime = passed
      case .idle: p.idleTime = passed
      default: p.callTime = passed
      }
      snapshot.insert(p)
      snapshot.procs = procs
      guard let m, let row = snapshot.ms.firstIndex(where: { $0.id == Int(m) }) else { return }
      snapshot.ms[row].p = id
      if snapshot.ms[row].state == .parked { snapshot.ms[row].state = .running }
    }
    times.add(p, since: pending.last?.keyframe.snapshot.time ?? time)
  }

  /// Says the number of Ps, which was the same before.
  mutating func tell(procs: Int) {
    isProcsTold = true
    guard procs <= QueueAccount.mostPs else { return }
    change { $0.procs = procs }
  }

  /// Adds a G in the state in which it has been.
  ///
  /// - Parameters:
  ///   - p: the P on which it runs; nil: none.
  ///   - m: the thread on which it runs or is in a system call; nil: none, or not known.
  mutating func introduce(_ g: TraceMapping.LiveG, p: Int?, m: UInt16?) {
    change { snapshot in
      snapshot.gs.created.add(1)
      switch g.state {
      case .running: snapshot.gs.running += 1
      case .runnable: snapshot.gs.runnable += 1
      case .syscall: snapshot.gs.syscall += 1
      case .waiting: snapshot.gs.waiting[g.reason, default: 0] += 1
      }
      if let p, let row = snapshot.row(ofP: p), snapshot.ps[row].g == nil { snapshot.ps[row].g = g.id }
      guard let m, let row = snapshot.ms.firstIndex(where: { $0.id == Int(m) }) else { return }
      snapshot.ms[row].g = g.id
      snapshot.ms[row].state = g.state == .syscall ? .syscall : .running
    }
    for index in pending.indices { pending[index].add(GoroutineRow(g)) }
  }

  // MARK: segments

  /// Begins a segment with the gauges of now.
  private mutating func begin(rows: [GoroutineRow]?) {
    var keyframe = Keyframe()
    (keyframe.start, keyframe.clock) = (time, Self.clock)
    model.state.time = time
    keyframe.snapshot = model.state
    keyframe.boundaries = lanes.map { LaneBoundary(lane: $0.lane, position: $0.first) }
      .sorted { $0.lane.order < $1.lane.order }
    times = IdleTimes(keyframe)
    pending.append(Pending(keyframe: keyframe, rows: rows))
    open = 0
  }

  /// Closes the open segment, and begins the next one with the Gs that live.
  mutating func close(_ gs: [TraceMapping.LiveG?]) {
    seal()
    if hasMisfit { recount(gs) }
    sinceTable += open
    held += open
    var rows: [GoroutineRow]?
    segmentsSinceTable += 1
    var isCut = false
    if gs.count <= Self.fewGs || sinceTable >= Self.recordsForARow * gs.count
      || segmentsSinceTable >= Self.mostWithoutTable
    {
      let live = gs.lazy.compactMap { $0 }.prefix(GoroutineList.most + 1).map { GoroutineRow($0) }
      (rows, isCut) = (Array(live.prefix(GoroutineList.most)), live.count > GoroutineList.most)
      (sinceTable, segmentsSinceTable) = (0, 0)
    }
    begin(rows: rows)
    pending[pending.count - 1].isCut = isCut
    if held > Self.mostHeld || pending.count > Self.mostPending { isHolding = false }
  }

  /// Compresses the records of the open segment.
  private mutating func seal() {
    times.add(to: &model.state.ps, until: time, Self.clock)
    let last = pending.count - 1
    for place in lanes.indices where !lanes[place].records.isEmpty {
      let lane = lanes[place]
      for start in stride(from: 0, to: lane.records.count, by: RecordEncoder.most) {
        let range = start..<min(lane.records.count, start + RecordEncoder.most)
        var block = EventBlock(
          lane: lane.lane, first: lane.first &+ UInt64(start), count: range.count,
          firstTime: lane.records[start].time, lastTime: lane.records[range.upperBound - 1].time,
          payload: .memory(encoder.encode(lane.records, range)),
          kinds: RecordSieve.kinds(of: lane.records[range]))
        block.stacks = Self.stacks(lane.stacks, range).map(Payload.memory)
        pending[last].blocks.append(block)
      }
      lanes[place].first &+= UInt64(lane.records.count)
      lanes[place].records.removeAll(keepingCapacity: true)
      lanes[place].stacks.removeAll(keepingCapacity: true)
    }
  }

  private static func stacks(_ stacks: [UInt32], _ range: Range<Int>) -> [UInt8]? {
    guard range.lowerBound < stacks.count else { return nil }
    var out = ByteWriter()
    for number in stacks[range.lowerBound..<min(stacks.count, range.upperBound)] {
      out.number(UInt64(number))
    }
    return out.bytes
  }

  /// Counts the Gs anew, since events did not fit.
  private mutating func recount(_ gs: [TraceMapping.LiveG?]) {
    hasMisfit = false
    (model.state.gs.running, model.state.gs.runnable, model.state.gs.syscall) = (0, 0, 0)
    (model.state.gs.waiting, model.state.netpoll.parked) = ([:], 0)
    model.state.isConsistent = true
    var live = 0
    for g in gs.lazy.compactMap({ $0 }) {
      live += 1
      switch g.state {
      case .running: model.state.gs.running += 1
      case .runnable: model.state.gs.runnable += 1
      case .syscall: model.state.gs.syscall += 1
      case .waiting:
        model.state.gs.waiting[g.reason, default: 0] += 1
        if g.reason.group == .netpoll { model.state.netpoll.parked += 1 }
      }
    }
    model.state.gs.exited = model.state.gs.created.map { $0 &- UInt64(live) }
  }

  /// Adds the segments that are closed to the history, unless they wait for more to be known.
  ///
  /// - Parameter isGenerationOver: whether all of the generation has come.
  mutating func publish(_ names: TraceNames, isGenerationOver: Bool = false) {
    if isGenerationOver { isHolding = false }
    guard !isHolding, pending.count > 1 else { return }
    add(pending.dropLast(), names, to: history, history.bytes > limits.inMemory ? spill : nil)
    pending.removeFirst(pending.count - 1)
    held = 0
  }

  /// A copy of the history in which the segments that still wait are, too, for a look at them before all that belongs to them
  /// is known. Their gauges may lack Gs, and say that they are not consistent.
  func preview(_ names: TraceNames) -> History {
    let copy = history.copy()
    let waiting = pending.dropLast().map { segment in
      var segment = segment
      segment.keyframe.snapshot.isConsistent = false
      return segment
    }
    add(waiting[...], names, to: copy, isPreliminary: true)
    return copy
  }

  private func add(
    _ closed: ArraySlice<Pending>, _ names: TraceNames, to history: History, _ file: SpillFile? = nil,
    isPreliminary: Bool = false
  ) {
    (history.names, history.stacks, history.course) = (names.book, names.stacks, course)
    (history.collectorRanges, history.heapSizes) = (ranges, heapSizes)
    for pending in closed {
      var segment = Self.segment(pending)
      segment.isPreliminary = isPreliminary
      history.append(file?.taking(segment) ?? segment)
    }
    history.note(knownUpTo: max(1, pending[pending.count - 1].keyframe.start))
  }

  private static func segment(_ pending: Pending) -> Segment {
    Segment(
      start: pending.keyframe.start, time: pending.keyframe.snapshot.time,
      keyframe: .memory(pending.keyframe.bytes),
      goroutines: pending.rows.map { .memory(GoroutineList(rows: $0, isCut: pending.isCut).bytes) },
      blocks: pending.blocks,
      isComplete: true)
  }

  /// Goes on after a gap, at a later moment, with nothing known of Gs and Ps. Positions tell that records are missing.
  ///
  /// - Parameter forgetsThreads: forgets threads and counts of Gs as well, since the program went on unwatched for any time.
  mutating func skip(to start: UInt64, _ names: TraceNames, forgetsThreads: Bool = false) {
    close([])
    publish(names, isGenerationOver: true)
    pending = []
    let (before, end) = (model.state, time)
    time = start
    for place in lanes.indices { lanes[place].first &+= 1 }
    var snapshot = Self.empty(target, at: time)
    (snapshot.switches, snapshot.trace.events, snapshot.procs) = (
      before.switches, before.trace.events, before.procs
    )
    if !forgetsThreads { (snapshot.gs.created, snapshot.gs.exited) = (before.gs.created, before.gs.created) }
    model = Model(snapshot, reasons: WaitReason.all)
    for m in before.ms where !forgetsThreads {
      var row = Snapshot.M()
      (row.id, row.tid, row.state) = (m.id, m.tid, .parked)
      model.introduce(row)
    }
    (isHolding, hasMisfit, isCollecting, segmentsSinceTable) = (true, false, false, 0)
    // Of the gap nothing is known, so nobody is counted as running in it.
    if let point = meter.finish(procs: before.procs) { course.add(point, to: meter.end) }
    if start > end { course.add(.unknown(from: end), to: start) }
    meter = CourseMeter(at: time)
    begin(rows: [])
    pending[pending.count - 1].keyframe.gapBegin = end
  }

  /// All of a trace has come: what is left is added to the history. The open segment has no events.
  mutating func endTrace(_ gs: [TraceMapping.LiveG?], _ names: TraceNames) {
    close(gs)
    if let point = meter.finish(procs: procs) { course.add(point, to: meter.end) }
    publish(names, isGenerationOver: true)
  }

  /// Forgets what is only of the time before a moment, which the history has dropped.
  mutating func forget(before time: UInt64) {
    ranges.removeAll { $0.end < time }
    // The last size before the moment holds on.
    heapSizes.removeFirst(max(0, heapSizes.firstPlace { $0.time < time } - 1))
    course.forget(before: time)
  }

  /// Adds what is left to the history, which is whole then. A last segment without events says how all was at the end.
  mutating func finish(_ gs: [TraceMapping.LiveG?], _ names: TraceNames) {
    close(gs)
    isHolding = false
    if let point = meter.finish(procs: procs) { course.add(point, to: meter.end) }
    if let last = pending.last, !(last.blocks.isEmpty && history.segments.isEmpty && pending.count == 1) {
      pending.append(last)
      publish(names)
    }
    history.note(knownUpTo: 0)
  }
}
