// Go's own tools on what is made here: cut traces, scrubbed ones, profiles. `make test-go-traces` has these tools.
import Foundation
import TestSupport
import Testing

@testable import GoTrace

@Suite(
  "What Go's own tools say of copies and profiles",
  .enabled(if: GoTools.shared != nil, "there is no Go: make test-go-traces installs it"))
struct GoToolTests {
  @Test("they open the copy of each stretch, and say of it what our reader says", arguments: KeptTrace.all)
  func cut(_ trace: KeptTrace) throws {
    let tools = try #require(GoTools.shared)
    let bytes = try trace.bytes
    let heard = try Heard(bytes)
    let (first, last) = (try #require(heard.events.first).time, try #require(heard.events.last).time)
    let length = UInt64(last - first)
    for (from, to) in [
      (0, UInt64.max), (length / 3, .max), (length / 5, length * 3 / 5), (length * 7 / 8, .max),
    ] {
      let copy = try CutTests.Cut(bytes, from: from, to: to)
      guard copy.events > 0 else { continue }
      let again = try Heard(copy.bytes, isStrict: true)
      #expect(try tools.truth(copy.bytes) == TruthTests.said(again).sorted(), "\(from) to \(to)")
      try tools.parse(copy.bytes)
    }
  }

  @Test("they open a scrubbed trace, and say of it what they say of the trace", arguments: KeptTrace.all)
  func scrubbed(_ trace: KeptTrace) throws {
    let tools = try #require(GoTools.shared)
    let copy = try ScrubTests.scrubbed(try trace.bytes).bytes
    #expect(try tools.truth(copy) == TruthTests.normal(try trace.truth))
    try tools.parse(copy)
  }

  @Test(
    "go tool pprof reads our profiles, and their sums are those of go tool trace's", arguments: KeptTrace.all)
  func profiles(_ trace: KeptTrace) throws {
    let tools = try #require(GoTools.shared)
    for (kind, line) in try trace.profiles {
      // A G that C calls into has the number of the one before it. Of these go tool trace counts the last only.
      if trace.description.hasPrefix("callbacks"), kind == .sched || kind == .syscall { continue }
      let profile = try ProfileTests.profile(
        kind, of: TraceReader(TraceInput(path: trace.path)), countsFirstWait: false)
      let raw = try tools.pprof(profile.pprof(time: 1_700_000_000_000_000_000, duration: 1_000_000))
      var (count, time): (UInt64, Int64) = (0, 0)
      for match in raw.matches(of: #/(?m)^ *(\d+) +(\d+): /#) {
        (count, time) = (count + (UInt64(match.1) ?? 0), time + (Int64(match.2) ?? 0))
      }
      #expect("\(line.split(separator: " ")[0]) \(count) \(time)" == line, "\(raw.prefix(300))")
    }
  }
}

/// The tools of a Go toolchain, which scripts/go_traces.sh leaves beside the traces.
struct GoTools: Sendable {
  private let folder: String
  private let environment: [String: String?]

  static let shared: GoTools? = {
    guard let folder = ProcessInfo.processInfo.environment["MPG_GO_TRACES"],
      let root = try? String(contentsOfFile: "\(folder)/goroot", encoding: .utf8)
    else { return nil }
    let path = root.trimmingCharacters(in: .whitespacesAndNewlines)
    return GoTools(folder: folder, environment: ["GOROOT": path, "GOTOOLCHAIN": "local", "GOFLAGS": ""])
  }()

  private func run(_ words: [String], on bytes: [UInt8]) throws -> String {
    let place = try TemporaryFolder()
    let path = "\(place.path)/file"
    try Data(bytes).write(to: URL(filePath: path))
    let done = try Program.run(Command(words: words + [path], environment: environment))
    #expect(done.ending == .code(0), "\(words): \(done.errors.prefix(500))")
    return done.output
  }

  private var go: String { "\((environment["GOROOT"] ?? "") ?? "")/bin/go" }

  /// What Go's reader says of a trace.
  func truth(_ trace: [UInt8]) throws -> [String] {
    TruthTests.normal(try run(["\(folder)/truth"], on: trace).split(separator: "\n").map(String.init))
  }

  /// Lets `go tool trace` read a trace.
  func parse(_ trace: [UInt8]) throws {
    #expect(try run([go, "tool", "trace", "-d=parsed"], on: trace).contains("StateTransition"))
  }

  func pprof(_ profile: [UInt8]) throws -> String { try run([go, "tool", "pprof", "-raw"], on: profile) }
}
