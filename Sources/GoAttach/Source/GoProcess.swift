// The Go programs that run on this machine, as far as this user may see them.
import Host
import Observed

/// A running process whose executable was built by Go. A plain value.
public struct GoProcess: Sendable, Equatable {
  /// The process.
  public let pid: Int32
  /// The executable's file name.
  public let name: String
  /// The version of Go that built it.
  public let version: GoVersion
  /// When it began, in nanoseconds of the monotonic clock.
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

  /// All Go programs that run here, sorted by pid.
  public static func all() -> [GoProcess] {
    // Executables that are no ELF files, such as those of the kernel's own threads, are told by their first bytes.
    ProcessFacts.all().sorted().compactMap { GoProcess(pid: $0) }
  }
}
