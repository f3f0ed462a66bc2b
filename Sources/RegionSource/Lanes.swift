// The state of a target at one instant: the Gs by state, as sums over the lanes, and beside them the queues, the Ps and
// the Ms.
//
// §1 The problem. Gs move between states millions of times a second, on many threads, while we count them. Counting
// the G table would be slow and never right. Locking is out: a reader may not touch the target.
//
// §2 The design. Each writer (a lane: a P, or an M without one) counts its own moves, one increment of one word a
// move, and the words only ever grow. A state's Gs are what went in minus what came out:
//
//     runnable  =  created + yielded + Σ readied + syscalls queued − started
//     running   =  started + resumed + syscalls returned − yielded − Σ parked − exited − preempted − syscalls
//     waiting r =  parked r − readied r
//     preempted =  preempted − resumed
//     syscall   =  syscalls − syscalls returned − syscalls queued
//     live      =  created − exited          = the sum of the others, by arithmetic
//
// §3 The protocol: double collect. Read all words; read them again; if no word has changed, then every word held its
// value from its first reading to its second, and all these spans have in common the moment between the two passes.
// So the values are those of one instant. That holds because the words only grow (a word cannot go away and come back)
// and because every load of the first pass comes before every load of the second (the loads acquire). How many Ps
// and Ms there are is part of a pass: a thread that starts in between shows as a difference.
// The rows of Ps and Ms and the GRQ's depth are part of it too (RowPlaces). Their words do go away and come back, but not
// by themselves: with each such change a counter of a lane grows, or the moment at which a P changed its status. And then
// it must add up (Balance): a move that is half made is at rest as well, for a while.
//
// §4 Under a flood two passes may never agree, and the system may keep a thread from its CPU in the middle of a move for
// longer than anybody wants to wait. Then the last pass is taken and the snapshot says that it is not
// consistent: single states may be off by the moves that were made during a pass, and may even be negative, but they
// still add up to `live`, since all are computed from the same words.
//
// §5 Each lane by itself is always of one moment, between two of its records: its position is read before its counters
// and after them, and both again when it has moved. So what a lane counted can be set against its ring to the record,
// which is what history stands on (see History §3). That moment needs no guess: every record, of a move or not, is
// counted just before it is written, with release, so all of a lane's counters together are the number of records that
// they count, at most one of which is not written yet.
//
// §6 The depths of queues go along (QueuePlaces). Their words change after the count and before the record; so they are
// read before the counters, and are those of the lane's position when no record is under way: the lane is *settled*. One
// that is not, because its thread was interrupted just there, is read again, a little later. A lane that will not hold
// still for as long as that takes has its counters read alone: gauges and history are to be exact whatever the queues are.
internal import Glibc
import Host
import Observed
import Region

/// The lanes and rows of a target, and room for two passes over them.
struct Lanes {
  /// Sums over all lanes, in Gs.
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
    /// By the raw value of the target's wait reasons.
    var parked: [UInt64]
    var readied: [UInt64]
  }

  /// Passes that are made in a row, and the nanoseconds that all of them may take: where none is like the one before, and
  /// where they are, and do not add up.
  static let passes = 200
  static let patience: UInt64 = 2_000_000
  static let longest: UInt64 = 12_000_000
  /// Equal passes after which a thread that is in the middle of a move gets the CPU that we have, perhaps: nanoseconds.
  private static let tries = 8
  private static let pause: UInt32 = 50

  let places: LanePlaces
  let rows: RowPlaces
  /// The latest pass, and the one before.
  private var pass: [UInt64] = []
  private var earlier: [UInt64] = []
  /// When the latest pass began, in nanoseconds: where it is like the one before, the instant of §3.
  private(set) var time: UInt64 = 0
  /// Records that each lane had written at the latest pass; see §5.
  private(set) var positions: [UInt64] = []
  /// Whether the words of the queues are of these positions; see §6.
  private var areQueuesWhole = true
  /// What each P has taken from each other, and its number of steals then: it stays as long as that does.
  private var loot: [(steals: UInt64, from: [QueuePlaces.Loot])] = []

  init(_ places: LanePlaces, _ rows: RowPlaces) { (self.places, self.rows) = (places, rows) }

  /// Ps and Ms that were ever used, at the latest pass.
  var ps: Int { pass.isEmpty ? 0 : Int(pass[0]) }
  var ms: Int { pass.isEmpty ? 0 : Int(pass[1]) }

  /// Reads all lanes and rows, at one instant if it can be had, at which all of it adds up. See §3; false: see §4.
  ///
  /// - Parameters:
  ///   - waits: whether what does not add up is waited for: of a process that is dead it never will.
  ///   - mustBalance: false: one instant is enough.
  mutating func collect(waits: Bool = true, mustBalance: Bool = true) throws(LayoutProblem) -> Bool {
    let start = monotonicNow()
    for round in 1... {
      let isStill = try collectOnce(until: start + Self.patience)
      let isGood = isStill && (!mustBalance || isEven)
      let passed = monotonicNow() - start
      // A lane that has a record under way is given a little time (§6).
      if isGood, !waits || !hasUnsettled || passed > Self.patience { return true }
      guard waits, passed < (isStill ? Self.longest : Self.patience) else { break }
      if isStill, isGood || round >= Self.tries { usleep(Self.pause) }
    }
    rows.steady(&pass, from: rowStart, ps: ps)
    return false
  }

  /// Whether two passes were equal.
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

  /// Whether the account of the queues is that of all lanes' positions, at the latest pass; see §6.
  var isSettled: Bool { places.countsOthers && areQueuesWhole }

  /// Whether it is not, because a thread was interrupted before it wrote a record, or its lane would not hold still.
  private var hasUnsettled: Bool { places.queues != nil && !areQueuesWhole }

  /// The queues, as the records have them: exact when all is settled, or when the pass was of one instant. nil: the target
  /// does not tell.
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

  /// Gs in the queue of a P. Not of one instant, head and tail may be of two: it is clamped.
  func depth(ofP p: Int) -> Int {
    Int(clamping: min(value(.lrqTail, ofP: p) &- value(.lrqHead, ofP: p), UInt64(Capacity.lrq)))
  }

  /// How far each lane had counted at the latest pass, the Ps' first; see §5. A target without events has none.
  var marks: [LaneMark] {
    positions.enumerated().map { index, position in
      let start = 2 + index * places.words
      let begun = pass[start..<start + places.counters].reduce(0, &+)
      // More than one ahead: it would not hold still, or an older target, which does not count all of its records.
      let isExact = places.countsOthers && (begun &- position <= 1)
      return LaneMark(
        lane: index < ps ? .p(index) : .m(index - ps), position: position, begun: isExact ? begun : position,
        isExact: isExact)
    }
  }

  /// The sums of the latest pass. They wrap, as counters do.
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

  /// What a P has taken from another, at the latest pass; nil: the target does not tell when that changes.
  func taken(by thief: Int, from victim: Int) -> QueuePlaces.Loot? {
    guard places.queues != nil, loot.indices.contains(thief) else { return nil }
    return victim < loot[thief].from.count ? loot[thief].from[victim] : QueuePlaces.Loot()
  }

  /// Gs that P `p` has started, at the latest pass.
  func started(onP p: Int) -> UInt64 { pass[2 + p * places.words + 1] }
}

