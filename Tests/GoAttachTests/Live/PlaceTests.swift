// Where goroutines stand and since when, and what is found of them, on programs that run.
import Foundation
import TestSupport
import Testing

@testable import GoAttach
@testable import Observed

@Suite(
  "Places, ages and findings of Go programs", .serialized, .enabled(if: GoBuild.isThere && GoBuild.hasViewer))
struct PlaceTests {
  private static let some = GoBuild.plain.suffix(2)

  private func rows(_ source: GoSource) throws -> [GoroutineRow] {
    try source.goroutines(breathe: {}, isCalledAway: { false }) ?? []
  }

  @Test(
    "Each goroutine stands in the program's own code, its labels are known, and one that is gone is gone",
    arguments: some)
  func places(_ build: GoBuild) throws {
    let crowd = try Crowd(build, "-receive 20 -label 3 -hog 1 -wired 2")
    let source = try GoSource(pid: crowd.pid)
    let ids = try rows(source).map(\.id)
    let stacks = try #require(try source.stacks(of: .some(ids + [1 << 40])))
    #expect(stacks.outcomes[1 << 40] == .gone && stacks.outcomes.count == ids.count + 1)
    let own = ids.compactMap { stacks[$0]?.own?.text }
    #expect(own.count { $0.hasPrefix("main.receive at main.go:") } == 20)
    #expect(own.allSatisfy { $0.hasPrefix("main.") }, "\(own)")
    #expect(stacks.distinct.flatMap(\.frames).contains { $0.function == "main.receive" && $0.isInlined })
    // The one that computes, and nothing else, has no stack.
    #expect(ids.count { stacks.outcomes[$0] == .running } <= 1)
    let labels = stacks.labels.values.filter { $0.contains("part=crowd") && $0.contains("kind=labelled") }
    #expect(labels.count == (source.program.version.minor >= 24 ? 3 : 0))
    let all = try #require(try source.stacks(of: .all))
    #expect(all[1]?.frames.last?.function == "main.main" && all.outcomes.count >= ids.count - 2)
    let ms = try source.snapshot().ms
    #expect(ms.compactMap(\.locked).count == 2 && ms.allSatisfy { $0.isLockedBusy != true })
  }

  @Test(
    "A goroutine that ran and waits again at the same place is as old as that; others stay as old as they are",
    arguments: some)
  func ages(_ build: GoBuild) throws {
    let crowd = try Crowd(build, "-receive 5")
    let source = try GoSource(pid: crowd.pid)
    let before = Dictionary(uniqueKeysWithValues: try rows(source).map { ($0.id, $0) })
    // The server accepts this connection, and waits for the next one.
    _ = try crowd.get("/numbers")
    let after = try rows(source)
    let server = try #require(after.first { $0.id == 1 })
    #expect(server.state == .waiting && server.since > before[1]?.since ?? .max)
    for row in after where row.reason == .chanReceive && before[row.id] != nil {
      #expect(row.since == before[row.id]?.since, "G\(row.id)")
    }
  }

  @Test(
    "A convoy, and bytes that nobody reads, are found, and why tells of a goroutine what is known",
    arguments: some)
  func findings(_ build: GoBuild) throws {
    let crowd = try Crowd(build, "-mutex 30 -unread 2 -receive 3")
    // Where the machine has much to do, tables are read seldom, and a finding needs several of them.
    let watching = try Program(Command(Built.mpgtop, "--json", "-d", "1", "\(crowd.pid)"))
    for words in [
      "30 Gs wait for sync.Mutex.Lock in main.main.func2 at main.go:", "the same 1,000 bytes lay in fd ",
    ] {
      try eventually("\(words)", within: 90) { watching.output.contains(words) }
    }
    watching.signal(SIGTERM)
    let source = try GoSource(pid: crowd.pid)
    let g = try #require(try rows(source).first { $0.reason == .mutex }).id
    let why = try Program.run(Command(Built.mpgtop, "why", "\(crowd.pid)", "-g", "\(g)", "--for", "1s"))
    for part in [
      "G\(g) waits for sync.Mutex.Lock, for at least ", "main.start at main.go:", "    main.main.func2  ",
      "30 Gs spawned by main.start", "who holds a lock is in no memory",
    ] {
      #expect(why.output.contains(part), "\(part): \(why)")
    }
    let gone = try Program.run(Command(Built.mpgtop, "why", "\(crowd.pid)", "-g", "999999", "--for", "200ms"))
    #expect(gone.ending == .code(2) && gone.errors.contains("there is no G999999; its Gs are among G1 to"))
  }
}
