// A stream as a source: what another mpgtop sends of a scheduler that it can reach (Sender).
//
// §1 Time. All moments are those of the other machine's clock, and stay so: nothing is converted that could be wrong. What
// is now on that clock follows from the message that took the least time. The result is too early by as much
// as that message was on its way, and never too late: a moment that has not come yet is never told.
//
// §2 Order. The events before an observation are handed over before the observation is observed, and those behind it only
// afterwards. So a history can begin a segment with each observation, wherever the bytes were cut on their way. Observations
// that nobody asked for in time are left out; their largest depths count in the next one.
//
// §3 The end of a connection. If the input can connect anew, the source waits and tries again. Events from
// between two connections are lost: they are counted as lost and show as a gap. Until there is a connection,
// `doubt` says why there is none. The new connection must be about the same process, because another process
// is another target.
import History
import Host
import Observed
import Region

/// Observes a scheduler through a stream. Not thread-safe.
package final class StreamSource: SchedulerSource {
  private let input: any StreamInput
  private var reader = PacketReader()
  /// The greeting of the connection: who sends the stream, and who is observed.
  package private(set) var greeting: Greeting
  private var book = StringBook()
  /// The names that an earlier connection sent, as bytes.
  private var earlier: [UInt8] = []
  private var newest: Observation?
  private var inbox = Inbox()
  private var table: TableBytes?
  package private(set) var system: SystemFacts?
  package private(set) var sockets: SocketFacts?
  private var ended: TargetEnding?
  private var time: RemoteTime
  private var losses = Losses()
  private var link = Link.up
  private var lastPacket = monotonicNow()
  private let answers = RemoteAnswers()
  package private(set) var eventsKnownUpTo: UInt64?
  /// How full the fullest ring of the target became.
  private var fill = 0.0

  private enum Link: Equatable {
    case up
    /// The connection has ended; the next one is tried at `next`, after `tries` that failed.
    case down(next: UInt64, tries: Int, words: String)
    /// The connection has ended, and there will be no other.
    case over(String)
  }

  /// The silence after which a source says that nothing comes, in nanoseconds.
  private static let silence: UInt64 = 3_000_000_000
  /// The pauses between two tries to connect, in nanoseconds.
  private static let pauses: [UInt64] = [1, 2, 4, 8, 15].map { $0 * 1_000_000_000 }
  /// Maximum number of bytes that are read by one call, that one look at the input reads, and that wait.
  private static let (mostRead, mostAtOnce, mostWaiting) = (1 << 20, 1 << 24, 1 << 26)
  /// The silence after which an input that can connect anew does so, in nanoseconds. Packets are due eight
  /// times a second, and nothing else may tell that the other end of a connection has vanished.
  private static let patienceWithSilence: UInt64 = 20_000_000_000

  /// Waits for the beginning of the stream: its greeting and its first observation.
  ///
  /// - Parameter isCancelled: asked now and then; true ends the waiting.
  /// - Throws: `badStream` if there is none.
  package init(_ input: any StreamInput, isCancelled: () -> Bool = { false }) throws(InspectorError) {
    self.input = input
    greeting = Greeting(version: "", now: 0, target: Snapshot.Target(), knowledge: Knowledge(), reasons: [])
    time = RemoteTime()
    while newest == nil {
      pump()
      if newest != nil { break }
      if case .over(let words) = link { throw .badStream(words) }
      if isCancelled() { throw .badStream("did not begin") }
      input.wait(milliseconds: 200)
    }
  }

  // MARK: what comes in

  /// Reads all that has come.
  private func pump() {
    if case .down(let next, let tries, let words) = link {
      guard monotonicNow() >= next, ended == nil else { return }
      guard input.reconnect() else {
        link = .over(words)
        return
      }
      reader = PacketReader()
      link = .up
      (pendingTries, lastPacket) = (tries + 1, monotonicNow())
    }
    var count = 0
    while link == .up, inbox.bytes < Self.mostWaiting, count < Self.mostAtOnce {
      guard let bytes = input.read(most: Self.mostRead) else { return lose() }
      guard !bytes.isEmpty else {
        if newest != nil, input.reconnects, monotonicNow() > lastPacket + Self.patienceWithSilence {
          fail("brought nothing for 20 s")
        }
        return
      }
      count += bytes.count
      reader.add(bytes)
      do throws(WireProblem) {
        while let messages = try reader.packet() { try take(messages) }
      } catch {
        return fail(error.words)
      }
    }
  }

  /// How often connecting was tried since the last packet.
  private var pendingTries = 0

  private func lose() {
    guard ended == nil else {
      link = .over("has ended")
      return
    }
    if newest != nil, input.targetIsGone {
      ended = .told("ended while there was no connection")
      link = .over("has ended")
      return
    }
    let inside = reader.isInsideOfPacket ? " in the middle of a packet" : ""
    let why = input.ending.map { ": \($0)" } ?? ": its sender has gone, or the connection is lost"
    fail("ended\(inside)\(why)")
  }

  /// Tries again, if that makes sense: a stream that never began will not begin the next time.
  private func fail(_ words: String) {
    guard newest != nil, ended == nil, input.reconnects else {
      link = .over(words)
      return
    }
    let pause = Self.pauses[min(pendingTries, Self.pauses.count - 1)]
    link = .down(next: monotonicNow() + pause, tries: pendingTries, words: words)
  }

  private func take(_ messages: [PacketReader.Message]) throws(WireProblem) {
    lastPacket = monotonicNow()
    for message in messages {
      guard let kind = message.kind else { continue }
      guard try take(kind, message.body) else {
        throw WireProblem(words: "is damaged: a \(kind) that makes no sense, at byte \(reader.offset)")
      }
    }
  }

  private func take(_ kind: MessageKind, _ body: [UInt8]) throws(WireProblem) -> Bool {
    // What comes after the message that the process has ended is about another process.
    guard ended == nil else { return true }
    switch kind {
    case .hello: return try greet(body)
    case .pulse:
      guard let pulse = Pulse(body) else { return false }
      time.note(pulse.now)
      inbox.add(.known(upTo: pulse.knownUpTo))
      fill = max(fill, Double(pulse.fill) / 1000)
      pendingTries = 0
    case .names:
      guard book.bytes.count + body.count <= WireFormat.mostNames else { return false }
      book.bytes += body
      guard book.bytes.starts(with: earlier.prefix(book.bytes.count)) else {
        ended = .told("goes on, but names are numbered anew in the new connection: start mpgtop again")
        return true
      }
    case .observation:
      guard let observation = Observation(body, names: book) else { return false }
      see(observation)
    case .block:
      guard let block = EventBlock(wire: body) else { return false }
      inbox.add(.block(block))
    case .table:
      guard let table = TableBytes(body) else { return false }
      self.table = table
    case .end: ended = .told(printable(String(decoding: body.prefix(1000), as: UTF8.self)))
    case .stacks, .control: return answers.take(kind, body)
    case .system:
      guard let facts = SystemFacts(body) else { return false }
      system = facts
    case .sockets:
      guard let facts = SocketFacts(body) else { return false }
      sockets = facts
    }
    return true
  }

  private func greet(_ body: [UInt8]) throws(WireProblem) -> Bool {
    guard let greeting = Greeting(body) else { return false }
    if newest != nil {
      let (old, new) = (self.greeting.target, greeting.target)
      guard old.pid == new.pid, old.bootTime == new.bootTime else {
        ended = .told("ended while there was no connection: process \(new.pid) is there now")
        return true
      }
      // Names are sent anew. Those of a region have the same numbers as before; those of a Go program are numbered by each
      // sender, so they may have others, and what was kept would have wrong names. Lanes go on, behind a gap.
      if book.bytes.count > earlier.count { earlier = book.bytes }
      book = StringBook()
      losses.reconnect()
    }
    self.greeting = greeting
    time = RemoteTime()
    time.note(greeting.now)
    return true
  }

  private func see(_ observation: Observation) {
    var observation = observation
    losses.add(to: &observation.snapshot)
    if let newest, inbox.hasObservation { observation.snapshot.keepPeaks(of: newest.snapshot) }
    newest = observation
    inbox.add(.observation)
  }

  // MARK: as a source

  package var identity: Snapshot.Target { greeting.target }

  package var knowledge: Knowledge {
    var knowledge = greeting.knowledge
    knowledge.hasStacks = knowledge.hasStacks && greeting.answers
    return knowledge
  }

  package var reasons: [WaitReason?] { greeting.reasons }
  package var threads: ThreadPlaces? { nil }
  package var grownNames: StringBook? { book }
  /// What is later than the events that have come is not known yet, so it is not shown.
  package var now: UInt64 { min(time.now, eventsKnownUpTo ?? .max) }

  package func observe(
    peaksSince start: UInt64?, into observation: inout Observation
  ) throws(InspectorError) {
    pump()
    try stillThere()
    guard let newest else { throw .badStream("has not begun") }
    inbox.noteObserved()
    observation = newest
  }

  package func takeEvents(
    upTo moment: UInt64?, _ take: (Lane, EventReading) -> Void
  ) throws(InspectorError) -> Double {
    pump()
    try stillThere()
    inbox.takeOut { item in
      switch item {
      case .known(let time): eventsKnownUpTo = max(eventsKnownUpTo ?? 0, time)
      case .block(let block):
        losses.note(block)
        take(block.lane) { records in
          _ = decoder.decode(
            block.payload.bytes ?? [], count: block.count, from: block.firstTime, into: &records)
          return block.first
        }
      case .observation: break
      }
    }
    if eventsKnownUpTo == nil { eventsKnownUpTo = newest?.snapshot.time }
    defer { fill = 0 }
    return min(fill, 0.25)  // this side need not come sooner: its events wait for it
  }

  private let decoder = RecordDecoder()

  package func goroutines(
    breathe: () throws(InspectorError) -> Void, isCalledAway: () -> Bool
  ) throws(InspectorError) -> [GoroutineRow]? {
    pump()
    return table?.rows ?? []
  }

  package var tableReadAt: UInt64? { table?.readAt }

  /// The stacks that came last for this question. They are asked for anew, and come a while later.
  package func stacks(of gs: StackQuestion) throws(InspectorError) -> Stacks? {
    guard knowledge.hasStacks, link == .up else { return nil }
    return answers.stacks(of: gs) { _ = input.send($0.line) }
  }

  package func control() throws(ControlError) -> any SchedulerControl {
    guard greeting.answers else {
      throw .refused("a stream has one direction only; mpgtop --ssh HOST can hold, step and slow")
    }
    guard greeting.isControlled else { throw .notControlled(pid: identity.pid) }
    return RemoteControl(self)
  }

  /// How long a command of control waits for its answer, in nanoseconds.
  private static let patience: UInt64 = 5_000_000_000

  /// Sends a command of control, and waits for the answer.
  func send(_ command: ControlCommand) throws(ControlError) -> ControlState {
    let (question, end) = (answers.command(command), monotonicNow() + Self.patience)
    guard link == .up, input.send(question.line) else { throw .lost(pid: identity.pid) }
    while monotonicNow() < end, link == .up {
      pump()
      if let answer = answers.control, answer.number == question.number {
        switch answer.result {
        case .success(let state): return state
        case .failure(let refusal): throw .refused(refusal.words)
        }
      }
      input.wait(milliseconds: 50)
    }
    throw .lost(pid: identity.pid)
  }

  package func successor() throws(InspectorError) -> (any SchedulerSource)? {
    guard let next = input.successor(named: identity.name) else { return nil }
    let end = monotonicNow() + Self.patience
    return try? StreamSource(next) { monotonicNow() > end }
  }

  package func ending() throws(InspectorError) -> TargetEnding? {
    pump()
    return inbox.isEmpty ? ended : nil
  }

  package func lastWord() throws(InspectorError) -> TargetEnding? { try ending() }

  package var doubt: InspectorError? {
    switch link {
    case .down(_, let tries, let words):
      return .badStream("\(words); connecting again" + (tries > 0 ? " (try \(tries + 1))" : ""))
    case .up where monotonicNow() > lastPacket + Self.silence:
      return .badStream("brings nothing for \((monotonicNow() - lastPacket) / 1_000_000_000) s")
    case .up, .over: return nil
    }
  }

  /// - Throws: why there is no stream any more, when all that came has been handed over.
  private func stillThere() throws(InspectorError) {
    if case .over(let words) = link, ended == nil, inbox.isEmpty { throw .badStream(words) }
  }
}

