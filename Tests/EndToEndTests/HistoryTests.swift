// The history of a real flood: gauges that are rebuilt from events at random moments, compared with gauges
// that were read then.
import Foundation
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

extension EndToEnd {
  @Suite("History of a flood") struct HistoryTests {
    /// Two histories of the same drains. One has a keyframe every few milliseconds, whose gauges are the
    /// truth. The other has few keyframes; its events must rebuild the gauges of the same moments.
    private struct Recorded {
      let dense = History()
      let sparse = History()

      init(_ server: DemoServer, moments: Int) throws {
        let target = try server.regions.target(pid: server.pid)
        let source = try RegionFile(path: target.path, process: target.process).open()
        // Observe first and compress afterwards, so that the reader keeps up even in a slow build.
        var looks: [(batches: [Batch], observation: Observation)] = []
        while looks.count < moments {
          var batches: [Batch] = []
          try source.drainBatches { batches.append($0) }
          looks.append((batches, try source.observe()))
          usleep(2000)
        }
        for (index, look) in looks.enumerated() {
          for batch in look.batches {
            dense.take(batch)
            sparse.take(batch)
          }
          for history in [dense, sparse] { history.settle() }
          dense.mark(look.observation)
          if index % 20 == 0 || sparse.numbers.isEmpty { sparse.mark(look.observation) }
        }
        for history in [dense, sparse] { history.flush() }
      }

      /// The keyframes of the sparse history, each with the unpacked blocks of its segment.
      func unpacked() throws -> [Unpacked] {
        let decoder = RecordDecoder()
        return try sparse.numbers.map { number in
          let segment = try #require(sparse.segment(number))
          let keyframe = try #require(segment.keyframe.bytes.flatMap { Keyframe($0) })
          let blocks = try segment.blocks.map { block in
            var records: [Record] = []
            let bytes = block.payload.bytes ?? []
            guard decoder.decode(bytes, count: block.count, from: block.firstTime, into: &records) else {
              throw Broken("a damaged block")
            }
            return (lane: block.lane, first: block.first, records: records)
          }
          return Unpacked(keyframe: keyframe, blocks: blocks)
        }
      }
    }

    /// A segment of the sparse history.
    private struct Unpacked {
      let keyframe: Keyframe
      let blocks: [(lane: Lane, first: UInt64, records: [Record])]

      func isBefore(_ ends: [Lane: UInt64]) -> Bool {
        keyframe.boundaries.allSatisfy { $0.position <= ends[$0.lane] ?? 0 }
      }
    }

    /// The gauges at the boundaries of a dense keyframe, rebuilt from the last sparse keyframe that is wholly
    /// before them. nil: there is a gap, because the machine was too busy for the reader.
    private func rebuilt(
      at keyframe: Keyframe, _ sparse: [Unpacked], _ reasons: [WaitReason?]
    ) -> (Snapshot, events: Int)? {
      let ends = Dictionary(uniqueKeysWithValues: keyframe.boundaries.map { ($0.lane, $0.position) })
      guard let base = sparse.lastIndex(where: { $0.isBefore(ends) }) else { return nil }
      var model = Model(sparse[base].keyframe.snapshot, reasons: reasons)
      var count = 0
      var lanes = Dictionary(
        uniqueKeysWithValues: sparse[base].keyframe.boundaries.map { ($0.lane, $0.position) })
      for block in sparse[base...].prefix(2).flatMap(\.blocks) {
        let end = ends[block.lane] ?? 0
        guard block.first < end else { continue }
        if block.first > lanes[block.lane] ?? block.first { return nil }
        lanes[block.lane] = block.first + UInt64(block.records.count)
        for record in block.records.prefix(Int(clamping: end - block.first)) {
          model.apply(record, on: block.lane)
          count += 1
        }
      }
      return (model.snapshot, count)
    }

    /// A thousand moments would take minutes in a build without optimisation. MPG_MOMENTS asks for as many as
    /// wanted.
    private static let moments = ProcessInfo.processInfo.environment["MPG_MOMENTS"].flatMap { Int($0) } ?? 60

