// Untrusted input, in large amounts. The tests feed every reader of foreign bytes with damaged copies of real
// data, and with values at which mistakes are likely.
//
// A case is determined by its seed, so a failing case can be run again. A trap ends the test process, and the
// journal's last line names the case. At the end, memory and the slowest case must be within limits. `make
// test` runs a sample; `make fuzz` runs ten million cases in an optimised build.
import Foundation
import Glibc
import Region
import TestSupport
import Testing

@testable import History
@testable import Host
@testable import Insight
@testable import Inspector
@testable import Observed
@testable import RegionSource
@testable import Wire

/// The number of cases, and the loop that runs them.
private enum Fuzz {
  static let cases = ProcessInfo.processInfo.environment["MPG_FUZZ"].flatMap { Int($0) } ?? 10_000
  static let firstSeed = ProcessInfo.processInfo.environment["MPG_FUZZ_SEED"].flatMap { UInt64($0) } ?? 1

  /// Runs `share` thousandths of all cases, and reports progress now and then.
  static func run(_ name: String, share: Int, _ body: (inout Dice) throws -> Bool) throws {
    let count = max(10, cases / 1000 * share)
    var (accepted, slowest) = (0, UInt64(0))
    for number in 0..<count {
      if number.isMultiple(of: 50_000), cases > 100_000 { print("fuzz: \(name): case \(number) of \(count)") }
      var dice = Dice(firstSeed &+ UInt64(number) &* 0x1_0000_0001)
      let start = monotonicNow()
      if try body(&dice) { accepted += 1 }
      slowest = max(slowest, monotonicNow() - start)
    }
    print("fuzz: \(name): \(count) cases, \(accepted) of them read to the end, slowest \(slowest / 1000) µs")
    // This does not measure speed. A case that takes so long would take for ever with a few more bytes.
    #expect(slowest < 20_000_000_000)
    #expect(accepted > 0 && accepted < count, "noise must be neither all good nor all bad to say anything")
    #expect(largest() < 2 << 20, "KiB of memory at most")
  }

  /// The most memory that this process has used so far, in KiB.
  private static func largest() -> Int {
    var usage = rusage()
    unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss
  }
}

extension Dice {
  /// Damages bytes by flips, other values, cuts, repetitions, and numbers that are too long.
  fileprivate mutating func damage(_ bytes: inout [UInt8]) {
    for _ in 0...below(4) where !bytes.isEmpty {
      let at = below(bytes.count)
      switch below(7) {
      case 0: bytes[at] ^= UInt8(1 << below(8))
      case 1: bytes[at] = [0, 1, 0x7f, 0x80, 0xff][below(5)]
      case 2: bytes.removeLast(below(bytes.count))
      case 3: bytes.insert(contentsOf: self.bytes(1 + below(8)), at: at)
      case 4: bytes.removeSubrange(at..<min(bytes.count, at + 1 + below(8)))
      case 5: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 1 + below(40))], at: at)
      default: bytes.replaceSubrange(at..<at + 1, with: Array(repeating: 0xff, count: 1 + below(11)))
      }
    }
  }
}

@Suite("Untrusted bytes, many times")
struct FuzzTests {
  /// The history of a fake scheduler. Its bytes are the corpus.
  private final class Corpus {
    let scheduler: FakeScheduler
    let source: RegionReader
    let history = History()

    init(seed: UInt64, segments: Int) throws {
      scheduler = FakeScheduler(seed: seed, ringRecords: 256)
      source = try scheduler.region.source()
      for _ in 0..<segments {
        _ = try source.drainInPlace(history.take)
        scheduler.listGs()
        let rows = try source.goroutines(limit: 1000)
        history.mark(try source.observe())
        history.attach(GoroutineList(rows: rows))
        _ = try source.drainInPlace(history.take)
        history.settle()
        scheduler.run(100)
        _ = try source.drainInPlace(history.take)
        history.settle()
      }
      history.flush()
    }
  }

