// Profiles of waiting beside those of `go tool trace`.
import Foundation
import Testing

@testable import GoTrace

@Suite("What go tool trace makes of a trace")
struct ProfileTests {
  static func profile(
    _ kind: TraceProfile.Kind, of reader: consuming TraceReader, countsFirstWait: Bool
  ) throws -> TraceProfile {
    var profile = TraceProfile(kind, countsFirstWait: countsFirstWait)
    var events: [TraceEvent] = []
    while try reader.next(into: &events) { profile.add(events, of: reader) }
    return profile
  }

  private static func sum(_ profile: TraceProfile) -> (count: UInt64, time: Int64) {
    profile.sorted.reduce((0, 0)) { ($0.0 + $1.count, $0.1 + $1.time) }
  }

  @Test("waits are as many and as long as in its profiles, to the nanosecond", arguments: KeptTrace.all)
  func same(_ trace: KeptTrace) throws {
    let profiles = try trace.profiles
    try #require(profiles.count == 4)
    for (kind, line) in profiles {
      let words = line.split(separator: " ")
      let input = try TraceInput(path: trace.path)
      let profile = try Self.profile(kind, of: TraceReader(input), countsFirstWait: false)
      let (count, time) = Self.sum(profile)
      // A G that C calls into has the number of the one before it. Of these go tool trace counts the last only.
      if trace.description.hasPrefix("callbacks"), kind == .sched || kind == .syscall {
        #expect(count >= UInt64(words[1]) ?? .max && time >= Int64(words[2]) ?? .max)
      } else {
        #expect("\(words[0]) \(count) \(time)" == line)
      }
    }
  }

  @Test("how long new Gs were ready counts, unless it is left out as go tool trace does")
  func first() throws {
    var writer = GenerationWriter(1, at: 1000)
    writer.add(.procStatus, m: 10, at: 1000, 0, 1)
    writer.add(.goStatus, m: 10, at: 1000, 1, 10, 2)
    let frame = TraceFrame(pc: 7, function: "main.spawn", file: "main.go", line: 12)
    let stack = writer.stack([frame])
    writer.add(.goCreate, m: 10, at: 2000, 2, 0, stack)
    writer.add(.goStop, m: 10, at: 2100, 0, 0)
    writer.add(.goStart, m: 10, at: 2500, 2, 1)
    writer.add(.goStop, m: 10, at: 2600, 0, 0)
    writer.add(.goStart, m: 10, at: 2700, 1, 1)
    let bytes = GenerationWriter.header + writer.finished()
    let all = try Self.profile(.sched, of: TraceReader(TraceInput(bytes: bytes)), countsFirstWait: true)
    #expect(
      all.sorted == [
        TraceProfile.Sample(frames: [], count: 1, time: 600),
        TraceProfile.Sample(frames: [frame], count: 1, time: 500),
      ])
    let some = try Self.profile(.sched, of: TraceReader(TraceInput(bytes: bytes)), countsFirstWait: false)
    #expect(some.sorted == [TraceProfile.Sample(frames: [], count: 1, time: 600)])
  }
}