    @Test("At random moments the model is what the gauges were, to the last G")
    func thousandMoments() throws {
      let server = try DemoServer("--procs", "2")
      let flood = try Program(
        Command(
          "curl", "-sS", "--parallel", "--parallel-max", "16", "-o", "/dev/null",
          server.url("/spawn?n=[20-4000]")))
      let before = try server.frame()
      _ = try server.frame("a flood") { $0.switches > before.switches + 1000 }
      var (compared, events) = (0, 0)
      var last: Recorded?
      for _ in 0..<10 where compared < Self.moments {
        let recorded = try Recorded(server, moments: Self.moments * 11 / 10)
        last = recorded
        let sparse = try recorded.unpacked()
        for number in recorded.dense.numbers.shuffled() {
          let keyframe = try #require(recorded.dense.segment(number)?.keyframe.bytes.flatMap { Keyframe($0) })
          guard let (model, count) = rebuilt(at: keyframe, sparse, recorded.dense.reasons) else { continue }
          let truth = keyframe.snapshot
          #expect(model.gs == truth.gs, "moment \(number)")
          #expect(model.switches == truth.switches)
          #expect(model.ps.map(\.ticks) == truth.ps.map(\.ticks))
          (compared, events) = (compared + 1, events + count)
        }
      }
      #expect(compared >= Self.moments && events > 10 * Self.moments)

      // At any moment in between: nothing is negative, the sums hold, and no more Gs run than there are Ps.
      let sparse = try #require(last?.sparse)
      var player = try #require(Player(sparse))
      let span = player.lastTime - player.firstTime
      for _ in 0..<100 {
        player.seek(to: player.firstTime + UInt64.random(in: 0...span))
        guard player.missing == 0 else { continue }
        let gs = player.model.snapshot.gs
        #expect(gs.sumOfStates == gs.live && gs.running >= 0 && gs.running <= 2 && gs.runnable >= 0)
        #expect(gs.waiting.values.allSatisfy { $0 > 0 })
      }
      withExtendedLifetime(flood) {}
    }
  }

  @Suite("Recording a server") struct RecordingTests {
    private func mpgtop(_ server: DemoServer, _ arguments: [String]) throws -> Finished {
      var command = Command(environment: server.environment)
      command.words = [Built.mpgtop] + arguments
      return try Program.run(command)
    }

    @Test("What is recorded is replayed, and scrubbed it has no names")
    func recordAndReplay() throws {
      let server = try DemoServer("--procs", "2")
      let (file, clean) = ("\(server.folder.path)/a.rec", "\(server.folder.path)/b.rec")
      _ = try server.get("/leak?n=1")  // a G that stays, so that there is a name to find
      let recorder = try Program(
        Command(
          Built.mpgtop, "record", "-o", file, "\(server.pid)", environment: server.environment))
      try eventually("a piece of it is in the file") {
        _ = try server.get("/spawn?n=1000")
        let size = try? FileManager.default.attributesOfItem(atPath: file + ".part")[.size] as? Int
        return size ?? 0 > 10_000
      }
      recorder.signal(SIGINT)
      #expect(try recorder.wait() == .code(0), "\(recorder.errors)")
      let now = try server.frame()

      let shown = try mpgtop(server, ["replay", file, "--json", "-d", "0.1"])
      #expect(shown.ending == .code(0) && shown.errors == "")
      let frames = try shown.output.split(separator: "\n").map { try Frame(json: $0) }
      for frame in frames { frame.checkSums(isPast: true) }
      #expect(frames.count >= 2 && frames.allSatisfy { $0.pid == server.pid })
      #expect(zip(frames, frames.dropFirst()).allSatisfy { $0.tNs <= $1.tNs && $0.switches <= $1.switches })
      #expect(try #require(frames.last).gs.created <= now.gs.created)
      #expect(try #require(frames.last).gs.created > 1000)
      #expect(shown.output.contains("Scenarios.swift"))

      #expect(try mpgtop(server, ["scrub", file, "-o", clean]).ending == .code(0))
      let scrubbed = try mpgtop(server, ["replay", clean, "--json", "-d", "0.1"])
      #expect(scrubbed.ending == .code(0) && !scrubbed.output.contains(".swift"))

      // Cut the recording in the middle.
      let size = try #require(FileManager.default.attributesOfItem(atPath: file)[.size] as? Int)
      _ = unsafe truncate(file, size * 2 / 3)
      let cut = try mpgtop(server, ["replay", file, "--json", "-n", "1"])
      #expect(cut.ending == .code(0) && cut.output.hasPrefix("{"))
      expectComplaint(cut.errors, of: "mpgtop", mentions: "damaged: it was cut off")
    }

