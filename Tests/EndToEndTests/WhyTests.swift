// `mpgtop why`: the waits and requests of a server, live and from a recording.
import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Why Gs waited") struct WhyTests {
    private func mpgtop(_ server: DemoServer, _ arguments: [String]) throws -> Finished {
      var command = Command(environment: server.environment)
      command.words = [Built.mpgtop] + arguments
      return try Program.run(command)
    }

    private func objects(_ output: String) throws -> [[String: Any]] {
      try output.split(separator: "\n").map {
        try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
      }
    }

    /// Records while requests are made, all at once, each on a connection of its own.
    private func record(_ server: DemoServer, _ file: String, _ paths: [String]) throws {
      let recorder = try Program(
        Command(Built.mpgtop, "record", "-o", file, "\(server.pid)", environment: server.environment))
      try eventually("it records") { FileManager.default.fileExists(atPath: file + ".part") }
      usleep(300_000)
      let clients = try paths.map { try Program(Command("curl", "-sS", "-o", "/dev/null", server.url($0))) }
      for client in clients { #expect(try client.wait() == .code(0)) }
      recorder.signal(SIGINT)
      #expect(try recorder.wait() == .code(0), "\(recorder.errors)")
    }

    @Test("A P that one request keeps: the waits of the others add up, and the hog is named")
    func hog() throws {
      let server = try DemoServer("--procs", "1", prefix: ["env", "MPG_PREEMPT=0"])
      let file = "\(server.folder.path)/a.rec"
      try record(server, file, ["/hog?ms=200", "/spawn?n=10", "/spawn?n=20", "/spawn?n=30"])
      let shown = try mpgtop(server, ["why", "--replay", file, "--slowest", "20", "--json"])
      #expect(shown.ending == .code(0) && shown.errors == "")
      let chains = try objects(shown.output)
      #expect(chains.count == 20)
      for chain in chains {
        let hops = try #require(chain["hops"] as? [[String: Any]])
        let sum = hops.reduce(0) { $0 + ($1["duration_ns"] as? Int ?? 0) }
        #expect(sum == chain["duration_ns"] as? Int)
        #expect((chain["end_ns"] as? Int ?? 0) - (chain["begin_ns"] as? Int ?? 0) == sum)
      }
      // The chains that waited while the hog ran.
      let blamed = chains.filter { ($0["blame"] as? [String: Any])?["lasted_ns"] as? Int ?? 0 > 190_000_000 }
      #expect(!blamed.isEmpty && blamed.allSatisfy { ($0["why"] as? String ?? "").contains("(hog)") })
      let text = try mpgtop(server, ["why", "--replay", file, "--slowest", "3"])
      #expect(text.output.contains("  why: ") && text.output.contains("(hog)"))
    }

    @Test("Gs that have waited since before anybody looked are waits")
    func openWaits() throws {
      let server = try DemoServer("--procs", "2")
      let clients = try (0..<5).map { _ in try HTTPConnection(port: server.port) }
      usleep(200_000)
      for order in ["delay", "length"] {
        let shown = try mpgtop(
          server, ["why", "\(server.pid)", "--for", "1s", "--by", order, "--slowest", "3", "--json"])
        #expect(shown.ending == .code(0) && shown.errors == "", "\(shown.errors)")
        let chains = try objects(shown.output)
        #expect(chains.count == 3 && chains.contains { $0["over"] as? Bool == false })
      }
      withExtendedLifetime(clients) {}
    }

    @Test("A request step by step: every moment and every number in the words is that of an event")
    func follow() throws {
      let server = try DemoServer("--procs", "2")
      let file = "\(server.folder.path)/a.rec"
      try record(server, file, ["/sleep?ms=30"])
      let walk = try #require(
        try objects(try mpgtop(server, ["why", "--replay", file, "--follow", "last", "--json"]).output).first)
      #expect(walk["label"] as? String == "GET /sleep" && walk["connection"] as? String == "accepted")
      let steps = try #require(walk["steps"] as? [[String: Any]])
      let kinds = steps.compactMap { $0["step"] as? String }
      #expect(
        kinds.prefix(6) == ["wait", "packet", "poll", "ready", "run", "handler"] && kinds.last == "response")
      #expect(kinds.count > 7 && kinds[6..<(kinds.count - 1)].allSatisfy { $0 == "did" })
      let response = kinds.count - 1
      func events(_ step: Int) -> [[String: Any]] { steps[step]["events"] as? [[String: Any]] ?? [] }
      func time(_ step: Int, _ kind: String, last: Bool = false) throws -> Int {
        let found = events(step).filter { $0["event"] as? String == kind }
        return try #require((last ? found.last : found.first)?["t_ns"] as? Int)
      }
      func tells(_ step: Int, _ from: Int, _ to: Int) -> Bool {
        (steps[step]["text"] as? String ?? "").contains(TimeWords.short(to - from))
      }
      for (step, kind) in [
        (2, "goReady"), (3, "goReady"), (4, "goStart"), (5, "goCreate"), (response, "goLabel"),
      ] {
        #expect(try steps[step]["t_ns"] as? Int == time(step, kind))
      }
      let times = steps.compactMap { $0["t_ns"] as? Int }
      #expect(times == times.sorted() && times.count >= 6)
      #expect(tells(4, try time(3, "goReady"), try time(4, "goStart")))
      #expect(tells(5, try time(5, "goCreate"), try time(5, "goLabel")))
      #expect(tells(response, try time(5, "goLabel"), try time(response, "goLabel")))
      let after = events(response).last { ["goPark", "goExit"].contains($0["event"] as? String) }
      #expect(tells(response, try time(response, "goLabel"), try #require(after?["t_ns"] as? Int)))
      let lasted = steps.compactMap { $0["lasted_ns"] as? Int }
      #expect(try lasted.reduce(0, +) == time(response, "goLabel") - time(5, "goLabel"))
      #expect(steps.contains { ($0["text"] as? String ?? "").hasPrefix("It parked for sleep") })
      let text = try mpgtop(server, ["why", "--replay", file, "--follow", "\(walk["span"] as? Int ?? 0)"])
      #expect(text.ending == .code(0) && text.output.contains("a new G handles it"))
      let none = try mpgtop(server, ["why", "--replay", file, "--follow", "1"])
      #expect(none.ending == .code(64) && none.errors.contains("no request 1 begins in this history"))
    }

    @Test("What a handler did has its step: a call, a spawn, a wait; and they add up to the request's time")
    func steps() throws {
      let server = try DemoServer("--procs", "2")
      let file = "\(server.folder.path)/a.rec"
      try record(server, file, ["/block?ms=120"])
      let walk = try #require(
        try objects(try mpgtop(server, ["why", "--replay", file, "--follow", "last", "--json"]).output).first)
      let steps = try #require(walk["steps"] as? [[String: Any]])
      let did = steps.filter { $0["step"] as? String == "did" }
      let call = try #require(did.max { $0["lasted_ns"] as? Int ?? 0 < $1["lasted_ns"] as? Int ?? 0 })
      #expect(call["lasted_ns"] as? Int ?? 0 >= 120_000_000)
      #expect((call["text"] as? String ?? "").hasPrefix("It was in a system call on M"))
      let begin = try #require(did.first?["t_ns"] as? Int)
      let end = try #require(steps.last?["t_ns"] as? Int)
      #expect(did.compactMap { $0["lasted_ns"] as? Int }.reduce(0, +) == end - begin)
    }

    @Test("A request is followed over its Gs; scrubbed it has no name")
    func requests() throws {
      let server = try DemoServer("--procs", "2")
      let (file, clean) = ("\(server.folder.path)/a.rec", "\(server.folder.path)/b.rec")
      try record(server, file, ["/spawn?n=20", "/block?ms=20", "/sleep?ms=30", "/no/such/path"])
      let requests = try objects(
        try mpgtop(server, ["why", "--replay", file, "--requests", "9", "--json"]).output)
      let labels = Set(requests.compactMap { $0["label"] as? String })
      #expect(labels == ["GET /spawn", "GET /block", "GET /sleep", "other requests"])
      for request in requests {
        let sums = try #require(request["sums"] as? [String: Any])
        #expect(sums["total_ns"] as? Int == request["duration_ns"] as? Int)
        #expect(
          (request["end_ns"] as? Int ?? 0) - (request["begin_ns"] as? Int ?? 0) == sums["total_ns"] as? Int)
      }
      let spawn = try #require(requests.first { $0["label"] as? String == "GET /spawn" })
      #expect(spawn["gs"] as? Int == 21)
      let number = try #require(spawn["span"] as? Int)
      let walk = try objects(
        try mpgtop(server, ["why", "--replay", file, "--request", "\(number)", "--json"]).output)
      #expect((walk.first?["members"] as? [Any])?.count == 21)

      #expect(try mpgtop(server, ["scrub", file, "-o", clean]).ending == .code(0))
      let scrubbed = try mpgtop(server, ["why", "--replay", clean, "--requests", "9"])
      #expect(scrubbed.ending == .code(0) && scrubbed.output.contains("(no label)"))
      #expect(!scrubbed.output.contains("/spawn"))
    }

    @Test("Of a live process it answers after a while")
    func live() throws {
      let server = try DemoServer("--procs", "2")
      let asked = try Program(
        Command(
          Built.mpgtop, "why", "\(server.pid)", "--for", "1s", "--requests", "5",
          environment: server.environment))
      try eventually("it has answered") {
        _ = try server.get("/spawn?n=5")
        return asked.ending != nil
      }
      #expect(
        asked.ending == .code(0) && asked.output.contains("GET /spawn"), "\(asked.output)\(asked.errors)")
    }

    @Test(
      "A wrong question costs one line and its code",
      arguments: [
        Mistake("why", "--replay", "/dev/null", "1", code: 64, mentions: "--replay"),
        Mistake("why", "-g", "1", "--requests", "2", code: 64, mentions: "-g"),
        Mistake("why", "--slowest", "0", code: 64, mentions: "0"),
        Mistake("why", "--by", "colour", code: 64, mentions: "colour"),
        Mistake("why", "--replay", "/etc/passwd", code: 4, mentions: "/etc/passwd"),
      ])
    func mistakes(_ mistake: Mistake) throws {
      var command = Command()
      command.words = [Built.mpgtop] + mistake.arguments
      expectComplaint(
        try Program.run(command), of: "mpgtop", code: mistake.code, mentions: mistake.mentions)
    }
  }
}

/// Times as mpgtop writes them, formatted by independent code: three significant digits, rounded, `740 ns`,
/// `12.4 µs`.
private enum TimeWords {
  static func short(_ nanoseconds: Int) -> String {
    if nanoseconds < 1000 { return "\(nanoseconds) ns" }
    for (unit, name) in [(1000, "µs"), (1_000_000, "ms"), (1_000_000_000, "s")] {
      for places in [2, 1, 0] {
        let step = unit / [1, 10, 100][places]
        let digits = "\((nanoseconds + step / 2) / step)"
        guard digits.count <= 3 else { continue }
        let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
        return padded.dropLast(places) + (places > 0 ? "." : "") + padded.suffix(places) + " " + name
      }
    }
    return "over a minute"
  }
}
