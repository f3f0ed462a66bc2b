// `mpgtop http://host:port` on real programs: one trace after the other by net/http/pprof.
import Foundation
import TestSupport
import Testing

@testable import GoAttach

@Suite(
  "mpgtop on Go programs by their traces", .serialized, .enabled(if: GoBuild.isThere && GoBuild.hasViewer))
struct FollowTests {
  /// Traces before Go 1.22 have another form.
  private static let some = GoBuild.all.filter { $0.way == "default" && !$0.version.hasPrefix("1.21.") }

  private func run(_ words: String...) throws -> Finished {
    try Program.run(Command(words: [Built.mpgtop] + words))
  }

  private func objects(_ output: String) throws -> [[String: Any]] {
    try output.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  @Test("its Gs are there in each trace, and between two is a gap that time passes over", arguments: some)
  func followed(_ build: GoBuild) throws {
    let crowd = try Crowd(build, "-receive 20 -sleep 3")
    let shown = try run("http://127.0.0.1:\(crowd.port)?seconds=0.2", "--json", "-n", "8", "-d", "0.2")
    #expect(shown.ending == .code(0) && shown.errors == "", "\(shown.errors)")
    let frames = try objects(shown.output)
    #expect(frames.count == 8)
    for frame in frames {
      let gs = try #require(frame["gs"] as? [String: Any])
      #expect(gs["live"] as? Int ?? 0 >= 24, "\(gs)")
    }
    let gaps = frames.compactMap { $0["gap"] as? [String: Int] }
    #expect(gaps.count >= 2 && gaps.allSatisfy { ($0["from_ns"] ?? 0) < ($0["to_ns"] ?? 0) }, "\(gaps)")
    // Times are those of this machine's monotonic clock.
    let now = Int(monotonic())
    let last = try #require(frames.last?["t_ns"] as? Int)
    #expect(last <= now && now - last < 120_000_000_000)
  }

  private func monotonic() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  @Test("who traces it already is told of, and a recording of it has gaps", arguments: some.suffix(1))
  func others(_ build: GoBuild) throws {
    let crowd = try Crowd(build, "-receive 5")
    let address = "http://127.0.0.1:\(crowd.port)"
    let other = try Program(
      Command("curl", "-sS", "-o", "/dev/null", address + "/debug/pprof/trace?seconds=30"))
    let refused = try eventually("the other one traces") {
      let finished = try run(address + "?seconds=0.1", "-b", "-n", "1")
      return finished.ending == .code(3) ? finished : nil
    }
    #expect(refused.errors.contains("traced by somebody else"), "\(refused.errors)")
    other.signal(SIGKILL)
    try other.wait()
    let folder = try TemporaryFolder()
    let recorded = try eventually("the program can be traced again") {
      let finished = try run("record", address + "?seconds=0.2", "-o", folder.path + "/a.rec", "--for", "2s")
      return finished.ending == .code(0) ? finished : nil
    }
    #expect(recorded.errors.contains("the time is over"))
    let frames = try objects(try run("replay", folder.path + "/a.rec", "--json", "-d", "0.1").output)
    #expect(frames.contains { $0["gap"] is [String: Any] })
  }
}