    @Test("A condition that comes true writes what went before, and runs a command")
    func trigger() throws {
      let server = try DemoServer("--procs", "2")
      let (file, flag) = ("\(server.folder.path)/t.rec", "\(server.folder.path)/flag")
      let recorder = try Program(
        Command(
          Built.mpgtop, "record", "-o", file, "--when", "grq>500", "--run",
          "grep SigIgn: /proc/self/status >\(flag)", "\(server.pid)", environment: server.environment))
      try eventually("the condition comes true; it said: \(recorder.errors)") {
        _ = try server.get("/spawn?n=50000")
        return recorder.ending != nil
      }
      #expect(recorder.ending == .code(0) && recorder.errors.contains("grq>500 became true"))
      // mpgtop ignores some signals for its own output. The command that it runs must not inherit that.
      let ignored = try #require(contents(of: flag).split(separator: "\t").last)
      let mask = try #require(UInt64(ignored.filter(\.isHexDigit), radix: 16))
      #expect(mask & (1 << UInt64(SIGPIPE - 1) | 1 << UInt64(SIGXFSZ - 1)) == 0)
      #expect(try mpgtop(server, ["replay", file, "--csv"]).ending == .code(0))
    }

    @Test("A target that ends ends the recording, which says so")
    func targetEnds() throws {
      let server = try DemoServer()
      let file = "\(server.folder.path)/e.rec"
      let recorder = try Program(
        Command(
          Built.mpgtop, "record", "-o", file, "--last", "10s", "\(server.pid)",
          environment: server.environment))
      try eventually("it records") { FileManager.default.fileExists(atPath: file + ".part") }
      _ = try server.get("/spawn?n=1000")
      server.program.signal(SIGKILL)
      #expect(try recorder.wait() == .code(0))
      let shown = try mpgtop(server, ["replay", file, "--json"])
      let last = try Frame(json: try #require(shown.output.split(separator: "\n").last))
      #expect(last.ended?.contains("killed") == true)
    }

    @Test(
      "A wrong command line, or a file that is no recording, costs one line and its code",
      arguments: [
        Mistake("record", code: 64, mentions: "-o"),
        Mistake("record", "-o", "/tmp/x", "--when", "grq", code: 64, mentions: "grq"),
        Mistake("record", "-o", "/tmp/x", "--for", "soon", code: 64, mentions: "soon"),
        Mistake("record", "-o", "/tmp/x", "--run", "true", code: 64, mentions: "--when"),
        Mistake("replay", code: 64, mentions: "file"),
        Mistake("replay", "-b", "/dev/null", code: 4, mentions: "it is a device"),
        Mistake("replay", "-b", "/etc/passwd", code: 4, mentions: "/etc/passwd"),
        Mistake("scrub", "/etc/passwd", "-o", "/etc/passwd", code: 64, mentions: "itself"),
        Mistake("--json", "--csv", code: 64, mentions: "--csv"),
        Mistake("--memory", "lots", code: 64, mentions: "lots"),
      ])
    func mistakes(_ mistake: Mistake) throws {
      var command = Command()
      command.words = [Built.mpgtop] + mistake.arguments
      expectComplaint(
        try Program.run(command), of: "mpgtop", code: mistake.code, mentions: mistake.mentions)
    }

    @Test("--self-test measures, and --schedtrace has the shape of Go's")
    func selfTestAndSchedtrace() throws {
      let server = try DemoServer("--procs", "2")
      let test = try server.mpgtop("--self-test")
      #expect(test.ending == .code(0) && test.output.contains(" ns an event"), "\(test.output)\(test.errors)")
      let line = try server.mpgtop("--schedtrace", "-n", "1").output
      let shape =
        #/SCHED \d+ms: gomaxprocs=2 idleprocs=\d threads=\d+ spinningthreads=\d+ needspinning=0 idlethreads=\d+ runqueue=\d+ \[\d+ \d+\]\n/#
      #expect(line.wholeMatch(of: shape) != nil, "\(line)")
      let csv = try server.mpgtop("--csv", "-n", "2", "-d", "0.01").output.split(separator: "\n")
      #expect(
        csv.count == 3
          && Set(csv.map { $0.split(separator: ",", omittingEmptySubsequences: false).count }).count == 1)
    }
  }
}
