// Stacks of goroutines that wake each other all the time: what is read is a stack that the goroutine had, or is said to
// have moved.
import Foundation
import GoAttach
import Testing

@Suite("Stacks in motion", .enabled(if: !GoToolchain.all.isEmpty, "there is no Go: make test-go installs it"))
struct ChurnStackTests {
  @Test(
    "each stack begins at the function with which its goroutine began, however much goes on",
    arguments: GoToolchain.all)
  func churn(_ go: GoToolchain) throws {
    let path = try go.build(ParkedProgram.folder, .usual, cache: GoToolchain.cache)
    let program = try ParkedProgram(path, arguments: ["-churn", "200"])
    let tables = try program.tables()
    var reader = try #require(
      StackReader(tables: tables, layout: program.layout, memory: program.memory))
    var (whole, moved, running, wrong, torn) = (0, 0, 0, [String](), 0)
    for _ in 0..<100 {
      let goroutines = try program.goroutines()
      let began = try goroutines.map { try program.memory.required($0 + UInt64(program.creator + 16)) }
      let stacks = reader.stacks(of: goroutines)
      for (index, outcome) in stacks.outcomes.enumerated() {
        switch outcome {
        case .moved: moved += 1
        case .running: running += 1
        case .stack(let number):
          let stack = stacks.distinct[number]
          torn += stack.end == .top ? 0 : 1
          // The goroutine may have ended, and its place may have been given to another, since its begin was read.
          let now = try program.memory.required(goroutines[index] + UInt64(program.creator + 16))
          guard now == began[index], stack.end == .top else { continue }
          let (first, last) = (stack.pcs.suffix(2).first ?? 0, tables.function(at: now)?.name ?? "?")
          let name = tables.function(at: first)?.name ?? "?"
          // A goroutine that has come back from its function ends there.
          if name == last || name == "runtime.goexit1" {
            whole += 1
          } else {
            wrong.append("\(last) began, but \(name) is outermost")
          }
        case .absent, .unreadable: break
        }
      }
    }
    print(
      "| \(go.version) | whole \(whole), moved \(moved), running \(running), torn \(torn), wrong \(wrong.count) |"
    )
    #expect(whole > 10_000)
    #expect(wrong.isEmpty && torn == 0, "\(Set(wrong))")
  }
}
