// The Go programs that run on this machine, as far as this user may see them.
import Host
import Observed

/// A running process whose executable was built by Go. A plain value.
public struct GoProcess: Sendable, Equatable {
  /// The number of the process.
  public let pid: Int32
  /// The executable's file name.
  public let name: String
  /// The version of Go that built the executable.
  public let version: GoVersion
  /// When the process began, in nanoseconds of the monotonic clock.
  public let bootTime: UInt64

  /// Looks at one process; nil: it is no Go program, or its executable may not be read.
  public init?(pid: Int32) {
    guard case .process(let process) = ProcessIdentity.look(for: pid),
      let executable = try? GoExecutable(of: pid),
      let name = ProcessFacts.executableName(of: pid)
    else { return nil }
    (self.pid, self.name, version) = (pid, name, executable.version)
    bootTime = ProcessFacts.beginning(of: process)
  }

  /// The reason why a process cannot be shown though Go may have to do with it: this user may not look at it, its executable
  /// says nothing about itself, or it only has loaded a library that Go built. nil: there is no such reason.
  public static func obstacle(pid: Int32) -> InspectorError? {
    let name = ProcessFacts.executableName(of: pid) ?? ProcessIdentity.name(of: pid) ?? ""
    do throws(GoRefusal) {
      _ = try GoExecutable(of: pid)
      return nil
    } catch {
      switch error {
      case .memory(.denied(let errno)):
        return .notPermitted(path: "the executable of process \(pid)", reason: Denial(pid, errno).words)
      case .file: return InspectorError(error, pid: pid, name: name)
      case .notGo:
        guard let guest = GoLibrary.loaded(by: pid) else { return nil }
        return InspectorError(.guest(guest), pid: pid, name: name)
      default: return nil
      }
    }
  }

  /// All Go programs that run here, sorted by pid.
  public static func all() -> [GoProcess] {
    // Asking each process is cheap: the first bytes tell what is no ELF file, and the kernel's own threads
    // have no executable.
    ProcessFacts.all().sorted().compactMap { GoProcess(pid: $0) }
  }
}
