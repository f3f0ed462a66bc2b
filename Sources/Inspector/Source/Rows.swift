// The tables: one row for each P and each M, from their blocks and from the steal matrix.
internal import Region

/// Reads the rows of a snapshot.
struct Rows {
  private static let pFields: [PField] = [
    .status, .m, .g, .entry, .timers, .stealTries, .lrqHead, .lrqTail, .runnext, .lrqPeaks,
  ]

  private static let pTimes: [PField] = [.since, .idleTicks, .spinTicks]
  private static let pCaches: [PField] = [.gCacheHits, .gCacheMisses, .stackCacheHits, .stackCacheMisses]
  /// More Ps and Ms, and longer peak arrays, than these are not believed: they bound the work of a snapshot.
  private static let most = (ps: 4096, ms: 65_536, peaks: 4096)

  private let pBlocks: Blocks<PField>
  private let mBlocks: Blocks<MField>
  private let steals: Blocks<StealField>
  /// A status or state that only a newer writer knows shows as `running`.
  private let statuses: [PStatus?]
  private let states: [MState?]
  private var strings: Strings

  init(_ schema: RegionSchema, _ mapping: Mapping, sched: Blocks<SchedField>) throws(LayoutProblem) {
    pBlocks = try Blocks(schema, mapping, needed: Self.pFields, wanted: Self.pTimes + Self.pCaches)
    mBlocks = try Blocks(schema, mapping, needed: [.state, .tid, .p, .g])
    steals = try Blocks(schema, mapping, needed: [.hits, .gs], wanted: [.tries])
    statuses = try schema.table(of: PStatus.self)
    states = try schema.table(of: MState.self)
    strings = try Strings(schema, mapping, sched: sched)
    try pBlocks.check(atMost: Self.most.ps)
    try mBlocks.check(atMost: Self.most.ms)
    guard steals.count >= pBlocks.count * pBlocks.count else {
      throw .impossible("the count of block steal", UInt64(steals.count))
    }
  }

  /// Ps and Ms that can ever be.
  var capacity: (ps: Int, ms: Int) { (pBlocks.count, mBlocks.count) }

  /// One row for each P that Gs may run on, or still do; and what those that were stopped have counted.
  ///
  /// - Parameter frame: the moments between which peaks count, in ticks.
  mutating func ps(
    _ lanes: Lanes, procs: Int, _ clock: Clock, within frame: (start: UInt64, end: UInt64)
  ) throws(LayoutProblem) -> (rows: [Snapshot.P], retired: Snapshot.Retired, steals: StealMatrix) {
    var rows: [Snapshot.P] = []
    rows.reserveCapacity(lanes.ps)
    for id in 0..<lanes.ps {
      var row = try p(id)
      row.lrqMax = max(row.lrq, min(Capacity.lrq, peak(pBlocks, .lrqPeaks, of: id, within: frame)))
      row.ticks = lanes.started(onP: id)
      if let (idle, spinning) = times(ofP: id, until: frame.end) {
        row.idleTime = clock.nanoseconds(lasting: idle)
        row.spinTime = clock.nanoseconds(lasting: spinning)
      }
      rows.append(row)
    }
    let steals = addSteals(to: &rows)
    var retired = Snapshot.Retired()
    rows.removeAll { row in
      guard row.id >= procs, row.status == .stopped else { return false }
      retired.add(row)
      return true
    }
    return (rows, retired, steals)
  }

  private mutating func p(_ id: Int) throws(LayoutProblem) -> Snapshot.P {
    var row = Snapshot.P()
    row.id = id
    let status = pBlocks.value(.status, of: id)
    guard status < 256 else { throw .impossible("p.status", status) }
    row.status = statuses[Int(status)] ?? .running
    row.m = try pBlocks.index(.m, of: id, below: capacity.ms)
    let g = pBlocks.value(.g, of: id)
    row.g = g == 0 ? nil : g
    if g != 0 { row.entry = strings.string(pBlocks.value(.entry, of: id)) }  // else it is the last G's
    row.lrq = depth(ofP: id)
    row.runnext = pBlocks.value(.runnext, of: id) != 0
    row.stealTries = pBlocks.value(.stealTries, of: id)
    if Self.pCaches.allSatisfy(pBlocks.has) {
      row.gCache = Snapshot.Cache(
        hits: pBlocks.value(.gCacheHits, of: id), misses: pBlocks.value(.gCacheMisses, of: id))
      row.stackCache = Snapshot.Cache(
        hits: pBlocks.value(.stackCacheHits, of: id), misses: pBlocks.value(.stackCacheMisses, of: id))
    }
    return row
  }

