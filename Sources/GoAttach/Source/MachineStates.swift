// What an M does, from the few fields that it has of it.
import Observed
import Region

/// Puts Ms into words. A plain value.
struct MachineStates {
  /// What the function tells with which an M began: only the monitor's never ends.
  let isMonitor: (UInt64) -> Bool
  /// The status of a G, by its address; nil: it is not known.
  let status: (UInt64) -> UInt8?
  /// Whether some M sits in netpoll.
  let isPolled: Bool

  /// The states of all Ms, in their order.
  func states(of machines: [MachineLook]) -> [MState] {
    var isPollerFound = false
    return machines.map { m in
      if let state = state(of: m) { return state }
      // It has neither P nor G and is not asleep: the one that waits in epoll, or one that is about to sleep.
      guard isPolled, !isPollerFound else { return .running }
      isPollerFound = true
      return .netpoll
    }
  }

  private func state(of m: MachineLook) -> MState? {
    // The extra Ms of cgo have no thread until one of C's calls into Go.
    if m.tid == 0 { return MState.none }
    if isMonitor(m.start) { return .sysmon }
    if m.isSpinning { return .spinning }
    if m.g != 0, let status = status(m.g) {
      if status == 3 { return .syscall }
      if status == 2 || status == 8 { return .running }
    }
    if m.isBlocked { return .parked }
    if m.p != 0 { return .running }
    return m.g != 0 ? .syscall : nil
  }
}
