// `mpgtop doctor`: says, check by check, what may be read of a Go program, and what to do where something may not.
import ArgumentParser
import GoAttach
import Inspector

/// The command `mpgtop doctor`.
struct DoctorOptions: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Says what may be read of a Go program, check by check, and why not.")

  @Argument(help: ArgumentHelp("Process id.", valueName: "pid"), completion: .target)
  var target: Int32
}

/// Prints the checks of one process.
struct Doctor {
  let output: StandardOutput

  func run(_ pid: Int32) throws(Failure) {
    let doctor = GoDoctor(pid: pid)
    let width = doctor.checks.map(\.what.count).max() ?? 0
    for check in doctor.checks {
      let what = check.what + String(repeating: " ", count: width - check.what.count)
      try output.write("\(check.isFine ? "yes" : "no ")  \(what)  \(check.words)\n")
    }
    if !doctor.canAttach { throw Failure(ExitCode.notATarget, "process \(pid) cannot be shown") }
  }
}
