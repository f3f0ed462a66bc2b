// Which error of the inspector stands for which refusal.
import Host

extension InspectorError {
  /// Makes the inspector's error for a refusal of GoAttach.
  init(_ refusal: GoRefusal, pid: Int32, name: String) {
    switch refusal {
    case .memory(.gone): self = .noSuchProcess(pid: pid)
    case .memory(.denied(let errno)):
      self = .notPermitted(path: "the memory of process \(pid)", reason: Denial(pid, errno).words)
    case .notGo: self = .notATarget(pid: pid, name: name)
    default: self = .notUnderstood(pid: pid, name: name, reason: refusal.description)
    }
  }
}
