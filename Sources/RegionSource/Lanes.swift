// The state of a target at one instant: how many Gs are in each state, as sums over the lanes (the counters that each P
// and each M writes, §2); the queues; and the rows of Ps and Ms.
//
// §1 The problem. Gs move between states millions of times a second, on many threads, while we count them. Counting
// the G table would be slow and never right. Locking is out: a reader may not touch the target.
//
// §2 The design. Each writer is a lane: a P, or an M without a P. A lane counts its own moves by one increment of one
// word a move, so the words only ever grow. The number of Gs in a state is the number that went in minus the number
// that came out:
//
//     runnable  =  created + yielded + Σ readied + syscalls queued − started
//     running   =  started + resumed + syscalls returned − yielded − Σ parked − exited − preempted − syscalls
//     waiting r =  parked r − readied r
//     preempted =  preempted − resumed
//     syscall   =  syscalls − syscalls returned − syscalls queued
//     live      =  created − exited          = the sum of the states above, by arithmetic
//
// §3 The protocol: double collect. Read all words; read them again. If no word has changed, then every word held its
// value from its first reading to its second, and all these spans have the moment between the two passes in common. So
// the values are those of one instant. That is right because the words only grow (no word can change and change back),
// and because every load of the first pass comes before every load of the second (the loads acquire). The numbers of Ps
// and Ms are part of a pass: a thread that starts in between shows as a difference. The rows of Ps and Ms and the depth
// of the GRQ are part of it, too (RowPlaces). Such a word may change and change back, but never alone: with each such
// change a counter of a lane grows, or the word grows that says when a P last changed its status. Finally the values
// must agree (Balance), because a half-made move may rest for a while as well.
//
// §4 Under a flood of moves no two passes may ever be equal, and the system may keep a thread from its CPU in the
// middle of a move for longer than anybody wants to wait. Then the last pass is taken, and the snapshot says that it is
// not consistent: single states may be off by the moves that were made during a pass, and may even be negative. They
// still add up to `live`, because all are computed from the same words.
//
// §5 Each lane by itself is always read at one moment, between two of its records: its position is read before its
// counters and after them, and both are read again if the position has moved. So what a lane counted can be compared
// with its ring to the record. History relies on this (see History §3). The moment is known exactly: a lane counts
// every record, whether it is a move or not, just before it writes the record, with release. So the sum of a lane's
// counters is the number of records that they count, of which at most one is not written yet.
//
// §6 The depths of queues are read in the same way (QueuePlaces). Their words change after a record is counted and
// before it is written. So they are read before the counters, and belong to the lane's position if no record is under
// way: then the lane is *settled*. A lane whose thread was interrupted just there is read again a little later. If a
// lane never holds still for as long as a reading takes, its counters are read without the words of the queues: gauges
// and history must be exact even when the depths of the queues are not.
internal import Glibc
import Host
import Observed
import Region

/// The lanes and rows of a target, and room for two passes over them.
struct Lanes {
  /// The sums over all lanes; each is a number of Gs.
  struct Tally: Equatable {
    var created: UInt64 = 0
    var started: UInt64 = 0
    var yielded: UInt64 = 0
    var exited: UInt64 = 0
    var preempted: UInt64 = 0
    var resumed: UInt64 = 0
    var syscalls: UInt64 = 0
    var syscallsReturned: UInt64 = 0
    var syscallsQueued: UInt64 = 0
    /// How many Gs are parked, by the raw value of the target's wait reasons.
    var parked: [UInt64]
    var readied: [UInt64]
  }

  /// At most this many passes are made in a row.
  static let passes = 200
  /// How long the passes may take, in nanoseconds, while no two in a row are equal.
  static let patience: UInt64 = 2_000_000
  /// How long passes are repeated, in nanoseconds, although two in a row were equal, because their values do not
  /// agree.
  static let longest: UInt64 = 12_000_000
  /// After this many rounds of equal passes that do not agree, the reader sleeps before each further round, so that a
  /// thread in the middle of a move may get the CPU.
  private static let tries = 8
  /// How long the reader sleeps, in microseconds.
  private static let pause: UInt32 = 50

