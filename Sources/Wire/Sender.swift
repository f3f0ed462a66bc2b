// Sends what a source tells. It decides what goes into the next packet, and when.
//
// §1 Time. Draining has the pace of a viewer (DrainPace), since the rings are the same. Packets are fewer, eight a second,
// because each costs a flush. Every other one ends with an observation, as a viewer on this machine takes four a second.
// There is a packet though nothing has happened: it tells the other side that the connection lives, and tells this side that
// the other has gone, because writing then fails. A command without a terminal learns it in no other way.
//
// §2 Slow links. Three things keep gauges fresh. Packets are made only when the one before has been written, so at most one
// waits. Gauges are in every packet that is due for them, however large they are. Events have what is
// left of `--rate`, and without that option at most `mostWaiting` of them wait. Events for which there is
// no room are dropped here. They are counted as lost to this reader, like events that a ring overwrites,
// and the other side sees where they are missing (LaneQueue).
//
// §3 The sender never waits itself: `step` says what to write and when to come again.
import History
import Host
import Observed
import Region

/// How a sender is to send: how often, how much, and whether it answers.
package struct SenderOptions {
  /// The least time between two packets, and between two observations, in nanoseconds.
  package var (packetInterval, observationInterval): (UInt64, UInt64) = (125_000_000, 250_000_000)
  /// Bytes a second; nil: as many as the link takes.
  package var rate: Int?
  package var compresses = true
  package var version = ""
  /// Whether questions from the other side are answered.
  package var answers = false
  package var isControlled = false

  package init() {}
}

