// Holding, stepping and slowing a scheduler (docs/control.md), as a source offers it, and what can go wrong.
import Host
import Region

/// Controls a scheduler until it is gone. Not thread-safe.
package protocol SchedulerControl: AnyObject {
  /// Carries out a command, and returns the state in which the scheduler is after it: free, held or slowed.
  func send(_ command: ControlCommand) throws(ControlError) -> ControlState
}

/// Why a scheduler cannot be controlled.
public enum ControlError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The process was not started with control, or has ended.
  case notControlled(pid: Int32)
  /// The scheduler refuses; the reason is its own: another controller is there, for example.
  case refused(String)
  /// The process speaks another version of the control protocol.
  case otherVersion(Int)
  /// The process has closed the connection, or does not answer.
  case lost(pid: Int32)
  /// What answers at the process's control socket is no scheduler.
  case nonsense(String)
  /// A system call failed; the errno says why.
  case system(call: String, errno: Int32)

  /// One clause for a person, in lower case and without a full stop: what is wrong, and what to do about it.
  public var description: String {
    switch self {
    case .notControlled(let pid):
      "process \(pid) cannot be held or slowed: start it with MPG_CONTROL=1 (mpg-demo: --control)"
    case .refused(let reason): "the scheduler refuses: \(reason)"
    case .otherVersion(let version):
      "the process speaks version \(version) of control, this program version \(Control.version)"
    case .lost(let pid): "process \(pid) has closed the control connection, or does not answer"
    case .nonsense(let line): "what answers is no scheduler: \(line)"
    case .system(let call, let errno): "\(call): \(errnoText(errno))"
    }
  }
}
