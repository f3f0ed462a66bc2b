// What may be read of a Go program and what not, check by check, and what to do about what may not.
import Host

/// The results of the checks that were made on one process, in the order in which attaching depends on them. A plain
/// value.
public struct GoDoctor: Sendable {
  /// One check of whether a process can be read.
  public struct Check: Sendable, Equatable {
    /// What the check tried, in a few words.
    public let what: String
    /// Whether the check succeeded.
    public let isFine: Bool
    /// What was found; or why not, and what to do about it.
    public let words: String
  }

  /// The checks that were made. The list ends at a failed check without which nothing more can be known.
  public private(set) var checks: [Check] = []

  /// Whether the program can be shown.
  public var canAttach: Bool {
    checks.allSatisfy(\.isFine) || checks.contains { $0.what == Self.scheduler && $0.isFine }
  }

  private static let scheduler = "the scheduler"

  /// Makes the checks on a process, which is only read.
  public init(pid: Int32) {
    guard case .process = ProcessIdentity.look(for: pid) else {
      note("the process", false, "there is no process \(pid) here; in a container it may have another number")
      return
    }
    note("the process", true, ProcessFacts.executable(of: pid) ?? ProcessIdentity.name(of: pid) ?? "")
    do throws(GoRefusal) {
      let executable = try GoExecutable(of: pid)
      note("the executable", true, "built by \(executable.version)" + Self.parts(executable))
      _ = try executable.loadBias(pid, ProcessMemory(pid: pid))
    } catch {
      note("the executable", false, Self.words(error, pid))
      return
    }
    do throws(GoRefusal) {
      let program = try GoProgram(pid: pid)
      note("the memory", true, "can be read")
      note("offsets", true, "from \(program.origin.rawValue)")
      note(Self.scheduler, true, "understood: what was found agrees with itself")
    } catch {
      note(error.isOfMemory ? "the memory" : Self.scheduler, false, Self.words(error, pid))
    }
    system(pid)
  }

  /// Checks what else the system tells of the process. Without that, some columns of the screens stay empty.
  private mutating func system(_ pid: Int32) {
    let threads = (try? listing(of: "/proc/\(pid)/task", limit: 4))?.isEmpty == false
    note(
      "threads in /proc", threads,
      threads ? "their CPU and states are shown" : "their CPU and states are not known")
    let files = (try? listing(of: "/proc/\(pid)/fd", limit: 4)) != nil
    note(
      "descriptors in /proc", files,
      files ? "sockets are shown" : "sockets are not known; run mpgtop as the process's user, or as root")
  }

  private mutating func note(_ what: String, _ isFine: Bool, _ words: String) {
    checks.append(Check(what: what, isFine: isFine, words: words))
  }

  private static func parts(_ executable: GoExecutable) -> String {
    let elf = executable.elf
    return (elf.sections[".symtab"] == nil ? ", without symbols" : ", with symbols")
      + (elf.hasDWARF ? ", with DWARF" : ", without DWARF") + (elf.isMovable ? ", PIE" : "")
  }

  private static func words(_ refusal: GoRefusal, _ pid: Int32) -> String {
    if case .memory(.denied(let errno)) = refusal { return Denial(pid, errno).words }
    if refusal == .notGo, let library = GoLibrary.loaded(by: pid) {
      return GoRefusal.guest(library).description
    }
    return refusal.description
  }
}

extension GoRefusal {
  fileprivate var isOfMemory: Bool { if case .memory = self { true } else { false } }
}
