// A frame says the same of a moment whether it is live, rewound, replayed or post mortem. That holds for
// every key, except for a table of exceptions, each with its reason (docs/recording.md §6).
//
// A running server cannot be asked twice about one moment. So the test stops the server under load with
// SIGSTOP, which the server cannot notice, takes the live frame, and lets the server go on. A thread that was
// in the middle of a move stays there until then, which may happen at any moment of a real run too.
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
  @Suite("Past and live") struct PastLiveTests {
    /// A live frame, and whether the history has a keyframe of its moment.
    private struct Live {
      let time: UInt64
      let json: String
      /// Whether history has a keyframe of this very moment.
      let isKeyframe: Bool
    }

    /// A server under load, a viewer of the server, and a recording of what the viewer sees.
    private final class Watched {
      let server: DemoServer
      let recording: String
      private(set) var sampler: Sampler
      private let writer: RecordingWriter
      private var load: [Program] = []

      init() throws {
        server = try DemoServer("--procs", "2")
        recording = "\(server.folder.path)/a.rec"
        let target = try server.regions.target(pid: server.pid)
        sampler = Sampler(try Inspector(target), history: HistoryLimits())
        let history = try #require(sampler.history)
        writer = try RecordingWriter(path: recording)
        try writer.begin(sampler.identity, history)
        history.record(to: writer)
      }

      var history: History { sampler.history! }

      func addLoad(_ words: String...) throws {
        load.append(
          try Program(
            Command(
              words: ["curl", "-sS", "--parallel", "--parallel-max", "4", "-o", "/dev/null"]
                + words.map(server.url))))
      }

      /// Goes on observing for a while.
      func watch(milliseconds: UInt64) throws {
        let end = monotonicNow() + milliseconds * 1_000_000
        while monotonicNow() < end {
          let pause = try sampler.step()
          usleep(UInt32(clamping: min(pause, 5_000_000) / 1000))
        }
      }

      /// Stops all threads of the server, and waits until they stand and the viewer has read everything.
      ///
      /// - Parameter milliseconds: how long to observe after that. Instruments are recomputed twice a second.
      func stop(watching milliseconds: UInt64 = 700) throws {
        server.program.signal(SIGSTOP)
        try eventually("all threads stand") {
          let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(server.pid)/task")
          return threads.allSatisfy { contents(of: "/proc/\(server.pid)/task/\($0)/stat").contains(") T ") }
        }
        try watch(milliseconds: milliseconds)
      }

      func goOn() { server.program.signal(SIGCONT) }

      func frame() throws -> Live {
        let frame = try sampler.frame()
        let newest = history.segment(history.newest)?.time
        return Live(time: frame.snapshot.time, json: frame.json, isKeyframe: newest == frame.snapshot.time)
      }

      func finishRecording() throws {
        try sampler.finish()
        try history.finishRecording()
        try writer.finish(ended: nil)
      }
    }

    /// A player's frame of the live frame's moment. Its instruments may be of an earlier moment, as a live
    /// viewer's are.
    private func past(_ live: Live, _ player: Player, since: UInt64?) throws -> Flattened {
      var player = player
      player.seek(to: live.time)
      let frame = try Flattened(json: player.frame(.live, since: since).json)
      let moment = try #require(Flattened(json: live.json)["instruments.t_ns"])
      player.seek(to: moment)
      let earlier = try Flattened(json: player.frame(.live).json)
      // Lints, CPU times and the steal matrix belong to the frame. The rest is of the instruments' moment.
      return frame.without("instruments.").with("instruments.", of: earlier)
        .without("instruments.cpu").with("instruments.cpu", of: frame)
        .without("instruments.findings").with("instruments.findings", of: frame)
        .without("instruments.steals").with("instruments.steals", of: frame)
    }

    /// - Returns: why the frames could not be compared; nil: they were. A thread may have been stopped after it read
    ///   the clock for an event and before it wrote the event. A frame of the past counts that event, and the
    ///   live frame does not: both are true.
    @discardableResult
    private func compare(
      _ live: Live, _ past: Flattened, _ exceptions: Exceptions, _ places: [Exceptions.Place], _ what: String
    ) throws -> String? {
      var (one, other) = (try Flattened(json: live.json), past)
      if places.contains(.betweenKeyframes) {
        // The live instruments are of an earlier moment, at which the server was running.
        (one, other) = (one.without("instruments."), other.without("instruments."))
      }
      let all = one.differences(from: other)
      if all.contains(where: { $0.path.hasPrefix("trace.") && $0.path.hasSuffix("events") }) {
        return "events"
      }
      // The same for the instruments' moment: a frame of the past may know of a start, or of the end of a slice or a call,
      // that had not been written then.
      for count in ["starts", "slice.count", "syscall.count"] {
        let counts = [one, other].map { $0.values["instruments.recent.\(count)"].flatMap { Int($0) } ?? 0 }
        if counts[1] > counts[0] { return count }
      }
      // Likewise a thread that was stopped between counting an event and writing it. The frame says so.
      if one.values["gs.in_hands"] == "null" { return "in hands" }
      let wrong = all.filter { !exceptions.allow($0.path, in: places) }
      // If the instruments differ, the seconds tell in which of them.
      let seconds = all.filter {
        $0.path.hasPrefix("instruments.t_ns") || $0.path.hasPrefix("instruments.seconds")
      }
      #expect(
        wrong.isEmpty,
        """
        \(what) at \(live.time), instruments of \(one.values["instruments.t_ns"] ?? "-") since \
        \(one.values["instruments.since_ns"] ?? "-"): \(wrong.map(\.text).joined(separator: "; ")); \
        \(seconds.map(\.text).joined(separator: "; "))
        """)
      return nil
    }

    /// A server with 10,000 parked Gs, and all kinds of requests on it.
    private func loaded() throws -> Watched {
      let watched = try Watched()
      try watched.watch(milliseconds: 300)
      _ = try watched.server.get("/leak?n=10000")
      try watched.addLoad("/?[1-10000000]")
      try watched.addLoad("/spawn?n=[20-400]", "/spawn?n=[20-400]")
      try watched.addLoad("/hog?ms=[5-2000]")
      try watched.addLoad("/block?ms=[1-200]", "/block?ms=[1-200]")
      let created = try watched.server.frame().gs.created
      _ = try watched.server.frame("load") { $0.gs.created > created + 500 }
      return watched
    }

    @Test("Every key of a frame is the same live, rewound, replayed, post mortem, but for those in the table")
    func everyKey() throws {
      let exceptions = try Exceptions()
      // On a busy machine the system holds so many threads up between an event and its record that most frames cannot
      // be compared. Then another server is watched.
      var accounts: [String] = []
      for _ in 0..<3 {
        let account = try compareAll(exceptions)
        if account.isEnough { return }
        accounts.append("\(account)")
      }
      Issue.record("too few frames could be compared: \(accounts)")
    }

    /// What became of the frames of one server.
    private struct Account {
      var moments = 0
      var keyframes = 0
      var compared = 0
      /// Why the other frames could not be compared.
      var held: [String] = []
      /// Each moment has two frames of the past. More than half of all must have been compared, and both kinds of
      /// moments must be there.
      var isEnough: Bool { compared > moments && keyframes > 0 && keyframes < moments }
    }

    /// Stops a server under load again and again, and takes its frames.
    private func rounds(of watched: Watched) throws -> [Live] {
      var frames: [Live] = []
      // At least four rounds, and until one moment lay between keyframes, which is rare on a busy machine.
      for round in 0..<20 where round < 4 || frames.allSatisfy(\.isKeyframe) {
        try watched.watch(milliseconds: 200)
        try watched.stop()
        frames.append(try watched.frame())
        watched.goOn()
        // Stop again, too soon for another keyframe.
        try watched.watch(milliseconds: 20)
        try watched.stop(watching: 10)
        frames.append(try watched.frame())
        watched.goOn()
      }
      return frames
    }

    /// Watches a server under load and compares its frames.
    private func compareAll(_ exceptions: Exceptions) throws -> Account {
      let watched = try loaded()
      var frames = try rounds(of: watched)
      try watched.watch(milliseconds: 200)
      try watched.stop()
      let last = try watched.frame()
      frames.append(last)
      try watched.finishRecording()
      watched.server.program.signal(SIGKILL)
      _ = try watched.server.program.wait()

      let rewound = try #require(Player(watched.history))
      let replayed = try #require(Player(Recording(path: watched.recording).history))
      let late = watched.sampler.late
      var account = Account(moments: frames.count, keyframes: frames.count(where: \.isKeyframe))
      var before: UInt64?
      for live in frames {
        var places: [Exceptions.Place] = live.isKeyframe ? [.always] : [.always, .betweenKeyframes]
        if late > 0 { places.append(.lateEvents) }
        for (player, name) in [(rewound, "rewound"), (replayed, "replayed")] {
          let past = try past(live, player, since: before)
          if let reason = try compare(live, past, exceptions, places, name) {
            account.held.append(reason)
          } else {
            account.compared += 1
          }
        }
        before = live.time
      }
      let dead = try watched.server.mpgtop("--post-mortem", "--json")
      #expect(dead.ending == .code(0), "\(dead.errors)")
      try compare(last, try Flattened(json: dead.output), exceptions, [.always, .blackBox], "post mortem")
      return account
    }

    @Test("A P that nobody uses is used by nobody: live, rewound, replayed and post mortem")
    func idle() throws {
      let watched = try Watched()
      var lines: [String] = []
      for _ in 0..<4 {
        try watched.watch(milliseconds: 600)
        lines.append(try watched.frame().json)
      }
      try watched.finishRecording()
      watched.server.program.signal(SIGKILL)
      _ = try watched.server.program.wait()
      var player = try #require(Player(watched.history))
      let (first, last) = (player.firstTime + 1_000_000_000, player.lastTime)
      for part in UInt64(0)..<20 {
        player.seek(to: first + (last - first) / 20 * part)
        lines.append(player.frame(.live).json)
      }
      for words in [["replay", watched.recording, "--json", "-d", "0.07"], ["--post-mortem", "--json"]] {
        var command = Command(environment: watched.server.environment)
        command.words = [Built.mpgtop] + words + (words.count > 2 ? [] : ["\(watched.server.pid)"])
        let shown = try Program.run(command)
        #expect(shown.ending == .code(0), "\(shown.errors)")
        lines += shown.output.split(separator: "\n").map(String.init)
      }
      var known = 0
      for line in lines {
        let frame = try Flattened(json: line)
        // Skip frames whose window contains the boot: the Ps were busy then. A dead server's frame may be one,
        // because its moment is that of the last event.
        if frame["uptime_ns"] ?? 0 < 1_500_000_000 { continue }
        for p in 0..<2 where frame.values["ps[id \(p)].status"] == "\"idle\"" {
          guard let use = frame.values["ps[id \(p)].utilization"].flatMap({ Double($0) }) else { continue }
          #expect(use <= 0.05, "P\(p) of \(line.prefix(3000))")
          known += 1
        }
      }
      #expect(known > 40, "of \(lines.count) frames")
    }

    @Test("Without events nothing is made up, there is nothing to step over, and each screen says why")
    func withoutEvents() throws {
      let server = try DemoServer("--procs", "2", prefix: ["env", "MPG_TRACE=0"])
      let file = "\(server.folder.path)/n.rec"
      let recorded = try server.mpgtop("record", "-o", file, "--for", "2s")
      #expect(recorded.ending == .code(0), "\(recorded.errors)")
      var command = Command(environment: server.environment)
      command.words = [Built.mpgtop, "replay", file, "--json", "-d", "0.1"]
      let replayed = try Program.run(command).output.split(separator: "\n").map(String.init)
      let live = try server.mpgtop("--json", "-n", "3", "-d", "0.3").output.split(separator: "\n")
      #expect(replayed.count >= 6 && live.count == 3)
      for line in replayed + live.map(String.init) {
        let frame = try Flattened(json: line)
        #expect(frame.values["trace.enabled"] != "1" && frame.values["instruments.ms[]"] == "0 elements")
        #expect(frame.values["instruments.recent.starts"] == "null")
      }
      let moments = try replayed.map { try Flattened(json: $0)["t_ns"] ?? 0 }
      #expect(zip(moments, moments.dropFirst()).allSatisfy { $0 < $1 })
      let why = try server.mpgtop("why", "--for", "100ms")
      #expect(why.errors.contains("MPG_TRACE=0") && why.output.isEmpty)
    }
  }
}
