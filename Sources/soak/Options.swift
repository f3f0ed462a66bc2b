// The command line of mpg-soak.
import ArgumentParser
import Glibc

struct Options: ParsableArguments {
  @Option(help: "Minutes that the work goes on for; parts of one are fine.") var minutes = 1.0
  @Option(help: "Where chance starts; default: the time. Printed, so that it can be had again.") var seed:
    UInt64?
  @Option(help: "Number of Ps.") var procs = 4
  @Option(help: "Something that goes on beside the work, or a setting of it: \(Mode.allNames).")
  var mode = Mode.usual
  @Option(help: "Seconds that nothing may stand still for: a G that waits for its turn, or a kind of work.")
  var patience = 30
  @Flag(help: "Without preemption.") var cooperative = false
  @Flag(help: "On a violation, leaves the process that works stopped (SIGSTOP), for a debugger.") var keep =
    false
  @Flag(help: .hidden) var work = false
  @Option(help: .hidden) var writer: Int32?

  func validate() throws {
    guard minutes > 0, minutes < 100_000 else { throw ValidationError("--minutes must be a positive number") }
    guard (1...256).contains(procs) else { throw ValidationError("--procs is not in 1 to 256") }
    guard patience > 0 else { throw ValidationError("--patience must be positive") }
  }

  /// The command line's arguments for the process that does the work.
  func arguments(seed: UInt64) -> [String] {
    [
      "--work", "--minutes", "\(minutes)", "--seed", "\(seed)", "--procs", "\(procs)", "--patience",
      "\(patience)", "--mode", "\(mode)",
    ]
      + (cooperative ? ["--cooperative"] : [])
  }
}

/// Extra work that a soak does beside its usual work, or a setting for the runtime. Each mode tries one feature together
/// with all other features, because in the past faults where two features meet were found late.
enum Mode: String, CaseIterable, ExpressibleByArgument, CustomStringConvertible {
  case usual
  /// Slices and grains of 100 µs, so that Gs are preempted everywhere.
  case preemption
  /// Instead of the usual work, one G reads what another process writes now and then. In between, the process is idle, which
  /// the runtime must not take for a deadlock.
  case reader
  /// Other programs are started all the time, by `posix_spawn` and by `fork` and `exec`.
  case fork
  /// The number of Ps changes a hundred times a second.
  case procs

  var description: String { rawValue }
  static var allNames: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

extension ParsableArguments {
  /// Parses a command line. If it is wrong, prints one line and exits with 64. `--help` prints the help and exits with 0.
  static func fromCommandLine(_ arguments: [String]) -> Self {
    do {
      return try parse(arguments)
    } catch {
      guard exitCode(for: error) != .success else { exit(withError: error) }
      complain("\(message(for: error)); try --help")
    }
  }
}

/// Prints what is wrong with the command line, and exits with 64.
func complain(_ problem: String) -> Never {
  write("mpg-soak: \(problem.split(separator: "\n").joined(separator: " "))\n", to: 2)
  exit(64)
}

/// Writes one line to a descriptor, stdout if none is named, without a buffer.
func say(_ line: String, to fd: Int32 = 1) { write(line + "\n", to: fd) }

/// Prints what was violated, with the seed that repeats the run, and exits with 1.
func violation(_ what: String, seed: UInt64) -> Never {
  write("mpg-soak: VIOLATION: \(what); --seed \(seed)\n", to: 2)
  exit(1)
}

private func write(_ text: String, to fd: Int32) {
  var text = text
  text.withUTF8 { _ = unsafe Glibc.write(fd, $0.baseAddress, $0.count) }
}
