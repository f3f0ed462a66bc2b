// Fairness as a property: short runs of mpg-soak's mixes. Each mix once starved a G. `make fairness` runs all
// mixes at random for an hour.
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Fairness, watched from outside")
  struct FairnessTests {
    /// On a busy machine some waits are longer than the watcher can explain to the millisecond. A G that is
    /// starved waits for seconds.
    private static let slack = "2"

    private func fairness(_ words: [String]) throws -> Finished {
      let command = [Built.soak, "fairness", "--seed", "7", "--slack", Self.slack] + words
      return try Program.run(Command(words: command), within: 240)
    }

    @Test(
      "Everything ready runs within its bound beside each kind of neighbour",
      arguments: [
        "call:1:300 sleep:4:1000", "handOver:1:950 sleep:20:1000", "yield:6:900 timer:8:5000",
        "yield:6:900 longCall:6:2000 socket", "compute:2 allocate:6 print:4 lock",
      ])
    func mixesAreFair(_ kinds: String) throws {
      let only = ["--only"] + kinds.split(separator: " ").map(String.init)
      let run = try fairness(["--minutes", "0.05", "--procs", "1,2"] + only)
      #expect(run.ending == .code(0), "\(run.output)\(run.errors)")
      #expect(run.output.contains("pipe after netpollRead"))
    }

    @Test("A mix by chance is fair on more Ps than CPUs too")
    func manyPs() throws {
      let run = try fairness(["--minutes", "0.05", "--procs", "8"])
      #expect(run.ending == .code(0), "\(run.output)\(run.errors)")
    }

    @Test("Who is starved is found: without preemption a G that computes keeps all others waiting")
    func starvationIsFound() throws {
      let run = try fairness([
        "--minutes", "1", "--procs", "1", "--only", "compute", "sleep", "--cooperative", "--first",
      ])
      #expect(run.ending == .code(1), "\(run.output)\(run.errors)")
      #expect(run.output.contains("UNFAIR: ") && run.output.contains("still waits"), "\(run.output)")
      #expect(run.errors.contains("VIOLATION: "))
    }
  }
}