  @Test("compressed records")
  func blocks() throws {
    let history = try Corpus(seed: 1, segments: 4).history
    let blocks = history.segments.flatMap(\.blocks)
    let decoder = RecordDecoder()
    try Fuzz.run("records", share: 400) { dice in
      let block = blocks[dice.below(blocks.count)]
      var bytes = block.payload.bytes ?? []
      dice.damage(&bytes)
      let count = dice.below(8) == 0 ? Int(truncatingIfNeeded: dice.value()) : block.count
      var out: [Record] = []
      let isWhole = decoder.decode(bytes, count: count, from: block.firstTime, into: &out)
      if out.count > bytes.count { Issue.record("\(out.count) records out of \(bytes.count) bytes") }
      return isWhole
    }
  }

  @Test("keyframes, and the models and frames that are made of them")
  func keyframes() throws {
    let history = try Corpus(seed: 2, segments: 4).history
    let corpus = history.segments.compactMap(\.keyframe.bytes)
    let records = try #require(history.segments.first?.blocks.first)
    var events: [Record] = []
    _ = RecordDecoder().decode(
      records.payload.bytes ?? [], count: records.count, from: records.firstTime, into: &events)
    try Fuzz.run("keyframes", share: 150) { dice in
      var bytes = corpus[dice.below(corpus.count)]
      dice.damage(&bytes)
      guard let keyframe = Keyframe(bytes) else { return false }
      var model = Model(keyframe.snapshot, reasons: history.reasons)
      for var event in events.prefix(10) {
        if dice.below(3) == 0 { event.arg = dice.value() }
        if dice.below(3) == 0 { event.what = dice.value() }
        model.apply(event, on: dice.below(2) == 0 ? .p(dice.below(5)) : .m(dice.below(70_000)))
      }
      if dice.below(8) == 0 {
        var builder = FrameBuilder()
        builder.observe(model.snapshot)
        _ = builder.frame()?.json
      }
      return true
    }
  }

  @Test("tables of Gs, beginnings and names")
  func tables() throws {
    let history = try Corpus(seed: 3, segments: 3).history
    let lists = history.segments.compactMap { $0.goroutines?.bytes }
    let about = RecordingAbout(pid: 42, name: "mpg-demo", reasons: WaitReason.all).bytes
    try Fuzz.run("tables", share: 200) { dice in
      if dice.below(3) == 0 {
        var bytes = about
        dice.damage(&bytes)
        return RecordingAbout(bytes) != nil
      }
      if dice.below(3) == 0 {
        let names = StringBook(bytes: dice.bytes(dice.below(60)))
        return names.string(dice.below(2) == 0 ? dice.value() : UInt64(dice.below(61))) != nil
      }
      var bytes = lists[dice.below(lists.count)]
      dice.damage(&bytes)
      guard let list = GoroutineList(bytes) else { return false }
      let finder = GoroutineFinder(list, reasons: history.reasons)
      let clock = Clock(first: (0, 0), second: (dice.value(), dice.value()))
      return !finder.result(clock, names: history.names, isComplete: true).all.isEmpty
    }
  }

  @Test("regions with noise in words that a reader follows, taken into a history")
  func regions() throws {
    let corpus = try Corpus(seed: 4, segments: 2)
    let region = corpus.scheduler.region
    func places<Field: RegionField>(_: Field.Type, _ blocks: [Int]) -> [Int] {
      Field.allCases.flatMap { field in
        blocks.flatMap { block in
          (0..<min(field.spec.count, 8)).map { region.offset(field, block, $0) }
        }
      }
    }
    var words = places(SchedField.self, [0]) + places(PField.self, [0, 1]) + places(MField.self, [0, 3])
    words += places(StealField.self, [0, 1]) + places(LaneField.self, [0, 2, region.lane(m: 0)])
    words += places(GField.self, [0, 5]) + places(HeaderField.self, [0]).filter { $0 >= 40 }
    words += (0..<64).map { region.plan.rings["p"]!.offset + $0 * 8 }
    let history = History(HistoryLimits(bytes: 4_000_000))
    try Fuzz.run("regions", share: 240) { dice in
      let hits = (0...dice.below(3)).map { _ in words[dice.below(words.count)] }
      let before = hits.map { region.word(at: $0).relaxed }
      for place in hits { region.setWord(at: place, dice.value()) }
      defer { for (place, value) in zip(hits, before).reversed() { region.setWord(at: place, value) } }
      do throws(LayoutProblem) {
        _ = try corpus.source.drainInPlace(history.take)
        let observation = try corpus.source.observe()
        if dice.below(16) == 0 {
          let rows = try corpus.source.goroutines(limit: 100)
          history.mark(observation)
          history.attach(GoroutineList(rows: rows))
        }
        _ = try corpus.source.drainInPlace(history.take)
        history.settle()
        _ = try corpus.source.life()
        return true
      } catch {
        return false
      }
    }
  }

