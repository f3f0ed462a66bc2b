// The rows of a snapshot: one for each P and each M, from their blocks and from the steal matrix.
import Host
import Observed
import Region

/// Reads the rows of a snapshot.
struct Rows {
  private static let pTimes: [PField] = [.since, .idleTicks, .spinTicks]
  /// Times of a P that an older target may lack.
  private static let pNewerTimes: [PField] = [.callTicks, .made]
  private static let pCaches: [PField] = [.gCacheHits, .gCacheMisses, .stackCacheHits, .stackCacheMisses]
  /// If a region claims more Ps, Ms or words of a peak array than these, it is damaged. This bounds the work
  /// of a snapshot.
  private static let most = (ps: 4096, ms: 65_536, peaks: 4096)

  private let pBlocks: Blocks<PField>
  private let mBlocks: Blocks<MField>
  private let steals: Blocks<StealField>
  /// The part of the rows that is read together with the lanes.
  let places: RowPlaces
  private var strings: Strings

  init(_ schema: RegionSchema, _ mapping: Mapping, sched: Blocks<SchedField>) throws(LayoutProblem) {
    pBlocks = try Blocks(
      schema, mapping, needed: RowPlaces.neededOfP + [.timers, .stealTries, .lrqPeaks],
      wanted: Self.pTimes + Self.pNewerTimes + Self.pCaches)
    mBlocks = try Blocks(schema, mapping, needed: RowPlaces.neededOfM, wanted: [.waitsSince])
    steals = try Blocks(schema, mapping, needed: [.hits, .gs], wanted: [.tries])
    places = try RowPlaces(schema, mapping, sched: sched, p: pBlocks, m: mBlocks)
    strings = try Strings(schema, mapping, sched: sched)
    try pBlocks.check(atMost: Self.most.ps)
    try mBlocks.check(atMost: Self.most.ms)
    guard steals.count >= pBlocks.count * pBlocks.count else {
      throw .impossible("the count of block steal", UInt64(steals.count))
    }
  }

  /// How many Ps and Ms the region has room for.
  var capacity: (ps: Int, ms: Int) { (pBlocks.count, mBlocks.count) }

  /// Makes one row for each P that was ever used, also for stopped ones, and the steal matrix.
  ///
  /// - Parameter frame: the moments between which peaks count, in ticks.
  mutating func ps(
    _ lanes: Lanes, _ clock: Clock, within frame: (start: UInt64, end: UInt64)
  ) throws(LayoutProblem) -> (rows: [Snapshot.P], steals: StealMatrix) {
    var rows: [Snapshot.P] = []
    rows.reserveCapacity(lanes.ps)
    for id in 0..<lanes.ps {
      var row = try p(id, lanes)
      row.lrqMax = larger(row.lrq, lrqPeak(of: id, within: frame))
      row.ticks = lanes.started(onP: id)
      setTimes(&row, lanes, until: frame.end, clock)
      rows.append(row)
    }
    let steals = addSteals(to: &rows, lanes)
    return (rows, steals)
  }

  private mutating func p(_ id: Int, _ lanes: Lanes) throws(LayoutProblem) -> Snapshot.P {
    var row = Snapshot.P()
    row.id = id
    let status = lanes.value(.status, ofP: id)
    guard status < 256 else { throw .impossible("p.status", status) }
    row.status = lanes.status(ofP: id)
    row.m = try Self.index(lanes.value(.m, ofP: id), "p.m", below: capacity.ms)
    let g = lanes.value(.g, ofP: id)
    row.g = g == 0 ? nil : g
    // Without a G the word still tells the entry of the last one.
    if g != 0 { row.entry = strings.string(lanes.value(.entry, ofP: id)) }
    row.lrq = lanes.depth(ofP: id)
    row.runnext = lanes.value(.runnext, ofP: id) != 0
    row.stealTries = pBlocks.value(.stealTries, of: id)
    if Self.pCaches.allSatisfy(pBlocks.has) {
      row.gCache = Snapshot.Cache(
        hits: pBlocks.value(.gCacheHits, of: id), misses: pBlocks.value(.gCacheMisses, of: id))
      row.stackCache = Snapshot.Cache(
        hits: pBlocks.value(.stackCacheHits, of: id), misses: pBlocks.value(.stackCacheMisses, of: id))
    }
    return row
  }

  /// A word that is 0 for none, and otherwise an index plus 1. Throws if it is above `limit`.
  private static func index(_ word: UInt64, _ name: String, below limit: Int) throws(LayoutProblem) -> Int? {
    guard word <= UInt64(limit) else { throw .impossible(name, word) }
    return word == 0 ? nil : Int(word) - 1
  }