  let places: LanePlaces
  let rows: RowPlaces
  /// The words of the latest pass.
  private var pass: [UInt64] = []
  /// The words of the pass before it.
  private var earlier: [UInt64] = []
  /// The moment at which the latest pass began, in nanoseconds. If that pass equals the one before it, the
  /// values are those of this instant (§3).
  private(set) var time: UInt64 = 0
  /// How many records each lane had written at the latest pass; see §5.
  private(set) var positions: [UInt64] = []
  /// Whether the words of the queues belong to `positions`; see §6.
  private var areQueuesWhole = true
  /// For each P as thief: its steals from each other P, and its total number of steals when these were read. They are
  /// read again only when that number has changed.
  private var loot: [(steals: UInt64, from: [QueuePlaces.Loot])] = []

  init(_ places: LanePlaces, _ rows: RowPlaces) { (self.places, self.rows) = (places, rows) }

  /// How many Ps had ever been used at the latest pass.
  var ps: Int { pass.isEmpty ? 0 : Int(pass[0]) }
  /// How many Ms had ever been used at the latest pass.
  var ms: Int { pass.isEmpty ? 0 : Int(pass[1]) }

  /// Reads all lanes and rows, if possible at one instant at which all values agree (see §3). Returns whether this was
  /// possible (see §4).
  ///
  /// - Parameters:
  ///   - waits: whether to wait until the values agree. The values of a dead process never change any more.
  ///   - mustBalance: whether the values must agree. If not, being of one instant is enough.
  mutating func collect(waits: Bool = true, mustBalance: Bool = true) throws(LayoutProblem) -> Bool {
    let start = monotonicNow()
    for round in 1... {
      let isStill = try collectOnce(until: start + Self.patience)
      let isGood = isStill && (!mustBalance || isEven)
      let passed = monotonicNow() - start
      // A lane whose record is only half written gets a little time to finish it (§6).
      if isGood, !waits || !hasUnsettled || passed > Self.patience { return true }
      guard waits, passed < (isStill ? Self.longest : Self.patience) else { break }
      if isStill, isGood || round >= Self.tries { usleep(Self.pause) }
    }
    rows.steady(&pass, from: rowStart, ps: ps)
    return false
  }

  /// Makes passes until two in a row are equal, and returns whether two were.
  private mutating func collectOnce(until deadline: UInt64) throws(LayoutProblem) -> Bool {
    let (places, rows) = (places, rows)
    var (positions, time, areWhole) = (positions, time, true)
    defer { (self.positions, self.time, areQueuesWhole) = (positions, time, areWhole) }
    return try doubleCollect(
      &pass, &earlier, passes: Self.passes, isLate: { monotonicNow() > deadline },
      read: { (words: inout [UInt64]) throws(LayoutProblem) in
        time = monotonicNow()
        areWhole = try places.read(into: &words, &positions, &loot)
        rows.read(into: &words, ps: Int(words[0]), ms: Int(words[1]))
      })
  }

  /// Whether the counts of the queues belong to the positions of all lanes, at the latest pass; see §6.
  var isSettled: Bool { places.countsOthers && areQueuesWhole }

  /// Whether the target counts its queues, but these counts do not belong to `positions`: a thread was
  /// interrupted before it wrote a record, or a lane changed during every try.
  private var hasUnsettled: Bool { places.queues != nil && !areQueuesWhole }

  /// The depths of the queues, from the words in which the lanes count moves between queues. They are exact if all
  /// lanes are settled (§6), or if the pass read all values as of one instant (§3). nil: the target does not count
  /// its queues.
  var account: QueueAccount? {
    guard places.queues != nil else { return nil }
    var (grq, ps) = (UInt64(0), [QueueAccount.P](repeating: QueueAccount.P(), count: ps))
    for index in positions.indices {
      let start = 2 + index * places.words
      let words = pass[(start + places.counters)..<(start + places.words)]
      let first = words.startIndex
      grq &+= words[first + 2]
      guard index < ps.count else { continue }
      let isRunning = places.running(pass[start..<start + places.counters]) == 1
      ps[index].next = Int(truncatingIfNeeded: words[first])
      ps[index].lrq = Int(truncatingIfNeeded: words[first + 1])
      ps[index].m = words[first + 4] == 0 ? nil : Int(clamping: words[first + 4] - 1)
      ps[index].g = isRunning && words[first + 5] != 0 ? words[first + 5] : nil
    }
    for thief in loot.prefix(ps.count) {
      for (victim, taken) in thief.from.prefix(ps.count).enumerated() {
        ps[victim].next &-= Int(truncatingIfNeeded: taken.nexts)
        ps[victim].lrq &-= Int(truncatingIfNeeded: taken.gs &- taken.nexts)
      }
    }
    return QueueAccount(ps: ps, grq: Int(truncatingIfNeeded: grq))
  }