/// Where the counters of all lanes lie.
struct LanePlaces {
  private static let moves: [LaneField] = [.created, .started, .yielded, .exited]

  /// Moves that an older target does not count, because it does not make them.
  private static let stops: [LaneField] = [
    .preempted, .resumed, .syscalls, .syscallsReturned, .syscallsQueued,
  ]

  /// More counters of one kind than this are not believed.
  private static let mostReasons = 64

  package let blocks: Blocks<LaneField>
  /// Wait reasons that have counters.
  let reasons: Int
  private let mapping: Mapping
  private let sched: Blocks<SchedField>
  private let capacity: (ps: Int, ms: Int)
  /// Whether the target counts preemptions and system calls.
  let countsStops: Bool
  /// Whether it counts the records that are of no move.
  let countsOthers: Bool
  /// The counters of lane 0: the four moves, parked and readied by reason, then the stops and the rest if they are
  /// counted.
  private let first: [Int]
  /// nil: the target does not tell how deep its queues are as the records have it.
  let queues: QueuePlaces?

  /// - Parameter capacity: Ps and Ms that can ever be; the Ms' lanes come after those of all Ps.
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

  /// Counters of one lane.
  var counters: Int { first.count }
  /// Words of one lane in a pass.
  var words: Int { counters + (queues == nil ? 0 : QueuePlaces.words) }

  /// Gs that run on a P, by the counters of its lane: 0 or 1.
  func running(_ lane: ArraySlice<UInt64>) -> UInt64 {
    let stops = lane.startIndex + 4 + 2 * reasons
    let parked = lane[(lane.startIndex + 4)..<(lane.startIndex + 4 + reasons)].reduce(0, &+)
    let began = lane[lane.startIndex + 1] &+ lane[stops + 1] &+ lane[stops + 3]
    return began &- lane[lane.startIndex + 2] &- lane[lane.startIndex + 3] &- parked &- lane[stops]
      &- lane[stops + 2]
  }

  /// The block of a P's lane, and of an M's.
  package func lane(ofP p: Int) -> Int { p }
  package func lane(ofM m: Int) -> Int { capacity.ps + m }

  /// One pass: Ps and Ms that were ever used (what a stopped P has counted still counts), then the counters of each of
  /// their lanes; and the lanes' positions.
  ///
  /// - Returns: whether the words of the queues are of their lanes' positions, all of them.
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
          // Those that are made later are robbed later, which the number of steals tells.
          if loot[p].steals != words[3] { loot[p] = (words[3], queues.loot(of: p, from: ps)) }
          return words
        })
    }
    for m in 0..<ms {
      note(append(lane(ofM: m), to: &words) { $0.read(lane: lane(ofM: m) * blocks.stride, ofP: nil) })
    }
    return areWhole
  }

  /// Tries that a lane gets to hold still for the time of its reading, 50 ns; and for that of its queues besides.
  private static let tries = 100
  private static let queueTries = 20

  /// Appends the counters of a lane, and the words of its queues; see §5 and §6.
  ///
  /// - Returns: its position, and whether the words of its queues are of it.
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
    // In the middle of a record, or it would not hold still for so long: the counters alone.
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
  /// Ps whose blocks were ever used. An older target does not say, and has as many as at its start.
  func psMade(to limit: Int) throws(LayoutProblem) -> Int {
    let procs = try bounded(.procs, to: limit)
    return has(.psMade) ? max(procs, try bounded(.psMade, to: limit)) : procs
  }
}

/// Reads until two passes in a row are equal, and leaves the last one in `latest`. See §3.
///
/// - Returns: whether two were; false after `passes`, or when `isLate` says so after at least two.
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
