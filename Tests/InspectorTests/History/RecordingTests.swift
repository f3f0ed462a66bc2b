import Glibc
import Region
import TestSupport
import Testing

@testable import Exports
@testable import History
@testable import Host
@testable import Insight
@testable import Inspector
@testable import Observed
@testable import RegionSource

@Suite("Recordings")
struct RecordingTests {
  /// The history of a fake scheduler, and a folder for files.
  private struct Recorded {
    let history: History
    let path: String
    let folder: TemporaryFolder
    let scheduler: FakeScheduler

    init(seed: UInt64 = 1, segments: Int = 6) throws {
      folder = try TemporaryFolder()
      path = "\(folder.path)/a.rec"
      scheduler = FakeScheduler(seed: seed)
      let source = try scheduler.region.source()
      history = History()
      scheduler.region[PField.entry, 0] = scheduler.region.intern("secret at Plan.swift:1")
      for _ in 0..<segments {
        _ = try source.drainInPlace(history.take)
        scheduler.listGs()
        let finding = Finding(lint: "hog", message: "secret", g: 1, entry: "secret", value: 1, threshold: 1)
        history.mark(try source.observe(), Findings([finding]))
        history.attach(GoroutineList(rows: try source.goroutines(limit: 1000)))
        _ = try source.drainInPlace(history.take)
        history.settle()
        scheduler.run(300)
        _ = try source.drainInPlace(history.take)
        history.settle()
      }
      let writer = try RecordingWriter(path: path)
      let target = try scheduler.region.target(pid: scheduler.region.process.pid)
      try writer.begin(target.identity, history)
      try writer.write(history, since: 0)
      try writer.finish(ended: "it ended")
    }

    var bytes: [UInt8] { smallFile(path, limit: 1 << 22) ?? [] }

    func write(_ bytes: [UInt8]) throws -> String {
      let other = "\(folder.path)/b.rec"
      let file = unsafe fopen(other, "w")!
      _ = unsafe bytes.withUnsafeBytes { unsafe fwrite($0.baseAddress, 1, $0.count, file) }
      unsafe fclose(file)
      return other
    }
  }

  @Test("what is replayed is what was recorded: every event, every gauge, every G")
  func identity() throws {
    let recorded = try Recorded()
    let recording = try Recording(path: recorded.path)
    #expect(recording.damage == nil && recording.ended == "it ended")
    #expect(try events(of: recording.history) == events(of: recorded.history))
    var (one, other) = (try #require(Player(recorded.history)), try #require(Player(recording.history)))
    var dice = Dice(7)
    for _ in 0..<30 {
      let time = one.firstTime + dice.next() % max(1, one.lastTime - one.firstTime)
      one.seek(to: time)
      other.seek(to: time)
      #expect(one.snapshot == other.snapshot && one.goroutines == other.goroutines)
    }
    other.seekToEnd()
    #expect(other.model.snapshot.gs == recorded.scheduler.gs)
  }

  @Test("a file that is there is left alone where a new one is wanted")
  func neverOverwritten() throws {
    let recorded = try Recorded(segments: 1)
    let before = recorded.bytes
    #expect(throws: InspectorError.system(call: "open", path: recorded.path, errno: EEXIST)) {
      try RecordingWriter(path: recorded.path, isNew: true)
    }
    #expect(recorded.bytes == before)
  }

  @Test("a recording of what follows has nothing from before, and can be made again after it")
  func fromNow() throws {
    let recorded = try Recorded(segments: 4)
    let (scheduler, history) = (recorded.scheduler, recorded.history)
    let source = try scheduler.region.source()
    for round in 0..<2 {
      let since = try #require(history.span?.last)
      let path = "\(recorded.folder.path)/later-\(round).rec"
      let writer = try RecordingWriter(path: path, isNew: true)
      try writer.begin(try scheduler.region.target(pid: scheduler.region.process.pid).identity, history)
      history.record(to: writer, fromNow: true)
      for _ in 0..<3 {
        scheduler.run(200)
        _ = try source.drainInPlace(history.take)
        history.settle()
        history.mark(try source.observe())
        _ = try source.drainInPlace(history.take)
        history.settle()
      }
      try history.finishRecording()
      try writer.finish(ended: nil)
      let recording = try Recording(path: path)
      #expect(recording.damage == nil && recording.history.numbers.count >= 3)
      #expect(try #require(recording.history.span).first == since)
      var player = try #require(Player(recording.history))
      player.seekToEnd()
      #expect(player.model.snapshot.gs == scheduler.gs)
    }
  }

  @Test("a file that was cut anywhere opens up to there, and says so")
  func cut() throws {
    let recorded = try Recorded(segments: 3)
    var dice = Dice(1)
    for _ in 0..<100 { try cut(recorded, at: dice.below(recorded.bytes.count)) }
  }

