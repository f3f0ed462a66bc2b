// Attaching to programs of every version and of every way of building.
import Foundation
import TestSupport
import Testing

@testable import GoAttach

@Suite("Attaching to Go programs", .serialized, .enabled(if: GoBuild.isThere))
struct AttachTests {
  @Test("Each program is understood, from the source of offsets that it has", arguments: GoBuild.all)
  func attach(_ build: GoBuild) throws {
    let crowd = try Crowd(build, "-receive 20 -storm 2 -wired 2 -hog 1")
    let program = try GoProgram(pid: crowd.pid)
    #expect(
      program.version.description == "go\(build.version)"
        || program.version.description.hasPrefix("go\(build.version) "))
    #expect(program.origin == (build.hasDWARF ? .dwarf : .descriptors))
    #expect(program.isStripped == build.isStripped)
    #expect(program.reasons.words.count > 25 && program.reasons.words.contains("chan receive"))
  }

  @Test(
    "Type descriptors, the table and the search say what DWARF and the symbols say",
    arguments: GoBuild.all.filter(\.hasDWARF))
  func sourcesAgree(_ build: GoBuild) throws {
    let crowd = try Crowd(build, "-receive 20 -storm 2 -wired 2 -read 3")
    let best = try GoProgram(pid: crowd.pid)
    let other = try GoProgram(pid: crowd.pid, .init(ignoresDWARF: true, ignoresSymbols: true))
    #expect(other.layout.origin == .descriptors && best.layout.origin == .dwarf)
    #expect(other.layout.p == best.layout.p)
    #expect(other.layout.m == best.layout.m)
    #expect(other.layout.g == best.layout.g)
    #expect(other.layout.scheduler == best.layout.scheduler)
    #expect(other.variables.allp == best.variables.allp && other.variables.allm == best.variables.allm)
    #expect(other.variables.allgs == best.variables.allgs && other.variables.sched == best.variables.sched)
    #expect(other.variables.waitReasons == best.variables.waitReasons)
    #expect(other.reasons.words.starts(with: best.reasons.words))
    #expect(other.module == best.module)
  }

  @Test("A process that is no Go program is none")
  func notGo() throws {
    let sleep = try Program(Command("sleep", "60"))
    try eventually("sleep runs") {
      ProcessInfo.processInfo.processIdentifier != sleep.pid && name(of: sleep.pid) == "sleep"
    }
    #expect(throws: GoRefusal.notGo) { try GoProgram(pid: sleep.pid) }
    #expect(throws: GoRefusal.memory(.gone)) { try GoProgram(pid: 0x3FFF_FFF0) }
  }

  private func name(of pid: Int32) -> String {
    contents(of: "/proc/\(pid)/comm").trimmingCharacters(in: .whitespacesAndNewlines)
  }

  @Test(
    "A program that is stopped is read all the same, and is still stopped afterwards",
    arguments: GoBuild.all.prefix(1))
  func stopped(_ build: GoBuild) throws {
    let crowd = try Crowd(build, "-receive 20 -storm 2")
    crowd.program.signal(SIGSTOP)
    try eventually("it is stopped") { state(of: crowd.pid) == "T" }
    let source = try GoSource(pid: crowd.pid)
    #expect(try source.snapshot().gs.live > 20)
    #expect(state(of: crowd.pid) == "T")
    crowd.program.signal(SIGCONT)
  }

  private func state(of pid: Int32) -> Substring {
    contents(of: "/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ").first ?? ""
  }
}
