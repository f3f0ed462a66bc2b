// `mpgtop replay` and `mpgtop why` on execution traces of Go.
import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Go traces") struct GoTraceTests {
    private static let fixtures =
      URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
      + "/GoTraceTests/Fixtures"
    private static let trace = fixtures + "/every-1.27.3.trace"

    private func mpgtop(_ words: String...) throws -> Finished {
      var command = Command()
      command.words = [Built.mpgtop] + words
      return try Program.run(command)
    }

    /// Runs a shell line, in which `$MPGTOP` is the program.
    private func shell(_ line: String) throws -> Finished {
      var command = Command(environment: ["MPGTOP": Built.mpgtop])
      command.words = ["sh", "-c", line]
      return try Program.run(command)
    }

    private func objects(_ output: String) throws -> [[String: Any]] {
      try output.split(separator: "\n").map {
        try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
      }
    }

    @Test("a trace is replayed in every form, from a file, packed, by a pipe, and from a folder")
    func forms() throws {
      let json = try mpgtop("replay", Self.trace, "--json", "-d", "0.01")
      #expect(json.ending == .code(0) && json.errors == "", "\(json.errors)")
      let frames = try objects(json.output)
      #expect(frames.count > 3)
      let last = try #require(frames.last)
      #expect(last["pid"] is NSNull && last["grq"] is NSNull && last["consistent"] as? Bool == true)
      #expect(last["name"] as? String == "every-1.27.3.trace")
      let gs = try #require(last["gs"] as? [String: Any])
      #expect(gs["live"] as? Int ?? 0 > 5)
      #expect(
        try shell("gzip -c \(Self.trace) | $MPGTOP replay - --json -d 0.01").output.contains("\"procs\""))
      let packed = try shell(
        "gzip -c \(Self.trace) >/dev/shm/t.$$.gz; $MPGTOP replay /dev/shm/t.$$.gz -b -n 1; rm /dev/shm/t.$$.gz"
      )
      #expect(packed.ending == .code(0) && packed.output.contains("Gs "))
      for words in [["-b"], ["--csv"], ["--schedtrace"], ["--a11y"]] {
        let shown = try shell("$MPGTOP replay \(Self.fixtures)/flight \(words[0]) -n 2")
        #expect(
          shown.ending == .code(0) && !shown.output.isEmpty && shown.errors == "", "\(words) \(shown.errors)")
      }
    }

    @Test("of a trace that is cut off, what is whole is shown with a warning; --strict refuses it")
    func damage() throws {
      let folder = try TemporaryFolder()
      let cut = folder.path + "/cut.trace"
      let bytes = try Data(contentsOf: URL(filePath: Self.trace))
      try bytes.dropLast(1).write(to: URL(filePath: cut))
      let shown = try mpgtop("replay", cut, "--json", "-n", "1")
      #expect(shown.ending == .code(0) && shown.errors.contains("is damaged"), "\(shown.errors)")
      #expect(shown.errors.split(separator: "\n").count == 1)
      let strict = try mpgtop("replay", cut, "--json", "-n", "1", "--strict")
      #expect(strict.ending == .code(4) && strict.output == "", "\(strict.errors)")
      try Data("go 1.11 trace\0\0\0".utf8).write(to: URL(filePath: cut))
      let old = try mpgtop("replay", cut, "-b")
      #expect(old.ending == .code(4) && old.errors.contains("1.11"), "\(old.errors)")
    }

    @Test("why a G waited, and where the time of user tasks went")
    func why() throws {
      let one = try mpgtop("why", Self.trace, "-g", "1", "--json")
      #expect(one.ending == .code(0) && one.errors == "", "\(one.errors)")
      for chain in try objects(one.output) {
        let hops = try #require(chain["hops"] as? [[String: Any]])
        #expect(hops.reduce(0) { $0 + ($1["duration_ns"] as? Int ?? 0) } == chain["duration_ns"] as? Int)
      }
      let tasks = try mpgtop("why", Self.trace, "--requests", "100", "--json")
      let spans = try objects(tasks.output)
      let requests = spans.filter { $0["label"] as? String == "request" }
      #expect(requests.count == 3, "\(tasks.output)")
      // Each sleeps a millisecond longer than the one before.
      #expect(requests.allSatisfy { $0["duration_ns"] as? Int ?? 0 > 1_000_000 })
      let number = try #require(requests.first?["span"] as? Int)
      let walk = try mpgtop("why", Self.trace, "--request", "\(number)")
      #expect(walk.ending == .code(0) && walk.output.contains("request"), "\(walk.errors)")
      #expect(try mpgtop("why", "--replay", Self.trace, "--slowest", "2").output.contains("why: "))
    }
  }
}