  private func cut(_ recorded: Recorded, at count: Int) throws {
    let whole = recorded.bytes
    let path = try recorded.write(Array(whole.prefix(count)))
    do throws(InspectorError) {
      let recording = try Recording(path: path)
      #expect(recording.damage != nil)
      #expect(recording.history.records <= recorded.history.records)
      _ = recording.history.replayAll()
    } catch {
      guard case .notARecording = error else { throw error }
    }
  }

  @Test("a damaged file opens up to the damage and says so, and never traps")
  func damage() throws {
    let recorded = try Recorded(segments: 3)
    for seed in 0..<200 { try damage(recorded, seed) }
  }

  private func damage(_ recorded: Recorded, _ seed: Int) throws {
    var bytes = recorded.bytes
    var dice = Dice(UInt64(seed))
    for _ in 0..<1 + dice.below(3) { bytes[8 + dice.below(bytes.count - 8)] ^= UInt8(1 << dice.below(8)) }
    do throws(InspectorError) {
      let recording = try Recording(path: try! recorded.write(bytes))
      #expect(recording.damage != nil || recording.history.records == recorded.history.records)
      let player = Player(recording.history)
      _ = player?.frame(.recording).json
    } catch {
      guard case .notARecording = error else { throw error }
    }
  }

  @Test("right checksums over noise are no reason to trust what is inside")
  func noiseWithRightChecksums() throws {
    let recorded = try Recorded(segments: 2)
    for seed in 0..<300 { try noise(recorded, seed) }
  }

  /// Asks for every kind of explanation, with numbers from the noise.
  private func explainAll(_ player: Player) {
    let explainer = Explainer(player, player.instruments)
    let snapshot = player.snapshot
    var subjects: [Subject] = [
      .scheduler, .slice(.p(0), from: 0, to: .max), .slice(.m(1), from: .max, to: 0),
    ]
    subjects += snapshot.ps.prefix(3).flatMap { [.p($0.id), .thief($0.id), .ring(.p($0.id))] as [Subject] }
    subjects += snapshot.ms.prefix(3).flatMap { [.m($0.id), .ring(.m($0.id))] as [Subject] }
    subjects += SpanKind.allCases.map { .latency($0) }
    for g in player.goroutines.all.prefix(3) { subjects += [.g(g.id), .descriptor(g.fd ?? .max, g: g.id)] }
    for (lane, events) in player.lastEvents(ofEachLane: 2) {
      subjects += events.map { .event(lane, position: $0.position, time: $0.time) }
    }
    for subject in subjects { #expect(!explainer.explain(subject).lines.isEmpty) }
  }

  private func noise(_ recorded: Recorded, _ seed: Int) throws {
    var reader = try RecordingReader(path: recorded.path)
    var dice = Dice(UInt64(seed))
    var bytes = Chunk.magic
    while let piece = reader.next() {
      var body = piece.body
      if dice.below(3) == 0, !body.isEmpty {
        for _ in 0..<1 + dice.below(6) {
          body[dice.below(body.count)] = [0, 1, 0x7f, 0x80, 0xff, UInt8(dice.below(256))][dice.below(6)]
        }
      }
      bytes += Chunk.bytes(piece.kind ?? .end, body)
    }
    guard let recording = try? Recording(path: recorded.write(bytes)) else { return }
    guard var player = Player(recording.history) else { return }
    defer { explainAll(player) }
    for time in [0, player.time / 2, dice.value(), player.lastTime] {
      player.seek(to: time)
      _ = player.frame(.recording).json
      for _ in 0..<5 { player.stepBack() }
      for _ in 0..<7 { player.stepForward() }
    }
  }

  @Test("bytes that are no recording are refused by name")
  func notARecording() throws {
    let recorded = try Recorded(segments: 1)
    for (bytes, said) in [
      ([], "it is empty"), (Array("#!/bin/sh\n".utf8), "a script"),
      (Array("MPGREC9\n".utf8), "version is '9"), (Chunk.magic, "cut off"),
      (Array("MPG".utf8), "cut off in its first bytes"), (Array("root:x:0:0\n".utf8), "looks like text"),
      (Array("\n\nwords".utf8), "looks like text"), (Array(" {\"t\": 1}".utf8), "text (JSON)"),
      ([0x1f, 0x8b, 8, 0], "gzip"), ([0x28, 0xb5, 0x2f, 0xfd], "zstd"),
      ([0xd4, 0xc3, 0xb2, 0xa1, 2, 0], "pcap"),
      ([0x0a, 0x0d, 0x0d, 0x0a], "pcapng"), (Array("go 1.26 trace\0\0\0".utf8), "a trace of Go"),
      (Array("\u{7f}ELF\u{2}\u{1}".utf8), "ELF"), (Array("MPGREGN1".utf8), "the region of a process"),
      ([0x0a, 0x12, 0, 1], "Perfetto"), ([0, 1, 2, 3], "no file that is known here"),
    ] {
      let path = try recorded.write(bytes)
      let error = #expect(throws: InspectorError.self) { try Recording(path: path) }
      #expect(error?.description.contains("is not a recording: ") == true)
      #expect(error?.description.contains(said) == true, "\(String(describing: error))")
    }
    let folder = recorded.folder.path
    for (path, said) in [
      (folder, "it is a folder"), ("/dev/null", "it is a device"), ("\(folder)/none", "no such file"),
    ] {
      #expect(
        throws: InspectorError.notARecording(
          path: path, reason: said.hasPrefix("no") ? "there is \(said)" : said)
      ) { try Recording(path: path) }
    }
  }

