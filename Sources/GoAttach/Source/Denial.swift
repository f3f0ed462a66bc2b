// Why the system refuses to let a process be read, and what the user can do about it.
internal import Glibc
import Host

/// A refusal of the system to let a process be read, in words for people.
struct Denial {
  let words: String

  /// The facts that decide what the user can do about the refusal. A plain value.
  struct Facts {
    /// The user that the process runs as, and the one who asks; nil: not known.
    var owner: UInt32?
    var asker: UInt32
    /// Whether the process has forbidden others of its user to look at it.
    var isHidden = false
    /// Whether the process may be looked at, but not the file of its executable.
    var isOfFile = false
    /// kernel.yama.ptrace_scope; nil: the kernel has no Yama.
    var scope: Character?
  }

  /// - Parameter errno: the error with which the kernel refused.
  init(_ pid: Int32, _ errno: Int32) { self.init(errno, Facts(pid)) }

  init(_ errno: Int32, _ facts: Facts) {
    words = "\(errnoText(errno)): \(Self.cure(facts))"
  }

  private static func cure(_ facts: Facts) -> String {
    if facts.isOfFile { return "this user may not read the executable's file; run mpgtop as root" }
    if let owner = facts.owner, owner != facts.asker, facts.asker != 0 {
      return "the process belongs to user \(owner); run mpgtop as that user, or with CAP_SYS_PTRACE"
    }
    if facts.isHidden {
      return
        "the process has forbidden it (PR_SET_DUMPABLE), as programs do that keep secrets or change their user; run "
        + "mpgtop as root, or with CAP_SYS_PTRACE"
    }
    switch facts.scope {
    case "1":
      return
        "kernel.yama.ptrace_scope is 1, which allows a process's own descendants only; start it by mpgtop run, run "
        + "mpgtop as root, or "
        + "sysctl kernel.yama.ptrace_scope=0"
    case "2": return "kernel.yama.ptrace_scope is 2; run mpgtop as root, or with CAP_SYS_PTRACE"
    case "3":
      return
        "kernel.yama.ptrace_scope is 3, which allows nobody; it can be changed only by starting the machine anew"
    default: return "CAP_SYS_PTRACE is needed; in a container: docker run --cap-add SYS_PTRACE"
    }
  }
}

extension Denial.Facts {
  /// Asks the system for the facts that decide what the user can do about the refusal.
  init(_ pid: Int32) {
    let user = ProcessIdentity.owner(of: pid)
    self.init(owner: user, asker: currentUser())
    // If a process has forbidden others to look at it, its files in /proc belong to root, though its folder does not.
    let files = (try? FileStatus(ofLink: "/proc/\(pid)/maps"))?.owner
    isHidden = user != nil && files != nil && user != files
    // If the link /proc/PID/exe can be read, the process may be looked at, and only the executable's file may be
    // closed to this user.
    let path = "/proc/\(pid)/exe"
    isOfFile = unsafe ProcessFacts.link(path) != nil && access(path, R_OK) != 0
    scope = smallFile("/proc/sys/kernel/yama/ptrace_scope")?.first.map { Character(Unicode.Scalar($0)) }
  }
}