  // MARK: rows, at the latest pass

  private var rowStart: Int { 2 + (ps + ms) * places.words }

  func value(_ field: SchedField) -> UInt64 { pass[rowStart + rows.index(field)] }
  func value(_ field: PField, ofP p: Int) -> UInt64 { pass[rowStart + rows.index(field, of: p)] }
  func value(_ field: MField, ofM m: Int) -> UInt64 { pass[rowStart + rows.index(field, of: m, ps: ps)] }

  func status(ofP p: Int) -> PStatus { rows.statuses[Int(value(.status, ofP: p) & 0xff)] ?? .running }
  func state(ofM m: Int) -> MState { rows.states[Int(value(.state, ofM: m) & 0xff)] ?? .running }

  /// The number of Gs in the LRQ of a P. The result is clamped, because head and tail may be of two instants.
  func depth(ofP p: Int) -> Int {
    Int(clamping: min(value(.lrqTail, ofP: p) &- value(.lrqHead, ofP: p), UInt64(Capacity.lrq)))
  }

  /// How far each lane had counted at the latest pass, the lanes of Ps first; see §5. The lanes of a target without
  /// events have written nothing.
  var marks: [LaneMark] {
    positions.enumerated().map { index, position in
      let start = 2 + index * places.words
      let begun = pass[start..<start + places.counters].reduce(0, &+)
      // If the lane's counters are more than one ahead of its position, the lane changed while it was read,
      // or an older target does not count all of its records.
      let isExact = places.countsOthers && (begun &- position <= 1)
      return LaneMark(
        lane: index < ps ? .p(index) : .m(index - ps), position: position, begun: isExact ? begun : position,
        isExact: isExact)
    }
  }

  /// The sums over all lanes of the latest pass. Like all counters, they wrap.
  var tally: Tally {
    let reasons = places.reasons
    let none = [UInt64](repeating: 0, count: reasons)
    var tally = Tally(parked: none, readied: none)
    for start in stride(from: 2, to: rowStart, by: places.words) {
      tally.created &+= pass[start]
      tally.started &+= pass[start + 1]
      tally.yielded &+= pass[start + 2]
      tally.exited &+= pass[start + 3]
      let parked = start + 4
      let readied = parked + reasons
      for reason in 0..<reasons {
        tally.parked[reason] &+= pass[parked + reason]
        tally.readied[reason] &+= pass[readied + reason]
      }
      guard places.countsStops else { continue }
      let stops = readied + reasons
      tally.preempted &+= pass[stops]
      tally.resumed &+= pass[stops + 1]
      tally.syscalls &+= pass[stops + 2]
      tally.syscallsReturned &+= pass[stops + 3]
      tally.syscallsQueued &+= pass[stops + 4]
    }
    return tally
  }

  /// The steals of one P from another, at the latest pass; nil: the pass did not read them.
  func taken(by thief: Int, from victim: Int) -> QueuePlaces.Loot? {
    guard places.queues != nil, loot.indices.contains(thief) else { return nil }
    return victim < loot[thief].from.count ? loot[thief].from[victim] : QueuePlaces.Loot()
  }

  /// How many Gs P `p` has started, at the latest pass.
  func started(onP p: Int) -> UInt64 { pass[2 + p * places.words + 1] }
}

/// The places of the counters of all lanes.
struct LanePlaces {
  private static let moves: [LaneField] = [.created, .started, .yielded, .exited]

