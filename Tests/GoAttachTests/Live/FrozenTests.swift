// Every field beside the runtime's own words, while the scheduler stands still within saying them.
//
// The program's standard error is a pipe of one page. The monitor thread fills it in the middle of a dump, and blocks there
// with the scheduler's lock in its hand. Goroutines that compute are more than there are Ps, and are never preempted
// (asyncpreemptoff), so they fill the queues and nothing moves. We read, twice, and only then empty the pipe and read what
// the runtime had to say.
import Foundation
import TestSupport
import Testing

@testable import GoAttach

@Suite("Beside schedtrace", .serialized, .enabled(if: GoBuild.isThere))
struct FrozenTests {
  /// One reading, by the names that the dump uses.
  struct Reading: Equatable {
    var fields: [String: [String: String]] = [:]
  }

  @Test("Every field is what schedtrace says", arguments: GoBuild.all)
  func everyField(_ build: GoBuild) throws {
    let folder = try TemporaryFolder()
    let pipe = try NarrowPipe(folder.path)
    let crowd = try Crowd(
      build,
      "-hog 700 -late -receive 40 -wired 3 -sleep 5 -mutex 3 -select 3 -read 3 -call 2 -cond 2 -group 2",
      errors: pipe.path,
      environment: ["GODEBUG": "schedtrace=100,scheddetail=1,asyncpreemptoff=1", "GOMAXPROCS": "4"]
    ) { _ = pipe.take() }
    let program = try GoProgram(pid: crowd.pid)
    // What began before the dump may end within it, after its line was printed. So a round may differ; a field that is
    // read wrongly would differ in all of them.
    var (rounds, equal, fields, depths): (Int, Int, Int, Int) = (0, 0, 0, 0)
    var differences: Set<String> = []
    while equal < 4 {
      rounds += 1
      try #require(rounds <= 12, "no whole round: \(differences.sorted())")
      let round = try Self.round(program, pipe)
      if round.differences.isEmpty {
        (equal, fields, depths) = (equal + 1, fields + round.fields, depths + round.depths)
      }
      differences.formUnion(round.differences)
    }
    #expect(fields > 1000 && depths > 4)
    print(
      "go-table \(build) schedtrace: \(fields) fields equal in 4 of \(rounds) rounds, \(depths) depths above 0"
    )
  }

  private struct Round {
    var fields = 0
    /// How many of the fields are depths of queues that hold something.
    var depths = 0
    var differences: [String] = []
  }

  /// Waits until the program stands still in a dump, reads, and compares with the dump.
  private static func round(_ program: GoProgram, _ pipe: NarrowPipe) throws -> Round {
    var round = Round()
    try eventually("the pipe is full") { isFull(pipe) }
    let seen = try Self.reading(program)
    if try Self.reading(program) != seen { round.differences.append("it moves") }
    var text: [UInt8] = []
    try eventually("the dump is over") {
      text += pipe.take()
      return Self.dump(text) != nil
    }
    let dump = SchedTrace(try #require(Self.dump(text)))
    for (field, value) in seen.fields.values.joined() {
      round.fields += 1
      if field == "runqsize" || field == "runqueue", value != "0" { round.depths += 1 }
    }
    round.differences += differences(seen, dump)
    while !pipe.take().isEmpty {}
    return round
  }

  /// Where a reading is not what the program said.
  static func differences(_ seen: Reading, _ dump: SchedTrace) -> [String] {
    var differences: [String] = []
    for (name, fields) in seen.fields {
      for (field, value) in fields {
        let told = dump.lines[name]?[field]
        if told != value { differences.append("\(name) \(field): \(told ?? "-") where we read \(value)") }
      }
    }
    let told = dump.numbers("G").count + dump.numbers("M").count + dump.numbers("P").count + 1
    if seen.fields.count != told { differences.append("\(told) lines where we read \(seen.fields.count)") }
    return differences
  }

  /// Whether the pipe is full and stays so.
  static func isFull(_ pipe: NarrowPipe) -> Bool {
    let before = pipe.count
    guard before > 3800 else { return false }
    usleep(30_000)
    return pipe.count == before
  }

  /// The last whole dump; nil: there is none yet.
  static func dump(_ bytes: [UInt8]) -> Substring? {
    let text = String(decoding: bytes, as: UTF8.self)
    let starts = text.ranges(of: "SCHED ")
    guard starts.count >= 2 else { return nil }
    return text[starts[0].lowerBound..<starts[1].lowerBound]
  }

  static func reading(_ program: GoProgram) throws -> Reading {
    var (fast, machines) = (
      FastReader(program), MachineReader(program.memory, program.layout, program.variables)
    )
    var gs = GoroutineReader(program.memory, program.layout, program.variables) { _ in false }
    try fast.read()
    let ms = try machines.read()
    try gs.read(at: 1)
    var reading = Reading()
    let look = fast.look
    reading.fields["SCHED"] = [
      "gomaxprocs": "\(look.ps.count)", "idleprocs": "\(look.idlePs)", "idlethreads": "\(look.idleMs)",
      "runqueue": "\(look.grq)", "nmidlelocked": "\(look.lockedIdleMs)", "gcwaiting": "\(look.isStopping)",
    ]
    let mIDs = Dictionary(uniqueKeysWithValues: ms.map { ($0.address, $0.id) })
    for (index, p) in look.ps.enumerated() {
      reading.fields["P\(index)"] = [
        "status": "\(p.status)", "schedtick": "\(p.schedtick)", "syscalltick": "\(p.syscalltick)",
        "m": Self.number(mIDs[p.m]), "runqsize": "\(p.depth)",
      ]
    }
    let pIDs = Dictionary(uniqueKeysWithValues: look.ps.enumerated().map { ($1.address, $0) })
    for m in ms {
      reading.fields["M\(m.id)"] = [
        "p": Self.number(pIDs[m.p]), "curg": Self.number(gs.g(at: m.g)?.id),
        "lockedg": Self.number(gs.g(at: m.lockedG)?.id),
        "blocked": "\(m.isBlocked)",
      ]
    }
    for g in gs.gs {
      reading.fields["G\(g.id)"] = [
        "status": "\(g.status)(\(program.reasons[g.reason]))", "m": Self.number(mIDs[g.m]),
      ]
    }
    return reading
  }

  private static func number(_ number: (some BinaryInteger)?) -> String { number.map { "\($0)" } ?? "nil" }
}
