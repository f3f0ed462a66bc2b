// mpgtop itself on a Go program: every command that takes a process.
import Foundation
import TestSupport
import Testing

@testable import GoAttach

@Suite("mpgtop on Go programs", .serialized, .enabled(if: GoBuild.isThere && GoBuild.hasViewer))
struct CommandTests {
  private static let some = GoBuild.plain.suffix(2)

  private func run(_ words: String...) throws -> Finished {
    try Program.run(Command(words: [Built.mpgtop] + words))
  }

  @Test(
    "It is listed with its version, found by number and by name, and shown as text and JSON", arguments: some)
  func shown(_ build: GoBuild) throws {
    // Under a name of its own, since other tests run the same program meanwhile.
    let folder = try TemporaryFolder()
    let name = "shown-\(build)-\(ProcessInfo.processInfo.processIdentifier)"
    try FileManager.default.copyItem(atPath: build.path, toPath: "\(folder.path)/\(name)")
    let own = GoBuild(path: "\(folder.path)/\(name)", version: build.version, way: build.way)
    let crowd = try Crowd(own, "-receive 20 -storm 2 -read 5")
    let list = try run("-l")
    let line = list.output.split(separator: "\n").first { $0.contains(" \(crowd.pid) ") }
    #expect(line?.contains("live, go\(build.version)") == true, "\(list.output)")
    for word in ["\(crowd.pid)", name] {
      let shown = try run("-b", "-n", "2", "-d", "0.5", word)
      #expect(shown.ending == .code(0) && shown.output.contains("sampled"), "\(shown)")
    }
    let json = try run("--json", "-n", "3", "-d", "0.5", "\(crowd.pid)")
    let last = try #require(json.output.split(separator: "\n").last)
    let frame = try #require(try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any])
    let sampled = try #require(frame["sampled"] as? [String: Any])
    #expect((sampled["waits"] as? [String: Int])?["chan receive"] == 20)
    #expect(frame["consistent"] as? Bool == false && (sampled["looks"] as? Int ?? 0) > 0)
    let steals = (frame["ps"] as? [[String: Any]])?.map { $0["steals_in"] is NSNull }
    #expect(steals?.allSatisfy { $0 } == true)
  }

  @Test("Stacks are printed in every form, and doctor finds nothing wrong", arguments: some)
  func stacks(_ build: GoBuild) throws {
    let crowd = try Crowd(build, "-receive 20 -sleep 3")
    let text = try run("stacks", "\(crowd.pid)")
    #expect(text.output.contains("[chan receive]:\nmain.receive(...)\n"), "\(text)")
    #expect(text.output.contains("created by main.start in goroutine 1"))
    let folded = try run("stacks", "\(crowd.pid)", "--flame").output
    #expect(
      folded.split(separator: "\n").contains { $0.hasSuffix(" 20") && $0.contains("main.receive") },
      "\(folded)")
    let lines = try run("stacks", "\(crowd.pid)", "--json").output.split(separator: "\n")
    let frames = lines.compactMap { try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
    #expect(frames.count == lines.count && frames.count >= 24)
    let folder = try TemporaryFolder()
    let profile = try run("stacks", "\(crowd.pid)", "--pprof", "-o", "\(folder.path)/profile")
    #expect(profile.ending == .code(0))
    #expect(try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/profile")).starts(with: [0x1F, 0x8B]))
    let doctor = try run("doctor", "\(crowd.pid)")
    #expect(doctor.ending == .code(0) && !doctor.output.contains("no "), "\(doctor)")
  }

  @Test("It is recorded and replayed, and its end is told", arguments: some)
  func recorded(_ build: GoBuild) throws {
    let crowd = try Crowd(build, "-receive 20 -storm 1")
    let folder = try TemporaryFolder()
    let record = try run("record", "\(crowd.pid)", "-o", "\(folder.path)/go.rec", "--for", "2s")
    #expect(record.ending == .code(0), "\(record)")
    let replay = try run("replay", "\(folder.path)/go.rec", "--json", "-n", "2")
    #expect(replay.ending == .code(0) && replay.output.contains(#""chan":20"#), "\(replay)")
    let why = try run("why", "\(crowd.pid)")
    #expect(why.errors.contains("no events"))
    let watching = try Program(Command(Built.mpgtop, "--json", "-d", "0.2", "\(crowd.pid)"))
    try eventually("it is watched") { watching.output.contains("\n") }
    crowd.program.signal(SIGKILL)
    #expect(try watching.wait() == .code(5))
    #expect(watching.errors.contains("is gone") && watching.output.contains(#""ended":"ended; a Go program"#))
  }

  @Test(
    "It is started as a child and watched from its beginning, and its exit code is mpgtop's", arguments: some)
  func started(_ build: GoBuild) throws {
    let folder = try TemporaryFolder()
    let log = "\(folder.path)/log"
    let done = try run(
      "run", "--json", "-n", "3", "-d", "0.3", "-o", log, "--", build.path, "-receive", "20", "-sleep", "2")
    #expect(done.ending == .code(0), "\(done)")
    let last = try #require(done.output.split(separator: "\n").last)
    #expect(last.contains(#""name":"\#(build)""#) && last.contains(#""chan receive":20"#), "\(last)")
    #expect(contents(of: log).hasPrefix("ready "))
    let failed = try run("run", "-b", "-o", log, "--", build.path, "-no-such-flag")
    #expect(failed.ending == .code(2) && failed.errors.contains("exited with code 2"), "\(failed)")
    #expect(contents(of: log).contains("flag provided but not defined"))
  }

  @Test("A process that is no target is refused in words, with a code of its own")
  func refused() throws {
    let sleep = try Program(Command("sleep", "60"))
    let shown = try run("-b", "-n", "1", "\(sleep.pid)")
    #expect(shown.ending == .code(3) && shown.errors.contains("was not built by Go"), "\(shown)")
    let stacks = try run("stacks", "\(sleep.pid)")
    #expect(stacks.ending == .code(3))
  }
}