  /// The counters of moves that an older target does not make, and so does not count.
  private static let stops: [LaneField] = [
    .preempted, .resumed, .syscalls, .syscallsReturned, .syscallsQueued,
  ]

  /// At most this many counters of one kind are read, however many the region claims to have.
  private static let mostReasons = 64

  let blocks: Blocks<LaneField>
  /// How many wait reasons have counters.
  let reasons: Int
  private let mapping: Mapping
  private let sched: Blocks<SchedField>
  private let capacity: (ps: Int, ms: Int)
  /// Whether the target counts preemptions and system calls.
  let countsStops: Bool
  /// Whether the target also counts the records that are no moves.
  let countsOthers: Bool
  /// Byte offsets of the counters of lane 0: the four moves; parked and readied, by reason; then, if the target has
  /// them, those of `stops` and the count of records that are no moves (`LaneField.others`).
  private let first: [Int]
  /// The places of the words of the queues; nil: the target lacks these words.
  let queues: QueuePlaces?

  /// - Parameter capacity: how many Ps and Ms the region has room for. The lanes of Ms come after those of all Ps.
  init(
    _ schema: RegionSchema, _ mapping: Mapping, sched: Blocks<SchedField>, capacity: (ps: Int, ms: Int)
  ) throws(LayoutProblem) {
    let blocks = try Blocks<LaneField>(
      schema, mapping, needed: [.position, .parked, .readied] + Self.moves,
      wanted: Self.stops + [.others, .queuedOn, .takenFrom])
    guard blocks.count >= capacity.ps + capacity.ms else {
      throw .impossible("the count of block lane", UInt64(blocks.count))
    }
    let reasons = min(blocks.words(.parked), blocks.words(.readied), Self.mostReasons)
    var first = Self.moves.map { blocks.offset($0, of: 0) }
    for field in [LaneField.parked, .readied] {
      first += (0..<reasons).map { blocks.offset(field, of: 0, element: $0) }
    }
    countsStops = Self.stops.allSatisfy { blocks.has($0) }
    if countsStops { first += Self.stops.map { blocks.offset($0, of: 0) } }
    countsOthers = blocks.has(.others)
    if countsOthers { first.append(blocks.offset(.others, of: 0)) }
    queues = countsStops && countsOthers ? try QueuePlaces(schema, mapping, blocks) : nil
    (self.blocks, self.mapping, self.sched) = (blocks, mapping, sched)
    (self.capacity, self.reasons, self.first) = (capacity, reasons, first)
  }

  /// How many counters a lane has.
  var counters: Int { first.count }
  /// How many words a lane has in a pass.
  var words: Int { counters + (queues == nil ? 0 : QueuePlaces.words) }

  /// The number of Gs that run on a P, computed from the counters of its lane: 0 or 1.
  func running(_ lane: ArraySlice<UInt64>) -> UInt64 {
    let stops = lane.startIndex + 4 + 2 * reasons
    let parked = lane[(lane.startIndex + 4)..<(lane.startIndex + 4 + reasons)].reduce(0, &+)
    let began = lane[lane.startIndex + 1] &+ lane[stops + 1] &+ lane[stops + 3]
    return began &- lane[lane.startIndex + 2] &- lane[lane.startIndex + 3] &- parked &- lane[stops]
      &- lane[stops + 2]
  }

  /// The index of the block of a P's lane.
  func lane(ofP p: Int) -> Int { p }
  /// The index of the block of an M's lane.
  func lane(ofM m: Int) -> Int { capacity.ps + m }