/// What came and was not handed over yet, in the order in which it came.
private struct Inbox {
  enum Item {
    case known(upTo: UInt64)
    case block(EventBlock)
    case observation
  }

  private var items: [Item] = []
  /// How many bytes of events there are.
  private(set) var bytes = 0
  /// Whether an observation has come that nobody has asked for yet.
  private(set) var hasObservation = false

  var isEmpty: Bool { items.isEmpty }

  mutating func add(_ item: Item) {
    switch item {
    case .observation:
      // Only the newest observation counts, so those before are removed.
      if hasObservation { items.removeAll { if case .observation = $0 { true } else { false } } }
      hasObservation = true
    case .block(let block): bytes += block.payload.count
    case .known: if case .known = items.last { items.removeLast() }
    }
    items.append(item)
  }

  /// The newest observation has been asked for, so what comes behind it may be handed over.
  mutating func noteObserved() {
    guard hasObservation else { return }
    items.removeAll { if case .observation = $0 { true } else { false } }
    hasObservation = false
  }

  /// Takes out what may be handed over: all before an observation that nobody has asked for yet.
  mutating func takeOut(_ body: (Item) -> Void) {
    var count = 0
    for item in items {
      if case .observation = item { break }
      if case .block(let block) = item { bytes -= block.payload.count }
      body(item)
      count += 1
    }
    items.removeFirst(count)
  }
}

