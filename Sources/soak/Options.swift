// The command line of mpg-soak.
import ArgumentParser
import Glibc

struct Options: ParsableArguments {
  @Option(help: "Minutes that the work goes on for; parts of one are fine.") var minutes = 1.0
  @Option(help: "Where chance starts; default: the time. Printed, so that it can be had again.") var seed:
    UInt64?
  @Option(help: "Number of Ps.") var procs = 4
  @Option(help: "Seconds that nothing may stand still for: a G that waits for its turn, or a kind of work.")
  var patience = 30
  @Flag(help: "Without preemption.") var cooperative = false
  @Flag(help: "On a violation, leaves the process that works stopped (SIGSTOP), for a debugger.") var keep =
    false
  @Flag(help: .hidden) var work = false

  func validate() throws {
    guard minutes > 0, minutes < 100_000 else { throw ValidationError("--minutes must be a positive number") }
    guard (1...256).contains(procs) else { throw ValidationError("--procs is not in 1 to 256") }
    guard patience > 0 else { throw ValidationError("--patience must be positive") }
  }

  /// The same for the process that does the work.
  func arguments(seed: UInt64) -> [String] {
    [
      "--work", "--minutes", "\(minutes)", "--seed", "\(seed)", "--procs", "\(procs)", "--patience",
      "\(patience)",
    ]
      + (cooperative ? ["--cooperative"] : [])
  }
}

/// Writes one line to stdout, at once.
func say(_ line: String) { write(line + "\n", to: 1) }

/// Says what is wrong, and how to have it again, and ends the process.
func violation(_ what: String, seed: UInt64) -> Never {
  write("mpg-soak: VIOLATION: \(what); --seed \(seed)\n", to: 2)
  exit(1)
}

private func write(_ text: String, to fd: Int32) {
  var text = text
  text.withUTF8 { _ = unsafe Glibc.write(fd, $0.baseAddress, $0.count) }
}
