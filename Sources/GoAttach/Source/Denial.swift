// Why the system refuses to let a process be read, and what cures it.
import Host

/// One refusal, in words for people.
struct Denial {
  let words: String

  /// - Parameter errno: what the kernel answered.
  init(_ pid: Int32, _ errno: Int32) {
    let name = errnoText(errno)
    if let owner = ProcessIdentity.owner(of: pid), owner != currentUser(), currentUser() != 0 {
      words = "\(name): the process belongs to user \(owner); run mpgtop as that user, or with CAP_SYS_PTRACE"
      return
    }
    let scope = String(decoding: smallFile("/proc/sys/kernel/yama/ptrace_scope") ?? [], as: UTF8.self).prefix(
      1)
    switch scope {
    case "1":
      words =
        "\(name): kernel.yama.ptrace_scope is 1, which allows a process's own descendants only; run mpgtop as root, or "
        + "sysctl kernel.yama.ptrace_scope=0"
    case "2", "3":
      words =
        "\(name): kernel.yama.ptrace_scope is \(scope); run mpgtop as root"
        + (scope == "3" ? ", after a reboot without it" : "")
    default:
      words = "\(name): CAP_SYS_PTRACE is needed; in a container: docker run --cap-add SYS_PTRACE"
    }
  }
}