/// Tells what the clock of the other machine shows now.
private struct RemoteTime {
  /// The other clock minus ours; the largest that was seen belongs to the message that was fastest.
  private var offset: Int64?

  mutating func note(_ moment: UInt64) {
    let found = Int64(bitPattern: moment &- monotonicNow())
    offset = max(offset ?? found, found)
  }

  var now: UInt64 { monotonicNow() &+ UInt64(bitPattern: offset ?? 0) }
}

/// Events that are missing because there was no connection.
private struct Losses {
  private var ends: [Lane: UInt64] = [:]
  /// Lanes of which nothing has come since the last connection began.
  private var waiting: Set<Lane> = []
  private var missing: [Lane: UInt64] = [:]
  /// How many records were lost at the other side during earlier connections.
  private var before: UInt64 = 0
  private var latest: UInt64 = 0

  /// A new sender counts its own losses from 0.
  mutating func reconnect() {
    waiting = Set(ends.keys)
    before &+= latest
    latest = 0
  }

  mutating func note(_ block: EventBlock) {
    if waiting.remove(block.lane) != nil, let end = ends[block.lane], block.first > end {
      missing[block.lane, default: 0] &+= block.first - end
    }
    ends[block.lane] = block.end
  }

  mutating func add(to snapshot: inout Snapshot) {
    latest = snapshot.trace.lost ?? 0
    let sum = missing.values.reduce(before, &+)
    guard sum > 0 else { return }
    snapshot.trace.lost = snapshot.trace.lost.map { $0 &+ sum }
    for (index, ring) in (snapshot.trace.rings ?? []).enumerated() {
      snapshot.trace.rings?[index].lost = ring.lost &+ (missing[ring.lane] ?? 0)
    }
  }
}

extension Snapshot {
  /// Keeps the largest depths of an earlier observation that nobody saw.
  fileprivate mutating func keepPeaks(of earlier: Snapshot) {
    if grqMax != nil { grqMax = larger(grqMax, earlier.grqMax) }
    let depths = Dictionary(earlier.ps.map { ($0.id, $0.lrqMax) }) { first, _ in first }
    for (index, p) in ps.enumerated() where p.lrqMax != nil {
      ps[index].lrqMax = larger(p.lrqMax, depths[p.id] ?? nil)
    }
  }
}