  /// Sets how the P has spent its time up to `now`, in ticks, including the time in its present status.
  private func setTimes(_ row: inout Snapshot.P, _ lanes: Lanes, until now: UInt64, _ clock: Clock) {
    guard Self.pTimes.allSatisfy(pBlocks.has) else { return }
    func value(_ field: PField) -> UInt64 { lanes.value(field, ofP: row.id) }
    var (idle, spinning, calls) = (value(.idleTicks), value(.spinTicks), value(.callTicks))
    let sinceThen = now - min(now, value(.since))
    switch row.status {
    case .idle, .stopped: idle &+= sinceThen
    case .spinning: spinning &+= sinceThen
    case .syscall: calls &+= sinceThen
    case .running: break
    }
    let (idleTime, spinTime) = (clock.nanoseconds(lasting: idle), clock.nanoseconds(lasting: spinning))
    (row.idleTime, row.spinTime) = (idleTime, spinTime)
    guard Self.pNewerTimes.allSatisfy(pBlocks.has) else { return }
    let callTime = clock.nanoseconds(lasting: calls)
    // The difference is taken in ticks. Each time is rounded by itself, so a difference of nanoseconds would waver
    // while a P idles.
    let (whole, others) = (now - min(now, value(.made)), idle &+ spinning &+ calls)
    row.callTime = callTime
    row.runTime = clock.nanoseconds(lasting: whole - min(whole, others))
  }

  /// The moment at which one of the first `ps` Ps last changed its status, in ticks; 0: the target does not
  /// tell.
  func lastChange(ps: Int) -> UInt64 {
    guard pBlocks.has(.since) else { return 0 }
    return (0..<ps).reduce(0) { max($0, pBlocks.value(.since, of: $1)) }
  }

  /// Adds its steals to the row of each P, and returns the steal matrix. A steal's thief and victim are counted from
  /// the same word, so the sums of `stealsIn` and of `stealsOut` are equal in every snapshot.
  private func addSteals(to rows: inout [Snapshot.P], _ lanes: Lanes) -> StealMatrix {
    var pairs: [StealMatrix.Pair] = []
    for row in rows.indices { (rows[row].stealsIn, rows[row].stealsOut, rows[row].stolenGs) = (0, 0, 0) }
    for thief in rows.indices {
      for victim in rows.indices {
        let cell = thief * capacity.ps + victim
        var pair = StealMatrix.Pair(thief: thief, victim: victim, tries: nil, hits: 0, gs: 0)
        if let taken = lanes.taken(by: thief, from: victim) {
          (pair.hits, pair.gs) = (taken.hits, taken.gs)
        } else {
          (pair.hits, pair.gs) = (steals.value(.hits, of: cell), steals.value(.gs, of: cell))
        }
        if steals.has(.tries) { pair.tries = steals.value(.tries, of: cell) }
        rows[thief].stealsIn.add(pair.hits)
        rows[victim].stealsOut.add(pair.hits)
        rows[thief].stolenGs.add(pair.gs)
        if pair.hits != 0 || pair.tries ?? 0 != 0 { pairs.append(pair) }
      }
    }
    var matrix = StealMatrix(pairs)
    matrix.tellsTries = steals.has(.tries)
    return matrix
  }

  /// Makes one row for each M that has a thread. A thread that has ended is left out; one that is being started is
  /// listed.
  func ms(_ lanes: Lanes) throws(LayoutProblem) -> [Snapshot.M] {
    var rows: [Snapshot.M] = []
    for id in 0..<lanes.ms {
      let raw = lanes.value(.state, ofM: id)
      guard raw < 256 else { throw .impossible("m.state", raw) }
      let state = lanes.state(ofM: id)
      if state == .none || state == .exited { continue }
      var row = Snapshot.M()
      row.id = id
      row.state = state
      row.tid = Int32(truncatingIfNeeded: lanes.value(.tid, ofM: id))
      row.p = try Self.index(lanes.value(.p, ofM: id), "m.p", below: capacity.ps)
      let g = lanes.value(.g, ofM: id)
      row.g = g == 0 ? nil : g
      rows.append(row)
    }
    return rows
  }

  /// The number of timers that are set, on the first `ps` Ps together. Throws if it is implausibly large.
  func timers(_ ps: Int) throws(LayoutProblem) -> Int {
    var sum = 0
    for id in 0..<ps { sum += try pBlocks.bounded(.timers, of: id, to: plausible) }
    return sum
  }

  func lrqPeak(of p: Int, within frame: (start: UInt64, end: UInt64)) -> Int {
    min(Capacity.lrq, peak(pBlocks, .lrqPeaks, of: p, within: frame))
  }

  /// The largest depth that a peak array has noted between two moments, in ticks.
  func peak<Field>(
    _ blocks: Blocks<Field>, _ field: Field, of block: Int, within frame: (start: UInt64, end: UInt64)
  ) -> Int {
    let words = (0..<min(blocks.words(field), Self.most.peaks)).map {
      blocks.value(field, of: block, element: $0)
    }
    return Int(clamping: Peaks.largest(from: frame.start, to: frame.end, in: words))
  }
}
