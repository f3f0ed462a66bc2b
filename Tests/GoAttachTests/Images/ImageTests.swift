// Images of programs of every version of Go beside the programs' own words.
import Foundation
import TestSupport
import Testing

@testable import GoAttach
@testable import Observed

@Suite("Images of Go programs")
struct ImageTests {
  @Test("there are images of every version from 1.21 to 1.27, as built and stripped")
  func all() {
    let names = Set(CapturedImage.all.map { "\($0.version.split(separator: ".")[1])-\($0.way)" })
    let wanted = (21...27).flatMap { ["\($0)-default", "\($0)-stripped"] }
    #expect(names.isSuperset(of: wanted))
  }

  /// Where what we read is not what `schedtrace` printed.
  static func differences(_ image: CapturedImage, _ source: GoSource) throws -> [String] {
    let seen = try FrozenTests.reading(source.program)
    return FrozenTests.differences(seen, SchedTrace(Substring(image.scheduler)))
  }

  @Test("every field is what schedtrace said", arguments: CapturedImage.all)
  func fields(_ image: CapturedImage) throws {
    let source = try image.open()
    #expect(source.program.isStripped == image.isStripped)
    #expect(source.program.version.description == "go\(image.version)")
    #expect(try Self.differences(image, source) == [])
    let seen = try FrozenTests.reading(source.program).fields
    #expect(seen.count { $0.key.hasPrefix("G") } > 30 && seen["P2"] != nil)
    // More goroutines compute than there are Ps, so some stand in queues.
    let depths = seen.values.compactMap { $0["runqsize"] ?? $0["runqueue"] }.compactMap { Int($0) }
    #expect(depths.reduce(0, +) >= 5)
  }

  @Test("reasons, creators and whole stacks are what the program printed", arguments: CapturedImage.all)
  func stacks(_ image: CapturedImage) throws {
    let source = try image.open()
    let (listings, found) = try source.stacks()
    var text = StackText(source.program.tables, found)
    let told = TracedGoroutine.all(in: image.stacks)
    var compared = 0
    // The main goroutine printed them, and those that compute have gone on since.
    for listing in listings where listing.state != "running" && listing.state != "runnable" && listing.id != 1
    {
      let goroutine = try #require(told[listing.id], "G\(listing.id)")
      #expect(goroutine.state == listing.state, "G\(listing.id)")
      let ours = text.text(of: listing).split(separator: "\n").dropFirst().map(String.init)
      #expect(ours == goroutine.lines, "G\(listing.id)")
      compared += 1
    }
    #expect(compared >= 19)
  }

  @Test("goroutines that ran have the stacks of their threads", arguments: CapturedImage.all)
  func running(_ image: CapturedImage) throws {
    let source = try image.open()
    let (listings, found) = try source.stacks()
    var cache = GoFrameCache(source.program.tables)
    let running = listings.filter { $0.state == "running" }
    #expect(running.count == 3)
    for listing in running {
      guard case .stack(let number) = listing.stack else {
        Issue.record("G\(listing.id) has no stack")
        continue
      }
      let frames = cache.shownFrames(of: found.distinct[number])
      #expect(frames.map(\.function) == ["main.hog", "main.start.func1"])
      #expect(found.distinct[number].isInterrupted)
    }
  }

  @Test("a frame of the screen has all that a core can tell, and nothing else", arguments: CapturedImage.all)
  func snapshot(_ image: CapturedImage) throws {
    let source = try image.open()
    let look = try source.snapshot()
    #expect(look.procs == 3 && look.ps.count == 3 && look.isConsistent && look.knownUptime == nil)
    #expect(look.gs.running == 3 && look.gs.live >= 30 && look.gs.syscall == 1)
    #expect(look.sampled?.waits?["chan receive"] ?? 0 >= 6 && look.sampled?.waits?["IO wait"] == 1)
    #expect(look.ps.allSatisfy { $0.status == .running && $0.lrq != nil && $0.lrqMean == nil })
    #expect(
      look.ms.contains { $0.state == .sysmon } && look.ms.allSatisfy { ($0.tid ?? 0) > 0 || $0.tid == nil })
    #expect(look.sampled?.looks == nil && look.sampled?.runLatency == nil && look.netpoll.fds == nil)
    #expect((look.gs.created != nil) == (source.program.version.minor >= 26))
    let rows = try source.goroutines()
    #expect(rows.count == look.gs.live && rows.allSatisfy { $0.since == 0 })
  }
}
