// A failure of mpgtop: one line on standard error and a documented exit code.
import Inspector
import TUI

/// The exit codes (docs/mpgtop.md).
enum ExitCode {
  static let success: Int32 = 0
  static let noSuchProcess: Int32 = 2
  static let notATarget: Int32 = 3
  static let layout: Int32 = 4
  static let gone: Int32 = 5
  /// A lesson was played, and what it claims did not show in the events.
  static let lesson: Int32 = 6
  static let usage: Int32 = 64
  static let system: Int32 = 71
  static let output: Int32 = 74
  /// The codes that shells use if a program cannot be executed, or is not there; here, the program of `mpgtop run`.
  static let (cannotExecute, noProgram): (Int32, Int32) = (126, 127)
  /// The code for an end by a signal, as shells count it.
  static func signal(_ number: Int32) -> Int32 { 128 + number }
}

/// The reason why mpgtop stops.
struct Failure: Error {
  let code: Int32
  /// One clause, in lower case, without a full stop.
  let message: String

  init(_ code: Int32, _ message: String) {
    (self.code, self.message) = (code, message)
  }

  init(_ error: InspectorError) {
    let code =
      switch error {
      case .noSuchProcess, .noBlackBox: ExitCode.noSuchProcess
      case .notATarget, .otherUser, .notPermitted, .notWritable: ExitCode.notATarget
      case .badOutput: ExitCode.usage
      case .stream: ExitCode.output
      case .layout, .notARecording, .notUnderstood, .badCore, .badTrace, .badStream: ExitCode.layout
      case .gone: ExitCode.gone
      case .system, .cannotTell: ExitCode.system
      }
    self.init(code, error.description)
  }

  init(_ error: TerminalError) { self.init(ExitCode.usage, error.description) }
}