  /// Makes one pass. It reads the numbers of Ps and Ms that were ever used, the counters of each of their lanes, and
  /// the lanes' positions. Stopped Ps are included, because what they have counted still counts.
  ///
  /// - Returns: whether the words of all lanes' queues belong to the lanes' positions.
  func read(
    into words: inout [UInt64], _ positions: inout [UInt64],
    _ loot: inout [(steals: UInt64, from: [QueuePlaces.Loot])]
  ) throws(LayoutProblem) -> Bool {
    words.removeAll(keepingCapacity: true)
    positions.removeAll(keepingCapacity: true)
    var areWhole = true
    let ps = try sched.psMade(to: capacity.ps)
    let ms = try sched.bounded(.mCount, to: capacity.ms)
    words.append(UInt64(ps))
    words.append(UInt64(ms))
    while loot.count < ps { loot.append((0, [])) }
    func note(_ lane: (position: UInt64, isWhole: Bool)) {
      positions.append(lane.position)
      if !lane.isWhole { areWhole = false }
    }
    for p in 0..<ps {
      note(
        append(lane(ofP: p), to: &words) { queues in
          let words = queues.read(lane: lane(ofP: p) * blocks.stride, ofP: p)
          // A P that is made after this pass has read the number of Ps has no entry here. A thief can steal from it only later,
          // which changes the thief's number of steals, so the next pass reads the thief's steals again.
          if loot[p].steals != words[3] { loot[p] = (words[3], queues.loot(of: p, from: ps)) }
          return words
        })
    }
    for m in 0..<ms {
      note(append(lane(ofM: m), to: &words) { $0.read(lane: lane(ofM: m) * blocks.stride, ofP: nil) })
    }
    return areWhole
  }

  /// How often a lane is read at most, until it does not change during a reading; a reading takes 50 ns.
  private static let tries = 100
  /// How often a lane is read together with the words of its queues, before it is read without them.
  private static let queueTries = 20

  /// Appends the counters of a lane and the words of its queues; see §5 and §6.
  ///
  /// - Returns: the lane's position, and whether the words of its queues belong to it.
  private func append(
    _ lane: Int, to words: inout [UInt64], _ readQueues: (QueuePlaces) -> [6 of UInt64]
  ) -> (position: UInt64, isWhole: Bool) {
    let start = lane * blocks.stride
    let position = blocks.word(.position, of: lane)
    let end = words.count
    var queueWords: [6 of UInt64] = [0, 0, 0, 0, 0, 0]
    if let queues {
      for _ in 0..<Self.queueTries {
        let before = position.acquired
        queueWords = readQueues(queues)  // before the counters: §6
        appendCounters(start, to: &words)
        let begun = words[end..<end + counters].reduce(0, &+)
        let isStill = position.acquired == before
        if isStill, begun == before {
          append(queueWords, to: &words)
          return (before, true)
        }
        words.removeLast(words.count - end)
        if isStill, begun &- before > 1 { break }  // the target writes no events
      }
    }
    // Every reading so far found a record half written, or the lane changed during it. So now read the counters
    // without the words of the queues: these need not belong to them.
    var before = position.acquired
    for _ in 0..<Self.tries {
      appendCounters(start, to: &words)
      let after = position.acquired
      if after == before { break }
      before = after
      words.removeLast(words.count - end)
    }
    if words.count == end { appendCounters(start, to: &words) }
    if queues != nil { append(queueWords, to: &words) }
    return (before, queues == nil)
  }

  private func append(_ queueWords: [6 of UInt64], to words: inout [UInt64]) {
    for index in queueWords.indices { words.append(queueWords[index]) }
  }

  private func appendCounters(_ start: Int, to words: inout [UInt64]) {
    for place in first { words.append(mapping.word(at: place + start).acquired) }
  }
}

extension Blocks<SchedField> {
  /// How many Ps were ever used. An older target does not tell this, and keeps the number of Ps that it started with.
  func psMade(to limit: Int) throws(LayoutProblem) -> Int {
    let procs = try bounded(.procs, to: limit)
    return has(.psMade) ? max(procs, try bounded(.psMade, to: limit)) : procs
  }
}

/// Reads until two passes in a row are equal, and leaves the last one in `latest`. See §3.
///
/// - Returns: whether two were equal; false after `passes` passes, or when `isLate` says so after at least two.
func doubleCollect(
  _ latest: inout [UInt64], _ earlier: inout [UInt64], passes: Int, isLate: () -> Bool,
  read: (inout [UInt64]) throws(LayoutProblem) -> Void
) throws(LayoutProblem) -> Bool {
  try read(&latest)
  for _ in 1..<passes {
    swap(&latest, &earlier)
    try read(&latest)
    if latest == earlier { return true }
    if isLate() { return false }
  }
  return false
}
