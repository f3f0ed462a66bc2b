// A process that runs another program than the one that was attached to: it has executed one, or its pid was given to
// another. The addresses that are known then lie anywhere, so nothing more may be read by them.
import Foundation
import TestSupport
import Testing

@testable import GoAttach
@testable import Host
@testable import Observed

@Suite("Go programs that are replaced", .serialized, .enabled(if: GoBuild.isThere))
struct ReplacedTests {
  private static let some = Array(GoBuild.plain.suffix(2))

  /// Lets a crowd become another program while it is looked at.
  ///
  /// - Returns: the source, and its last look at the crowd.
  private func replaced(_ crowd: Crowd, by words: [String]) throws -> (GoSource, Snapshot) {
    let source = try GoSource(pid: crowd.pid)
    let last = try source.snapshot()
    #expect(try source.ending() == nil && last.sampled?.waits?["chan receive"] == 100)
    let query = words.map { "word=" + $0 }.joined(separator: "&")
    // Nobody answers: what would answer is no more.
    #expect(throws: Broken.self) { try crowd.get("/execute?\(query)") }
    return (source, last)
  }

  @Test(
    "A program that executes another one, of Go or not, is over, and its last look stays", arguments: some)
  func executed(_ build: GoBuild) throws {
    let other = try #require(GoBuild.all.first { $0.path != build.path })
    for words in [["/bin/sleep", "60"], [other.path, "-receive", "7"]] {
      let crowd = try Crowd(build, "-receive 100 -storm 2")
      let (source, last) = try replaced(crowd, by: words)
      let look = try source.snapshot()
      #expect(look == last)
      #expect(try source.ending() == .told("it executes another program now"))
      #expect(throws: InspectorError.gone(pid: crowd.pid, .told("it executes another program now"))) {
        try source.stacks()
      }
      #expect(try source.goroutines(breathe: {}, isCalledAway: { false }) == nil)
    }
  }

  @Test("So is one that executes its own file anew, as servers do to be upgraded", arguments: some)
  func executedAnew(_ build: GoBuild) throws {
    let crowd = try Crowd(build, "-receive 100 -storm 2")
    let (source, last) = try replaced(crowd, by: [build.path, "-receive", "7", "-storm", "2"])
    #expect(try source.snapshot() == last)
    #expect(try source.ending() == .told("it executes its program anew"))
    // Whoever attaches anew sees the new one.
    try eventually("the new program is ready") {
      (try? GoSource(pid: crowd.pid).snapshot())?.sampled?.waits?["chan receive"] == 7
    }
  }

  @Test("A viewer that watches it says so, and ends", .enabled(if: GoBuild.hasViewer), arguments: some)
  func viewer(_ build: GoBuild) throws {
    let crowd = try Crowd(build, "-receive 100 -storm 2")
    let viewer = try Program(Command(Built.mpgtop, "--json", "-d", "0.2", "\(crowd.pid)"))
    try eventually("it is watched") { viewer.output.contains("\n") }
    #expect(throws: Broken.self) {
      try crowd.get("/execute?word=\(build.path)&word=-receive&word=7")
    }
    #expect(try viewer.wait() == .code(5))
    #expect(viewer.errors.contains("it executes its program anew"), "\(viewer.errors)")
    // No frame shows the new program's numbers under the old one's name.
    let frames = viewer.output.split(separator: "\n")
    #expect(frames.count >= 2 && frames.allSatisfy { $0.contains(#""chan receive":100"#) })
  }

  /// The last pid that was given in this pid namespace; the next one is the next that is free.
  private static let lastPID = "/proc/sys/kernel/ns_last_pid"
  private static let canChoosePID = unsafe access(lastPID, W_OK) == 0

  @Test(
    "A process that got the same pid is another one", .enabled(if: canChoosePID),
    arguments: some)
  func pidAgain(_ build: GoBuild) throws {
    let crowd = try Crowd(build, "-receive 100")
    let source = try GoSource(pid: crowd.pid)
    let last = try source.snapshot()
    crowd.program.signal(SIGKILL)
    try crowd.program.wait()
    // Others may take the pid, or the next one, meanwhile.
    var next: Program?
    for _ in 0..<200 where next?.pid != crowd.pid {
      try "\(crowd.pid - 1)".write(toFile: Self.lastPID, atomically: false, encoding: .utf8)
      next = try Program(Command(build.path, "-receive", "7"))
    }
    try #require(next?.pid == crowd.pid)
    try eventually("the other runs") { GoProcess(pid: crowd.pid) != nil }
    #expect(try source.ending() == .told("ended; a Go program leaves no word of how"))
    #expect(try source.snapshot() == last)
  }
}