  @Test("a recording can be read by a link; one that is written says where it is until then")
  func linksAndParts() throws {
    let recorded = try Recorded(segments: 1)
    let link = "\(recorded.folder.path)/latest.rec"
    _ = unsafe symlink(recorded.path, link)
    #expect(try Recording(path: link).damage == nil)

    let path = "\(recorded.folder.path)/later.rec"
    let writer = try RecordingWriter(path: path)
    try writer.begin(
      try recorded.scheduler.region.target(pid: recorded.scheduler.region.process.pid).identity,
      recorded.history)
    try writer.write(recorded.history, since: 0)
    let error = #expect(throws: InspectorError.self) { try Recording(path: path) }
    #expect(error?.description.contains("\(path).part is being written") == true)
    #expect(try Recording(path: path + ".part").history.records == recorded.history.records)
    try writer.finish(ended: nil)
    #expect(try Recording(path: path).damage == nil)
    #expect(smallFile(path + ".part") == nil)
  }

  @Test(
    "where there is no room for more, what there was room for is a whole recording; nothing is replaced by less"
  )
  func salvage() throws {
    let recorded = try Recorded(segments: 4)
    let target = try recorded.scheduler.region.target(pid: recorded.scheduler.region.process.pid)
    for segments in 0..<3 {
      let path = "\(recorded.folder.path)/new-\(segments).rec"
      let writer = try RecordingWriter(path: path)
      try writer.begin(target.identity, recorded.history)
      for number in recorded.history.numbers.prefix(segments) {
        try writer.write(try #require(recorded.history.segment(number)), of: recorded.history)
      }
      try writer.copy(.block, [1, 2, 3])  // half of a segment
      #expect(writer.salvage(ended: nil) == (segments > 0) && writer.isWhole == (segments > 0))
      guard segments > 0 else { continue }
      let recording = try Recording(path: path)
      #expect(recording.damage == nil && recording.history.numbers.count == segments)
    }
    let before = recorded.bytes
    func replace() throws {
      let writer = try RecordingWriter(path: recorded.path)
      try writer.begin(target.identity, recorded.history)
      try writer.write(recorded.history, since: 0)
      #expect(!writer.salvage(ended: nil))
    }
    try replace()
    #expect(
      recorded.bytes == before
        && names(in: recorded.folder.path).filter { $0.hasSuffix("part") } == [])
  }

  @Test("a scrubbed recording has no names, and is otherwise the same")
  func scrubbed() throws {
    let recorded = try Recorded()
    let output = "\(recorded.folder.path)/scrubbed.rec"
    #expect(recorded.bytes.contains(Array("secret at Plan.swift".utf8)))
    #expect(try Scrubber.scrub(recorded.path, to: output) == nil)
    let whole = recorded.bytes
    for name in [recorded.path, "\(recorded.folder.path)/./a.rec"] {
      #expect(
        throws: InspectorError.badOutput(path: name, reason: "it is the input itself; name another file")
      ) {
        try Scrubber.scrub(recorded.path, to: name)
      }
    }
    #expect(recorded.bytes == whole)
    #expect(throws: InspectorError.self) {
      try Scrubber.scrub("/etc/passwd", to: "\(recorded.folder.path)/none")
    }
    #expect(!names(in: recorded.folder.path).contains("none"))
    let bytes = smallFile(output, limit: 1 << 22) ?? []
    #expect(!bytes.contains(Array("secret".utf8)) && !bytes.contains(Array("mpg-demo".utf8)))
    let recording = try Recording(path: output)
    #expect(recording.damage == nil && recording.history.records == recorded.history.records)
    let player = try #require(Player(recording.history))
    #expect(player.model.snapshot.gs == recorded.scheduler.gs && player.snapshot.target.name == "")
  }
}
