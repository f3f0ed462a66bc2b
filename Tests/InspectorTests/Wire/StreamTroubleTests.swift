// Streams over bad links: cut, damaged, slow, and connected again.
import Region
import TestSupport
import Testing

@testable import History
@testable import Host
@testable import Inspector
@testable import Observed
@testable import RegionSource
@testable import Wire

@Suite("Streams over bad links")
struct StreamTroubleTests {
  @Test("a stream that is cut anywhere tells what came whole, and then that it has ended")
  func cut() throws {
    let pieces = try packets(TapeSource(seed: 21), count: 4, moves: 60)
    let all = pieces.flatMap { $0 }
    for length in stride(from: 0, to: all.count, by: 3) {
      let input = MemoryInput(Array(all.prefix(length)))
      input.isClosed = true
      guard length >= pieces[0].count else {
        #expect(throws: InspectorError.self) { _ = try StreamSource(input) }
        continue
      }
      let remote = try StreamSource(input)
      _ = try remote.observe()
      let error = #expect(throws: InspectorError.self) {
        for _ in 0..<4 {
          _ = try remote.observe()
          _ = try remote.takeEvents(upTo: nil) { _, _ in }
        }
      }
      let inside = !pieces.indices.contains { pieces[0...$0].reduce(0) { $0 + $1.count } == length }
      #expect(
        error?.description.contains("in the middle of a packet") == inside,
        "\(length): \(error.map(\.description) ?? "")")
    }
  }

  @Test("a bit that was flipped on its way is found")
  func flipped() throws {
    let all = try packets(TapeSource(seed: 22), count: 3, moves: 60).flatMap { $0 }
    var dice = Dice(5)
    for _ in 0..<400 {
      var bytes = all
      let place = dice.below(bytes.count)
      bytes[place] ^= UInt8(1 << dice.below(8))
      let input = MemoryInput(bytes)
      input.isClosed = true
      let error = #expect(throws: InspectorError.self) {
        let remote = try StreamSource(input)
        for _ in 0..<6 {
          _ = try remote.observe()
          _ = try remote.takeEvents(upTo: nil) { _, _ in }
        }
      }
      guard case .badStream? = error else {
        Issue.record("byte \(place): \(error.map { "\($0)" } ?? "nothing")")
        continue
      }
    }
  }

  @Test("other bytes than a stream's are named: text, another version, nothing")
  func noStream() {
    func words(_ text: String) -> String {
      let input = MemoryInput(Array(text.utf8))
      input.isClosed = true
      do { _ = try StreamSource(input) } catch { return error.description }
      return ""
    }
    #expect(words("bash: mpgtop: command not found\n").contains("looks like text"))
    #expect(words("MPGWIRE2\nxxxxxxxxxxxx").contains("is of version '2', and this build reads 1"))
    #expect(words("").contains("ended"))
  }

  @Test("with a budget gauges come in time, events as far as it reaches, and the others count as lost")
  func budget() throws {
    let source = try TapeSource(seed: 23)
    let input = MemoryInput()
    var options = SenderOptions()
    (options.rate, options.packetInterval, options.observationInterval) = (20_000, 20_000_000, 20_000_000)
    let sender = Sender(source, options)
    input.bytes += try sender.next()
    let remote = try StreamSource(input)
    let start = monotonicNow()
    var (bytes, looks, got, seen) = (0, 0, UInt64(0), Observation())
    while monotonicNow() - start < 1_500_000_000 {
      source.scheduler.run(3000)
      source.scheduler.finish()
      let packet = try sender.next()
      bytes += packet.count
      looks += 1
      input.bytes += packet
      seen = try remote.observe()
      #expect(seen.snapshot.gs == source.observations.last?.snapshot.gs)
      _ = try remote.takeEvents(upTo: nil) { _, read in
        var records: [Record] = []
        _ = read(&records)
        got += UInt64(records.count)
      }
    }
    let seconds = Double(monotonicNow() - start) / 1e9
    let told = source.events.values.reduce(0) { $0 + $1.count }
    #expect(got == sender.sent && sender.dropped > sender.sent && got > 100)
    #expect(UInt64(told) - sender.sent - sender.dropped < UInt64(told) / 10 + 40_000)
    // The lost ones are lost to the reader, as those are that a ring overwrites.
    let here = source.observations.last?.snapshot.trace.lost ?? 0
    #expect(seen.snapshot.trace.lost ?? 0 > here)
    // Gauges are sent whatever they cost; so the budget may be passed by as much as they need.
    let gauges = 400.0 * Double(looks)
    #expect(Double(bytes) < 20_000 * (seconds + 1) + gauges, "\(bytes) bytes in \(seconds) s, \(looks) looks")
  }

  @Test("a connection that is lost and comes again leaves a gap, which is counted, and says so meanwhile")
  func reconnect() throws {
    let source = try TapeSource(seed: 24)
    let first = Sender(eager: source)
    let input = MemoryInput(try first.next())
    let remote = try StreamSource(input)
    source.scheduler.run(300)
    source.scheduler.finish()
    input.bytes += try first.next()
    _ = try remote.observe()
    var (end, begin): ([Lane: UInt64], [Lane: UInt64]) = ([:], [:])
    func take(_ note: (Lane, UInt64, UInt64) -> Void) throws {
      _ = try remote.takeEvents(upTo: nil) { lane, read in
        var records: [Record] = []
        let first = read(&records)
        note(lane, first, first + UInt64(records.count))
      }
    }
    try take { lane, _, behind in end[lane] = behind }
    (input.isClosed, input.reconnects) = (true, true)
    #expect(try remote.ending() == nil)
    let doubt = try #require(remote.doubt?.description)
    #expect(doubt.contains("ended") && doubt.contains("connecting again"))
    #expect(try remote.observe() == source.observations.last)  // the last that is known

    source.scheduler.run(400)
    source.scheduler.finish()
    let second = Sender(eager: source)
    let beginning = try second.next()
    source.scheduler.run(300)
    source.scheduler.finish()
    input.next = [beginning + (try second.next())]
    try eventually("it connects again") { (try? remote.ending()) == nil && remote.doubt == nil }
    _ = try remote.observe()
    try take { lane, first, _ in if begin[lane] == nil { begin[lane] = first } }
    let gap = begin.reduce(UInt64(0)) { $0 + ($1.value - (end[$1.key] ?? $1.value)) }
    #expect(gap > 100)
    source.scheduler.run(10)
    source.scheduler.finish()
    input.bytes += try second.next()
    let last = try remote.observe().snapshot
    #expect(last.trace.lost == (source.observations.last?.snapshot.trace.lost ?? 0) + gap)
  }

  @Test("another process behind the same name is another target")
  func otherProcess() throws {
    let input = MemoryInput(try packets(TapeSource(seed: 25), count: 1)[0])
    let remote = try StreamSource(input)
    (input.isClosed, input.reconnects) = (true, true)
    var greeting = remote.greeting
    greeting.target.bootTime += 1
    let writer = PacketWriter(compresses: true)
    writer.add(.hello, greeting.bytes)
    // Names and gauges of the new process come with its greeting, and are none of the old one's.
    var observation = Observation()
    observation.snapshot.time = 77
    writer.add(.names, Array("new".utf8))
    writer.add(.observation, observation.bytes)
    input.next = [writer.packet()]
    let names = remote.grownNames?.bytes
    try eventually("the end is known") {
      _ = try? remote.takeEvents(upTo: nil) { _, _ in }
      _ = try? remote.observe()
      return (try? remote.ending())?.description.contains("no connection") == true
    }
    #expect(remote.grownNames?.bytes == names && (try? remote.observe())?.snapshot.time != 77)
  }

  @Test("messages for which one packet is too small come in several", arguments: [false, true])
  func manyMessages(compresses: Bool) throws {
    let writer = PacketWriter(compresses: compresses)
    let bodies = (0..<9).map { [UInt8](repeating: UInt8($0), count: 3 << 20) }
    for body in bodies { writer.add(.block, body) }
    let reader = PacketReader()
    reader.add(writer.packet())
    var (packets, heard) = (0, [[UInt8]]())
    while let messages = try reader.packet() {
      packets += 1
      heard += messages.map(\.body)
    }
    #expect(heard == bodies && packets > 3 && !reader.isInsideOfPacket && writer.isEmpty)
  }

  @Test(
    "of a very deep stack the inner frames come, and that some are missing is said; what is too much is not sent"
  )
  func deepStacks() throws {
    let frame = StackFrame(function: "main.down", file: nil, line: nil)
    func answer(_ depth: Int, _ count: Int = 1) throws -> Stacks? {
      let stacks = Stacks(
        outcomes: [1: .stack(0)],
        distinct: Array(
          repeating: CallStack(frames: Array(repeating: frame, count: depth), cut: nil), count: count))
      return try #require(StacksAnswer(StacksAnswer(number: 3, stacks: stacks).bytes)).stacks
    }
    let deep = try #require(try answer(5000)?.distinct.first)
    #expect(deep.frames.count == 4096 && deep.cut == "more frames were not sent")
    #expect(try answer(4096)?.distinct.first?.cut == nil)
    #expect(try answer(4096, 300) == nil)
  }

  @Test("questions are answered: stacks when they come, commands of control at once")
  func questions() throws {
    let source = try TapeSource(seed: 26)
    source.knowledge.hasStacks = true
    source.stacks = Stacks(
      outcomes: [1: .stack(0), 2: .running, 3: .gone],
      distinct: [
        CallStack(frames: [StackFrame(function: "f", file: "/a.go", line: 3, isLibrary: true)], cut: "why")
      ],
      labels: [1: "a=b"])
    let sender = Sender(eager: source) { ($0.answers, $0.isControlled) = (true, false) }
    let input = MemoryInput(try sender.next())
    let remote = try StreamSource(input)
    #expect(remote.knowledge.hasStacks)
    #expect(try remote.stacks(of: .some([1, 2, 3])) == nil && input.sent.count == 1)
    sender.ask(try #require(input.sent.last))
    input.bytes += try sender.next()
    _ = try remote.observe()
    #expect(try remote.stacks(of: .some([1, 2, 3])) == source.stacks)
    #expect(throws: ControlError.notControlled(pid: 7)) { _ = try remote.control() }
    // Lines that are no questions are left out.
    for line in ["", "1", "1 stacks x", "x stacks", "1 control fly", "1 what"] {
      #expect(RemoteQuestion(line) == nil, "\(line)")
      sender.ask(line)
    }
    for question in [StackQuestion.all, .some([1, 5])] {
      let asked = RemoteQuestion(number: 3, subject: .stacks(question))
      #expect(RemoteQuestion(asked.line) == asked)
    }
    let asked = RemoteQuestion(number: 4, subject: .control(.slow(5)))
    #expect(RemoteQuestion(asked.line) == asked)
    let state = ControlState(pace: .held, rate: 0, waiting: 2, stepped: .init(m: 1, p: nil, isOver: true))
    for answer in [
      ControlAnswer(number: 1, result: .success(state)),
      ControlAnswer(number: 2, result: .failure(.init(words: "no"))),
    ] { #expect(ControlAnswer(answer.bytes) == answer) }
  }
}
