// Stacks that are read from outside beside those that the program prints of itself, line by line.
import Foundation
import GoAttach
import Testing

@Suite(
  "Stacks beside Go's own",
  .enabled(if: !GoToolchain.all.isEmpty, "there is no Go: make test-go installs it"), .serialized
)
struct StackTruthTests {
  /// What was compared, for the table in docs/go.md.
  struct Score: CustomStringConvertible {
    /// Goroutines that Go printed and that did not run then.
    var parked = 0
    var (equal, frames, inlined, syscalls) = (0, 0, 0, 0)
    var different: [String] = []
    var description: String {
      "\(parked) parked, \(equal) equal, \(different.count) different; \(frames) frames, "
        + "\(inlined) of them inlined; \(syscalls) in system calls"
    }
  }

  @Test(
    "all frames of parked goroutines are equal: functions, files, lines, offsets, creators",
    arguments: GoToolchain.Way.all)
  func equal(_ way: GoToolchain.Way) throws {
    let (go, build) = (way.go, way.build)
    let program = try ParkedProgram(go.build(ParkedProgram.folder, build, cache: GoToolchain.cache))
    let score = try Self.compare(program)
    print("| \(go.version) | \(build.rawValue) | \(score) |")
    #expect(score.different.isEmpty, "\(score.different.joined(separator: "\n"))")
    // The page on which Go prints wakes two: who accepts its connection, and who reads ahead from it.
    #expect(score.parked - score.equal <= 2)
    #expect(score.equal > 60 && (score.inlined > 20 || build == .notInlined))
  }

  @Test(
    "all over the text, function, file and line are what the runtime says", arguments: GoToolchain.Way.all)
  func every(_ way: GoToolchain.Way) throws {
    let program = try ParkedProgram(way.go.build(ParkedProgram.folder, way.build, cache: GoToolchain.cache))
    let tables = try program.tables()
    var (equal, nameless, different) = (0, 0, [String]())
    for line in try program.page("every?step=61").split(separator: "\n") {
      let words = line.split(separator: "\t", omittingEmptySubsequences: false)
      guard words.count == 4, let pc = UInt64(words[0], radix: 16) else { continue }
      let ours = tables.frames(at: pc, isCall: true, showsWrappers: true).first
      // The runtime takes the name at the begin of all names for none, so one function has no name there.
      let name = words[3].isEmpty ? "" : way.go.shown(ours?.function ?? "")
      let said = "\(ours?.line ?? 0)\t\(ours == nil ? "" : ours?.file ?? "?")\t\(name)"
      nameless += words[3].isEmpty && ours != nil ? 1 : 0
      if said == words[1...].joined(separator: "\t") {
        equal += 1
      } else {
        different.append("\(line) | \(said)")
      }
    }
    print(
      "| \(way.go.version) | \(way.build.rawValue) | \(equal) pcs equal, \(different.count) different, \(nameless) without a name |"
    )
    #expect(equal > 20_000 && nameless < 100)
    #expect(different.isEmpty, "\(different.prefix(20).joined(separator: "\n"))")
  }

  /// Reads all stacks before and after Go prints its own, and compares those that did not move in between.
  static func compare(_ program: ParkedProgram) throws -> Score {
    let tables = try program.tables()
    let goroutines = try program.goroutines()
    var reader = try #require(
      StackReader(tables: tables, layout: program.layout, memory: program.memory))
    let generations = try goroutines.map(program.generation)
    let before = reader.stacks(of: goroutines)
    let told = TracedGoroutine.all(in: try program.traceback())
    let after = reader.stacks(of: goroutines)
    func isParked(_ goroutine: TracedGoroutine) -> Bool {
      !["running", "runnable"].contains(goroutine.state)
    }
    var (score, text, cache) = (Score(), StackText(tables, after), GoFrameCache(tables))
    score.parked = told.values.filter(isParked).count
    for (index, goroutine) in goroutines.enumerated() {
      let id = try program.memory.required(goroutine + UInt64(program.layout.id))
      guard case .stack(let number) = after.outcomes[index],
        case .stack(let earlier) = before.outcomes[index],
        before.distinct[earlier] == after.distinct[number],
        // It did not go on and come back either.
        try program.generation(of: goroutine) == generations[index], let theirs = told[id],
        isParked(theirs)
      else { continue }
      let listing = GoStackListing(
        id: id, state: theirs.state, stack: after.outcomes[index],
        creator: try program.memory.required(goroutine + UInt64(program.creator)),
        parent: try program.memory.required(goroutine + UInt64(program.creator - 8)))
      let ours = TracedGoroutine.all(in: text.text(of: listing))[id]
      let frames = cache.frames(of: after.distinct[number]).filter { !$0.isMachinery }
      score.frames += frames.count
      score.inlined += frames.filter(\.isInlined).count
      score.syscalls += theirs.state == "syscall" ? 1 : 0
      if ours?.lines == theirs.lines {
        score.equal += 1
      } else {
        score.different.append(
          "goroutine \(id) [\(theirs.state)]:\nours:\n\((ours?.lines ?? []).joined(separator: "\n"))\n"
            + "Go's:\n\(theirs.lines.joined(separator: "\n"))\n")
      }
    }
    return score
  }
}

extension GoToolchain {
  /// A name as this version prints it. Before 1.27, all between the first bracket and the last is left out, even if names
  /// are in between: `main.(*A[...]).F` for what 1.27 and we call `main.(*A[...]).F.(*B[...]).F`.
  fileprivate func shown(_ name: String) -> String {
    guard minor < 27, let open = name.firstIndex(of: "["), let close = name.lastIndex(of: "]"), open < close
    else {
      return name
    }
    return name[..<open] + "[...]" + name[name.index(after: close)...]
  }
}