  /// Gs in the queue of a P. Head and tail are two words that move meanwhile: the head is read on both sides of the
  /// tail until it stands still, so that the difference is one that was.
  private func depth(ofP id: Int) -> Int {
    for _ in 0..<100 {
      let head = pBlocks.value(.lrqHead, of: id)
      let tail = pBlocks.value(.lrqTail, of: id)
      guard pBlocks.value(.lrqHead, of: id) == head else { continue }
      return Int(clamping: min(tail &- head, UInt64(Capacity.lrq)))
    }
    return 0
  }

  /// Ticks that a P was idle and spinning until `now`; nil when the target does not say. A change of status takes four
  /// stores: two equal readings are one state of them, but for a change that stopped half-way.
  private func times(ofP id: Int, until now: UInt64) -> (idle: UInt64, spinning: UInt64)? {
    guard Self.pTimes.allSatisfy(pBlocks.has) else { return nil }
    func read() -> (status: UInt64, since: UInt64, idle: UInt64, spinning: UInt64) {
      let (status, since) = (pBlocks.value(.status, of: id), pBlocks.value(.since, of: id))
      return (status, since, pBlocks.value(.idleTicks, of: id), pBlocks.value(.spinTicks, of: id))
    }
    var last = read()
    for _ in 0..<100 {
      let next = read()
      if next == last { break }
      last = next
    }
    let sinceThen = now > last.since ? now - last.since : 0
    switch last.status < 256 ? statuses[Int(last.status)] : nil {
    case .idle, .stopped: return (last.idle &+ sinceThen, last.spinning)
    case .spinning: return (last.idle, last.spinning &+ sinceThen)
    default: return (last.idle, last.spinning)
    }
  }

  /// Both ends of a steal come from the same word, so Σ `stealsIn` is Σ `stealsOut` in every snapshot.
  private func addSteals(to rows: inout [Snapshot.P]) -> StealMatrix {
    var pairs: [StealMatrix.Pair] = []
    for thief in rows.indices {
      for victim in rows.indices {
        let cell = thief * capacity.ps + victim
        var pair = StealMatrix.Pair(thief: thief, victim: victim)
        (pair.hits, pair.gs) = (steals.value(.hits, of: cell), steals.value(.gs, of: cell))
        if steals.has(.tries) { pair.tries = steals.value(.tries, of: cell) }
        rows[thief].stealsIn &+= pair.hits
        rows[victim].stealsOut &+= pair.hits
        rows[thief].stolenGs &+= pair.gs
        if pair.hits != 0 || pair.tries != 0 { pairs.append(pair) }
      }
    }
    return StealMatrix(pairs)
  }

  /// One row for each thread: those that have left are not listed, those that are being started are.
  func ms(_ count: Int) throws(LayoutProblem) -> [Snapshot.M] {
    var rows: [Snapshot.M] = []
    for id in 0..<count {
      let raw = mBlocks.value(.state, of: id)
      guard raw < 256 else { throw .impossible("m.state", raw) }
      let state = states[Int(raw)] ?? .running
      if state == .none || state == .exited { continue }
      var row = Snapshot.M()
      row.id = id
      row.state = state
      row.tid = Int32(truncatingIfNeeded: mBlocks.value(.tid, of: id))
      row.p = try mBlocks.index(.p, of: id, below: capacity.ps)
      let g = mBlocks.value(.g, of: id)
      row.g = g == 0 ? nil : g
      rows.append(row)
    }
    return rows
  }

  /// Timers armed, on all Ps in use.
  func timers(_ ps: Int) throws(LayoutProblem) -> Int {
    var sum = 0
    for id in 0..<ps { sum += try pBlocks.bounded(.timers, of: id, to: plausible) }
    return sum
  }

  /// The largest value that a peak array noted within a frame (ticks).
  func peak<Field>(
    _ blocks: Blocks<Field>, _ field: Field, of block: Int, within frame: (start: UInt64, end: UInt64)
  ) -> Int {
    let words = (0..<min(blocks.words(field), Self.most.peaks)).map {
      blocks.value(field, of: block, element: $0)
    }
    return Int(clamping: Peaks.largest(from: frame.start, to: frame.end, in: words))
  }
}