  @Test("whole recordings with right checksums, opened, replayed, rewound and shown")
  func recordings() throws {
    let corpus = try Corpus(seed: 5, segments: 3)
    let folder = try TemporaryFolder()
    let (good, bad) = ("\(folder.path)/good.rec", "\(folder.path)/bad.rec")
    let writer = try RecordingWriter(path: good)
    try writer.begin(
      corpus.scheduler.region.target(pid: corpus.scheduler.region.process.pid).identity, corpus.history)
    try writer.write(corpus.history, since: 0)
    try writer.finish(ended: nil)
    var reader = try RecordingReader(path: good)
    var pieces: [(kind: UInt8, body: [UInt8])] = []
    while let piece = reader.next() { pieces.append((piece.kind?.rawValue ?? 0, piece.body)) }
    try Fuzz.run("recordings", share: 10) { dice in
      var bytes = Chunk.magic
      for piece in pieces {
        var body = piece.body
        if dice.below(pieces.count) < 2 { dice.damage(&body) }
        bytes += Chunk.bytes(ChunkKind(rawValue: piece.kind) ?? .end, body)
      }
      try Data(bytes).write(to: URL(fileURLWithPath: bad))
      guard let recording = try? Recording(path: bad), var player = Player(recording.history) else {
        return false
      }
      for time in [0, dice.value(), player.firstTime &+ dice.next() % 1_000_000, player.lastTime] {
        player.seek(to: time)
        player.stepBack()
        player.stepForward()
      }
      _ = player.frame(.recording).json
      return recording.damage == nil
    }
  }

  /// Messages of each kind, as a sender makes them.
  private func allMessages() throws -> [PacketReader.Message] {
    let tape = try TapeSource(seed: 6)
    tape.stacks = Stacks(
      outcomes: [1: .stack(0)], distinct: [CallStack(frames: [StackFrame(function: "f", line: 3)])],
      labels: [1: "a"])
    let sender = Sender(eager: tape) { ($0.compresses, $0.answers) = (false, true) }
    var messages: [PacketReader.Message] = []
    let reader = PacketReader()
    for _ in 0..<4 {
      sender.ask("1 stacks")
      sender.ask("2 control state")
      reader.add(try sender.next())
      messages += try #require(try reader.packet())
      tape.scheduler.run(80)
      tape.scheduler.finish()
    }
    messages.append(.init(kind: .system, body: SystemFacts(quota: CPUQuota(group: "/", cpus: 1)).bytes))
    var socket = Socket()
    (socket.local, socket.peer, socket.unread, socket.other) = ("127.0.0.1:80", "127.0.0.1:9", 5, "pipe")
    let sockets = SocketFacts(readAt: 7, found: [3: .init(socket: socket, inode: 42)], hasAllFilled: true)
    messages.append(.init(kind: .sockets, body: sockets.bytes))
    return messages
  }

  @Test("streams with right checksums: messages, packets, and viewers that read them")
  func streams() throws {
    let messages = try allMessages()
    try Fuzz.run("streams", share: 100) { dice in
      var changed = messages
      if dice.below(4) != 0 { dice.damage(&changed[dice.below(changed.count)].body) }
      let writer = PacketWriter(compresses: dice.below(2) == 0)
      for message in changed { writer.add(message.kind ?? .end, message.body) }
      var bytes = writer.packet()
      if dice.below(4) == 0 { dice.damage(&bytes) }
      let input = MemoryInput(bytes)
      (input.isClosed, input.most) = (true, dice.below(2) == 0 ? .max : 1 + dice.below(5000))
      guard let remote = try? StreamSource(input) else { return false }
      do {
        for _ in 0..<3 {
          _ = try remote.observe()
          _ = try remote.takeEvents(upTo: nil) { _, read in
            var records: [Record] = []
            _ = read(&records)
          }
          _ = try remote.goroutines()
          _ = try remote.stacks(of: .all)
          _ = remote.sockets?.sockets(of: [3])
          _ = try remote.ending()
        }
      } catch { return !"\(error)".contains("damaged") }
      return true
    }
  }
}