/// Makes the packets of one stream. Not thread-safe.
package final class Sender {
  /// How long an observation waits to be of one instant, and how long until the next try, in nanoseconds.
  private static let (patience, pause): (UInt64, UInt64) = (50_000_000, 5_000_000)
  /// At most so many records wait in a lane.
  private static let mostWaiting = 500_000
  /// A packet is made early when so many bytes are waiting.
  private static let mostBytes = 1 << 20
  /// Tables of Gs take at most one part in this many of the bytes that `--rate` allows.
  private static let tablePart = 4

  private let source: any SchedulerSource
  private let options: SenderOptions
  private let writer: PacketWriter
  private let encoder = RecordEncoder()
  private var (system, sockets) = (SystemWatch(), SocketReport())
  private var lanes: [Lane: LaneQueue] = [:]
  private var budget: RateBudget?
  private var namesSent = 0
  private var (lastDrain, drainInterval) = (UInt64(0), DrainPace.longest / 4)
  private var (lastPacket, lastObservation, nextTry, nextTable) = (UInt64(0), UInt64(0), UInt64(0), UInt64(0))
  private var knownUpTo: UInt64 = 0
  private var fill = 0.0
  private var peaksSince: UInt64?
  private var hasBegun = false
  /// Whether the last message was sent: the observed process has ended.
  package private(set) var isOver = false
  /// Records that were sent, and those that were dropped, since the beginning.
  package private(set) var sent: UInt64 = 0
  package var dropped: UInt64 { lanes.values.reduce(0) { $0 &+ $1.dropped } }

  package init(_ source: any SchedulerSource, _ options: SenderOptions) {
    (self.source, self.options) = (source, options)
    writer = PacketWriter(compresses: options.compresses)
    budget = options.rate.map { RateBudget(rate: $0, at: monotonicNow()) }
  }

  /// Drains events and makes the next packet, as far as these are due.
  ///
  /// - Parameter isReady: whether the packet before has been written.
  /// - Throws: `InspectorError` if the target cannot be read.
  /// - Returns: a packet to write, or nil; and the nanoseconds until something is due again.
  package func step(isReady: Bool) throws(InspectorError) -> (packet: [UInt8]?, pause: UInt64) {
    if isOver { return (nil, options.packetInterval) }
    let now = monotonicNow()
    if !hasBegun { return (try begin(now), 0) }
    if now &- lastDrain >= drainInterval {
      try drain(upTo: source.now)
      drainInterval = DrainPace.next(fill: fill, after: now &- lastDrain, last: drainInterval)
      lastDrain = now
    }
    if isReady, hasAnswer || now &- lastPacket >= options.packetInterval || waitingBytes > Self.mostBytes {
      if let packet = try packet(now) { return (packet, 0) }
    }
    let due =
      isReady
      ? min(lastDrain + drainInterval, max(lastPacket + options.packetInterval, nextTry))
      : lastDrain + drainInterval
    let end = monotonicNow()
    return (nil, due > end ? due - end : 0)
  }

  private var waitingBytes: Int {
    lanes.values.reduce(0) { $0 + $1.blocks.reduce(0) { $0 + $1.payload.count } }
  }

  /// Makes the first packet: the greeting and the gauges. Events from before these gauges are not sent.
  private func begin(_ now: UInt64) throws(InspectorError) -> [UInt8] {
    hasBegun = true
    try drain(upTo: source.now)
    lanes = [:]
    (lastDrain, lastPacket) = (now, now)
    writer.add(
      .hello,
      Greeting(
        version: options.version, now: source.now, target: source.identity, knowledge: source.knowledge,
        reasons: source.reasons, answers: options.answers, isControlled: options.isControlled
      ).bytes)
    addObservation(try look(), at: now)
    return finishPacket(records: 0)
  }

  private func drain(upTo moment: UInt64?) throws(InspectorError) {
    // With a budget no lane needs to hold more than what can be sent soon.
    let most = options.rate.map { min(Self.mostWaiting, max(RecordEncoder.most, $0 / 2)) } ?? Self.mostWaiting
    var lanes = lanes
    self.lanes = [:]  // one owner, so that nothing is copied
    defer { self.lanes = lanes }
    fill = try source.takeEvents(upTo: moment) { name, read in
      lanes[name, default: LaneQueue(name, isLimited: options.rate != nil)].take(read, most: most, encoder)
    }
    knownUpTo = source.eventsKnownUpTo ?? moment ?? source.now
  }

  /// The next packet; nil: an observation is due that should be of one instant, and is tried again soon.
  private func packet(_ now: UInt64) throws(InspectorError) -> [UInt8]? {
    let ending =
      try now &- lastObservation >= options.observationInterval ? source.ending() : source.lastWord()
    // Events from before the look at the gauges are sent before its result, so the other side need not
    // wait for them.
    try drain(upTo: source.now)
    lastDrain = now
    var observation: Observation?
    if ending == nil, now &- lastObservation >= options.observationInterval {
      guard now >= nextTry else { return nil }
      let seen = try look()
      let isWhole = source.knowledge.gauges == .sampled || seen.isSettled && seen.snapshot.isConsistent
      guard isWhole || now &- lastObservation >= options.observationInterval + Self.patience else {
        nextTry = now + Self.pause
        return nil
      }
      observation = seen
    }
    writer.add(
      .pulse, Pulse(now: source.now, knownUpTo: knownUpTo, fill: UInt64(min(fill, 1e6) * 1000)).bytes)
    if let ending { return try end(ending, now) }
    let count = addEvents(now)
    if let observation {
      addObservation(observation, at: now)
      if let facts = source.system ?? system.look(source.threads, observation.snapshot, at: now) {
        writer.add(.system, facts.bytes)
      }
      try addTable(observation, now)
    }
    lastPacket = now
    return finishPacket(records: count)
  }

  // MARK: questions

  private var control: (any SchedulerControl)?
  /// Whether an answer waits, so that a packet is due.
  private var hasAnswer = false

  /// Answers a line of the other side in the next packet. A line that is no question is left out: an older side does not know
  /// all that a newer one asks.
  package func ask(_ line: String) {
    guard let question = RemoteQuestion(line) else { return }
    switch question.subject {
    case .stacks(let gs):
      let stacks = (try? source.stacks(of: gs)) ?? nil
      writer.add(.stacks, StacksAnswer(number: question.number, stacks: stacks).bytes)
    case .control(let command):
      writer.add(.control, ControlAnswer(number: question.number, result: perform(command)).bytes)
    }
    hasAnswer = true
  }

  private func perform(_ command: ControlCommand) -> Result<ControlState, ControlAnswer.ControlRefusal> {
    do throws(ControlError) {
      let control: any SchedulerControl
      if let connected = self.control { control = connected } else { control = try source.control() }
      self.control = control
      return .success(try control.send(command))
    } catch {
      if case .refused(let words) = error { return .failure(.init(words: words)) }
      control = nil
      return .failure(.init(words: "\(error)"))
    }
  }

  /// The last packet: what is still in the rings, the last gauges, and how the process ended.
  private func end(_ ending: TargetEnding, _ now: UInt64) throws(InspectorError) -> [UInt8] {
    try drain(upTo: nil)
    let count = addEvents(now)
    addObservation(try look(), at: now)
    writer.add(.end, Array(ending.description.utf8))
    isOver = true
    return finishPacket(records: count)
  }

  private func finishPacket(records: Int) -> [UInt8] {
    hasAnswer = false
    let packet = writer.packet()
    budget?.spend(packet.count, records: records)
    sent &+= UInt64(records)
    return packet
  }

  private func look() throws(InspectorError) -> Observation {
    var observation = Observation()
    try source.observe(peaksSince: peaksSince, into: &observation)
    if let absence = source.knowledge.absenceOfEvents { observation.snapshot.trace.absence = absence }
    return observation
  }

  private func addObservation(_ seen: Observation, at now: UInt64) {
    var observation = seen
    observation.snapshot.trace.lost = seen.snapshot.trace.lost.map { $0 &+ dropped }
    for (index, ring) in (seen.snapshot.trace.rings ?? []).enumerated() {
      observation.snapshot.trace.rings?[index].lost = ring.lost &+ (lanes[ring.lane]?.dropped ?? 0)
    }
    addNames(source.grownNames ?? seen.names)
    writer.add(.observation, observation.bytes)
    (lastObservation, nextTry, peaksSince) = (now, 0, seen.snapshot.time)
  }

  private func addNames(_ names: StringBook) {
    guard names.bytes.count > namesSent else { return }
    writer.add(.names, Array(names.bytes[namesSent...]))
    namesSent = names.bytes.count
  }

  /// Adds the events that wait, as far as the budget allows, and returns how many.
  private func addEvents(_ now: UInt64) -> Int {
    let waiting = lanes.values.reduce(0) { $0 + $1.count }
    let allowed = budget?.records(at: now) ?? .max
    var count = 0
    for name in Array(lanes.keys) {
      guard var lane = lanes.removeValue(forKey: name) else { continue }
      // Each lane gets the same share of what there is room for.
      let most = waiting <= allowed ? Int.max : Int(Double(lane.count) * Double(allowed) / Double(waiting))
      for block in lane.takeOut(most: most, encoder) {
        writer.add(.block, block.wireBytes)
        count += block.count
      }
      lanes[name] = lane
    }
    return count
  }

  private func addTable(_ observation: Observation, _ now: UInt64) throws(InspectorError) {
    guard now >= nextTable, source.knowledge.listsGs else { return }
    let (moment, work) = (source.now, CPUWork(of: .thread))
    let rows = try source.goroutines(
      breathe: { () throws(InspectorError) in try drain(upTo: source.now) }, isCalledAway: { false })
    guard let rows else { return }
    addNames(source.grownNames ?? observation.names)
    let bytes = TableBytes(rows: rows, readAt: source.tableReadAt ?? moment).bytes
    writer.add(.table, bytes)
    nextTable = monotonicNow() + GoroutineList.pause(after: work.spent, rows: rows.count)
    nextTable = max(nextTable, now + pause(after: bytes))
    // After the table was read: so each G was seen before the bytes that its socket holds.
    if let facts = sockets.look(source, rows, at: now) {
      writer.add(.sockets, facts.bytes)
      sockets.putOff(until: now + pause(after: facts.bytes))
    }
  }

  /// How long no further message of its kind may follow a large message, in nanoseconds; 0: there is no
  /// budget.
  private func pause(after bytes: [UInt8]) -> UInt64 {
    guard let rate = options.rate else { return 0 }
    return UInt64(min(Double(bytes.count) / Double(rate) * 1e9 * Double(Self.tablePart), 1e12))
  }
}

extension EventBlock {
  /// The block as a message: what stands before its records, and the records.
  var wireBytes: [UInt8] {
    var out = ByteWriter()
    for value in [UInt64(lane.number), first, UInt64(count), firstTime, lastTime &- firstTime] {
      out.number(value)
    }
    return out.bytes + (payload.bytes ?? [])
  }

  /// Reads a block of events; nil: the bytes are not those of one.
  init?(wire bytes: [UInt8]) {
    var body = ByteReader(bytes)
    guard let lane = body.number(upTo: Lane.highest), let first = body.number(),
      let count = body.number(upTo: RecordEncoder.most), let firstTime = body.number(),
      let more = body.number(),
      count > 0, first <= .max - UInt64(count)
    else { return nil }
    self.init(
      lane: Lane(number: lane), first: first, count: count, firstTime: firstTime,
      lastTime: firstTime &+ more, payload: .memory(Array(bytes.suffix(body.left))))
  }
}
