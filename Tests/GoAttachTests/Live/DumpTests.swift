// Goroutines beside the program's own profile of them: /debug/pprof/goroutine?debug=2.
import Foundation
import TestSupport
import Testing

@testable import GoAttach
@testable import Observed

/// One goroutine as the profile tells it.
private struct Told: Equatable {
  var reason: String
  var creator: String?
  var parent: UInt64?

  static func all(_ text: String) -> [UInt64: Told] {
    var all: [UInt64: Told] = [:]
    for block in text.split(separator: "\n\n") {
      guard
        let head = block.firstMatch(of: #/^\s*goroutine (\d+)(?: gp=\S+ m=\S+(?: mp=\S+)?)? \[([^\]]*)\]/#),
        let id = UInt64(head.1)
      else { continue }
      var told = Told(reason: String(head.2.split(separator: ",").first ?? ""), creator: nil, parent: nil)
      if let made = block.firstMatch(of: #/created by (\S+?)(?: in goroutine (\d+))?\n/#) {
        (told.creator, told.parent) = (String(made.1), made.2.flatMap { UInt64($0) })
      }
      all[id] = told
    }
    return all
  }
}

@Suite("Beside the goroutine profile", .serialized, .enabled(if: GoBuild.isThere))
struct DumpTests {
  /// What the profile says of those that are about to run, such as the one that accepts the profile's own connection.
  private static let moving: Set = ["running", "runnable", "syscall"]

  private static let options =
    "-receive 100 -send 50 -select 50 -sleep 30 -mutex 20 -group 20 -cond 10 -read 30 -wired 3 -call 3 -label 5"

  @Test(
    "States, reasons, creators and parents of parked goroutines are the profile's", arguments: GoBuild.all)
  func everyGoroutine(_ build: GoBuild) throws {
    let crowd = try Crowd(build, Self.options)
    let program = try GoProgram(pid: crowd.pid)
    var reader = GoroutineReader(program.memory, program.layout, program.variables) {
      program.tables.isSystem(start: $0)
    }
    let told = Told.all(try crowd.get("/debug/pprof/goroutine?debug=2"))
    try reader.read(at: 1)
    let seen = reader.gs.filter { !$0.isDead && !$0.isSystem && $0.status == 4 }
    var compared = 0
    for g in seen {
      // A goroutine of the server's may be gone since, or parked since.
      guard let told = told[g.id], !Self.moving.contains(told.reason) else { continue }
      #expect(told.reason == program.reasons[g.reason], "G\(g.id)")
      if let creator = told.creator {
        #expect(program.tables.name(at: g.creator) == creator, "G\(g.id)")
        #expect(told.parent == g.parent, "G\(g.id)")
      }
      compared += 1
    }
    #expect(compared >= 314)
    print("go-table \(build) profile \(compared) goroutines equal")
  }

  /// The frames of each goroutine as the profile tells them: `function file:line`, the innermost first.
  static func frames(_ text: String) -> [UInt64: [String]] {
    var all: [UInt64: [String]] = [:]
    for block in text.split(separator: "\n\n") {
      let lines = block.split(separator: "\n")
      guard let id = lines.first?.firstMatch(of: #/^goroutine (\d+) /#).flatMap({ UInt64($0.1) }) else {
        continue
      }
      var (frames, place): ([String], Int) = ([], 1)
      while place + 1 < lines.count, !lines[place].hasPrefix("created by ") {
        // `net.(*netFD).Read(0xc000112000, {0xc000180000?, …})`: the arguments are in the last brackets.
        let function = lines[place].prefix(
          upTo: lines[place].range(of: "(", options: .backwards)?.lowerBound ?? lines[place].endIndex)
        let name = lines[place].hasSuffix("(...)") ? lines[place].dropLast(5) : function
        let location = lines[place + 1].split(separator: " ").first.map { $0.drop { $0 == "\t" } } ?? ""
        frames.append("\(name) \(location)")
        place += 2
      }
      all[id] = frames
    }
    return all
  }

  @Test("All frames of parked goroutines, with the inlined ones, are the profile's", arguments: GoBuild.all)
  func everyFrame(_ build: GoBuild) throws {
    let crowd = try Crowd(build, Self.options)
    let source = try GoSource(pid: crowd.pid)
    let told = Self.frames(try crowd.get("/debug/pprof/goroutine?debug=2"))
    let (goroutines, stacks) = try source.stacks()
    var cache = GoFrameCache(source.program.tables)
    var (compared, inlined, differences): (Int, Int, [String]) = (0, 0, [])
    for goroutine in goroutines where goroutine.state != "running" && goroutine.state != "runnable" {
      guard let told = told[goroutine.id], case .stack(let number) = goroutine.stack else { continue }
      let frames = cache.shownFrames(of: stacks.distinct[number])
      let seen = frames.map { "\($0.function) \($0.file ?? "?"):\($0.line ?? 0)" }
      if seen != told { differences.append("G\(goroutine.id) \(goroutine.state): \(seen) but \(told)") }
      (compared, inlined) = (compared + 1, inlined + frames.count { $0.isInlined })
    }
    #expect(differences.isEmpty, "\(differences.prefix(3))")
    #expect(compared >= 315 && inlined > 20)
    let labelled = goroutines.filter { $0.labels.contains { $0 == ("part", "crowd") } }
    #expect(labelled.count == (source.program.version.minor >= 24 ? 5 : 0))
    if !labelled.isEmpty { print("go-table \(build) shows labels") }
    #expect(goroutines.count { $0.remarks == ["locked to thread"] } == 3)
    print(
      "go-table \(build) stacks: \(compared - differences.count) of \(compared) equal, \(inlined) inlined frames"
    )
  }

  @Test("The number of goroutines is NumGoroutine's, within what moved meanwhile", arguments: GoBuild.all)
  func numberOfGoroutines(_ build: GoBuild) throws {
    let crowd = try Crowd(build, Self.options)
    let source = try GoSource(pid: crowd.pid)
    let before = try source.snapshot()
    let text = try crowd.get("/numbers")
    let after = try source.snapshot()
    let told = try #require(
      text.split(separator: "\n").first { $0.hasPrefix("goroutines ") }?.split(separator: " ").last)
    // The server has a goroutine for the connection, and one that reads it in the background.
    let number = try #require(Int(told))
    #expect(
      (before.gs.live...after.gs.live + 3).contains(number), "\(before.gs.live) \(number) \(after.gs.live)")
    #expect(before.gs.syscall == 3 && before.gs.live >= 322)
    #expect(before.procs > 0 && before.ps.count == before.procs && !before.isConsistent)
  }
}
