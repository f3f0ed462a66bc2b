// The command line of `mpg-soak fairness`.
import ArgumentParser
import Glibc

struct FairnessOptions: ParsableArguments {
  @Option(help: "Minutes altogether, shared by the numbers of Ps; parts of one are fine.") var minutes = 1.0
  @Option(help: "Where chance starts; default: the time. Printed, so that it can be had again.") var seed:
    UInt64?
  @Option(help: "Numbers of Ps, one after the other, with commas: 1,2,8.") var procs = Numbers([1, 2, 8])
  @Option(
    parsing: .upToNextOption,
    help:
      "Kinds that every phase has, and no others, instead of some by chance: call sleep; or call:2:300, Gs and µs."
  )
  var only: [Wanted] = []
  @Option(
    help: "Times the bound that a wait may last: for machines with so much other work that it says little.")
  var slack = 1.0
  @Flag(help: "Ends at the first wait that is too long.") var first = false
  @Flag(help: "Without preemption: what is found then?") var cooperative = false
  @Flag(help: "Nobody watches; prints how late the Gs were as they saw it themselves, to compare with Go.")
  var alone = false
  @Flag(help: .hidden) var work = false
  @Option(help: .hidden) var pipes = Numbers([])

  func validate() throws {
    guard minutes > 0, minutes < 100_000 else { throw ValidationError("--minutes must be a positive number") }
    guard procs.all.allSatisfy({ (1...256).contains($0) }) else {
      throw ValidationError("--procs is not in 1 to 256")
    }
    guard slack >= 1 else { throw ValidationError("--slack is 1 at least") }
  }

  /// The command line's arguments for the process that does the work.
  func arguments(procs: Int, pipes: [Int32], seed: UInt64) -> [String] {
    var words = ["fairness", "--work", "--seed", "\(seed)", "--procs", "\(procs)"]
    words += ["--minutes", "\(minutes / Double(self.procs.all.count))"]
    if !pipes.isEmpty { words += ["--pipes", "\(Numbers(pipes.map(Int.init)))"] }
    if !only.isEmpty { words += ["--only"] + only.map { "\($0)" } }
    if alone { words.append("--alone") }
    if cooperative { words.append("--cooperative") }
    return words
  }
}

/// Numbers with commas between them, as an argument of the command line.
struct Numbers: ExpressibleByArgument, CustomStringConvertible {
  let all: [Int]

  init(_ all: [Int]) { self.all = all }

  init?(argument: String) {
    let numbers = argument.split(separator: ",").map { Int($0) }
    guard !numbers.isEmpty, !numbers.contains(nil) else { return nil }
    all = numbers.compactMap { $0 }
  }

  var description: String { all.map { "\($0)" }.joined(separator: ",") }
}
