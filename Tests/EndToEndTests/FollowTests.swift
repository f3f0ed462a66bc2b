// `mpgtop http://host:6060`: a Go program that is traced again and again. A server of the tests' own plays the program, with kept
// traces; Tests/GoAttachTests/Live has real ones.
import Foundation
import Synchronization
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Following a Go program by its traces") struct FollowTests {
    private static let trace =
      URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
      + "/GoTraceTests/Fixtures/every-1.27.3.trace"
    private static let bytes = [UInt8]((try? Data(contentsOf: URL(filePath: trace))) ?? Data())

    private func run(_ words: [String]) throws -> Finished {
      var command = Command()
      command.words = [Built.mpgtop] + words
      return try Program.run(command)
    }

    /// A server that gives the kept trace each time, or what `other` says.
    private func server(
      port: UInt16 = 0, _ other: @escaping @Sendable (ScriptedServer.Connection) -> Bool = { _ in false }
    ) throws -> ScriptedServer {
      try ScriptedServer(port: port) { connection in
        let request = connection.request()
        guard !other(connection) else { return }
        guard request.hasPrefix("GET /debug/pprof/trace?seconds=0.1 HTTP/1.1\r\n") else {
          return connection.answer("404 Not Found", Array("404 page not found\n".utf8))
        }
        usleep(100_000)
        connection.answer("200 OK", Self.bytes)
      }
    }

    private func objects(_ output: String) throws -> [[String: Any]] {
      try output.split(separator: "\n").map {
        try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
      }
    }

    @Test("frames come in every form, and JSON tells the gaps")
    func forms() throws {
      let server = try server()
      let address = "http://127.0.0.1:\(server.port)/debug/pprof/trace?seconds=0.1"
      let json = try run([address, "--json", "-n", "30", "-d", "0.01"])
      #expect(json.ending == .code(0) && json.errors == "", "\(json.errors)")
      let frames = try objects(json.output)
      #expect(frames.count == 30)
      #expect(frames.first?["gap"] is NSNull && frames.first?["past"] is NSNull)
      let gap = try #require(frames.last?["gap"] as? [String: Any])
      let (from, to) = (try #require(gap["from_ns"] as? Int), try #require(gap["to_ns"] as? Int))
      #expect(from < to)
      let times = frames.compactMap { $0["t_ns"] as? Int }
      #expect(
        zip(times, times.dropFirst()).allSatisfy { $0 < $1 } && times.allSatisfy { $0 <= from || $0 >= to })
      #expect(
        frames.allSatisfy { $0["grq"] is NSNull && $0["name"] as? String == "127.0.0.1:\(server.port)" })
      for form in ["-b", "--csv", "--schedtrace", "--a11y"] {
        let shown = try run(["http://127.0.0.1:\(server.port)?seconds=0.1", form, "-n", "2", "-d", "0.01"])
        #expect(
          shown.ending == .code(0) && !shown.output.isEmpty && shown.errors == "", "\(form) \(shown.errors)")
      }
    }

    @Test("each form says in its own way how long nobody watched, and only where that was so")
    func gaps() throws {
      let server = try server()
      let address = "http://127.0.0.1:\(server.port)?seconds=0.1"
      let words = /gap: [0-9.]+ (ms|s|µs) nobody watched/
      for form in ["-b", "--a11y", "--schedtrace"] {
        let shown = try run([address, form, "-n", "30", "-d", "0.01"])
        #expect(shown.ending == .code(0), "\(form) \(shown.errors)")
        let lines = shown.output.split(separator: "\n")
        let gaps = lines.count { $0.wholeMatch(of: words) != nil }
        #expect((1..<10).contains(gaps), "\(form): \(gaps) of \(lines.count)")
        #expect(lines.first?.hasPrefix("gap") == false)
      }
      let table = try run([address, "--csv", "-n", "30", "-d", "0.01"]).output.split(separator: "\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false)
      }
      let column = try #require(table.first?.firstIndex(of: "unwatched_ns"))
      let rows = table.dropFirst().map { (time: UInt64($0[0]) ?? 0, gap: UInt64($0[column]) ?? .max) }
      #expect(rows.count == 30 && rows.first?.gap == 0)
      #expect((1..<10).contains(rows.count { $0.gap > 0 }))
      for (before, after) in zip(rows, rows.dropFirst()) { #expect(after.gap <= after.time - before.time) }
    }

    @Test("a recording that cannot be written is refused before the server is asked for a trace")
    func unwritable() throws {
      let connections = Mutex(0)
      let server = try server { _ in
        connections.withLock { $0 += 1 }
        return false
      }
      let folder = try TemporaryFolder()
      let path = folder.path + "/taken.rec"
      try Data("mine".utf8).write(to: URL(filePath: path))
      for (output, words) in [("/no/such/folder/a.rec", "No such file"), (path, "taken.rec")] {
        let refused = try run(["record", "http://127.0.0.1:\(server.port)", "-o", output, "--for", "1s"])
        #expect(refused.ending != .code(0) && refused.errors.contains(words), "\(refused.errors)")
      }
      #expect(connections.withLock { $0 } == 0)
      #expect(try String(contentsOf: URL(filePath: path), encoding: .utf8) == "mine")
      // And where no trace comes, no file is left.
      let free = try LoopbackSocket.freePort()
      let nobody = try run(["record", "http://127.0.0.1:\(free)", "-o", folder.path + "/b.rec"])
      #expect(nobody.ending == .code(2))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["taken.rec"])
    }

    @Test("what comes is recorded, with its gaps, and asked why")
    func record() throws {
      let server = try server()
      let address = "http://127.0.0.1:\(server.port)?seconds=0.1"
      let folder = try TemporaryFolder()
      let recorded = try run(["record", address, "-o", folder.path + "/a.rec", "--for", "1s"])
      #expect(
        recorded.ending == .code(0) && recorded.errors.contains("the time is over"), "\(recorded.errors)")
      let frames = try objects(try run(["replay", folder.path + "/a.rec", "--json", "-d", "0.01"]).output)
      #expect(frames.contains { $0["gap"] is [String: Any] } && frames.count > 10)
      let last = try run(["record", address, "-o", folder.path + "/b.rec", "--for", "1s", "--last", "1s"])
      #expect(last.ending == .code(0), "\(last.errors)")
      let why = try run(["why", address, "--for", "0.1s", "--slowest", "2"])
      #expect(why.ending == .code(0) && why.output.contains("why: "), "\(why.errors)")
      expectComplaint(
        try run(["record", address, "-o", folder.path + "/c.rec", "--when", "live>1"]), of: "mpgtop",
        code: 64,
        mentions: "--last")
    }

    @Test("a server that goes leaves a gap, is told of once, and is followed again when it is back")
    func away() throws {
      let server = try server { connection in
        guard connection.number == 1 else { return false }
        connection.answer(
          "500 Internal Server Error", Array("Could not enable tracing: tracing is already enabled\n".utf8))
        return true
      }
      let shown = try run(["http://127.0.0.1:\(server.port)?seconds=0.1", "--json", "-n", "20", "-d", "0.01"])
      #expect(shown.ending == .code(0), "\(shown.errors)")
      let lines = shown.errors.split(separator: "\n")
      #expect(
        lines.count == 2 && lines[0].contains("traced by somebody else") && lines[0].contains("trying again"))
      #expect(lines.last?.contains("traces come again") == true, "\(shown.errors)")
      let longest = try objects(shown.output).compactMap { frame -> Int? in
        guard let gap = frame["gap"] as? [String: Int], let from = gap["from_ns"], let to = gap["to_ns"]
        else { return nil }
        return to - from
      }.max()
      #expect(longest ?? 0 > 900_000_000, "the pause before the second attempt is a gap")
    }

    @Test("a server that answers at once, with what cannot be read, is asked ever more seldom")
    func unreadable() throws {
      let requests = Mutex(0)
      let server = try ScriptedServer { connection in
        _ = connection.request()
        let isFirst = requests.withLock { count in
          count += 1
          return count == 1
        }
        connection.answer("200 OK", isFirst ? Self.bytes : Array("go 1.21 trace\0\0\0".utf8))
      }
      let folder = try TemporaryFolder()
      let recorded = try run([
        "record", "http://127.0.0.1:\(server.port)?seconds=0.1", "-o", "\(folder.path)/a.rec", "--for", "3s",
      ])
      #expect(recorded.ending == .code(0) && recorded.errors.contains("trying again"), "\(recorded.errors)")
      // One that can be read, and after the first that cannot: after 1 and 2 s. One more may be under way each time.
      #expect((2...5).contains(requests.withLock { $0 }))
    }

    @Test("at the start each mistake is one line with the cure, and a documented code")
    func mistakes() throws {
      let server = try server()
      let base = "http://127.0.0.1:\(server.port)"
      let free = try LoopbackSocket.freePort()
      let cases: [(words: [String], code: Int32, mentions: String)] = [
        (["\(base)/nothing", "-b"], 3, "import net/http/pprof"),
        (["http://127.0.0.1:\(free)", "-b"], 2, "refused"),
        (["http://no-such-host.invalid:6060", "-b"], 2, "cannot find the host"),
        (["https://127.0.0.1:6060", "-b"], 64, "ssh -L"),
        (["http://127.0.0.1:6060?seconds=x", "-b"], 64, "0.1 to 60"),
        (["replay", base], 64, "mpgtop \(base)"),
        (["serve", base, "--prometheus", "127.0.0.1:0"], 64, "curl"),
        ([base, "--self-test"], 64, "--self-test"), ([base, "-b", "--ssh", "a"], 64, "ssh -L"),
        (["record", base, "-o", "/tmp/never.rec", "--ssh", "a"], 64, "ssh -L"),
        (["why", base, "--ssh", "a"], 64, "ssh -L"), (["why", base, "--post-mortem"], 64, "--post-mortem"),
        (["stacks", base], 64, "curl"),
      ]
      for mistake in cases {
        expectComplaint(try run(mistake.words), of: "mpgtop", code: mistake.code, mentions: mistake.mentions)
      }
      let other = try ScriptedServer { connection in
        _ = connection.request()
        connection.send("220 mail.example.org ESMTP\r\n".utf8)
      }
      expectComplaint(
        try run(["http://127.0.0.1:\(other.port)", "-b"]), of: "mpgtop", code: 4,
        mentions: "does not speak HTTP")
    }
  }
}
