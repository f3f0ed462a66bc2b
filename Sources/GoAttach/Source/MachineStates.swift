// What an M does, as far as the few fields that are read of it tell.
import Observed
import Region

/// Finds the states of Ms. A plain value.
struct MachineStates {
  /// Whether the function at this address, with which an M began, is that of the monitor thread. This function alone never
  /// returns, so an M that began with it still runs it.
  let isMonitor: (UInt64) -> Bool
  /// The status of a G, by its address; nil: it is not known.
  let status: (UInt64) -> UInt8?
  /// Whether some M sits in netpoll.
  let isPolled: Bool

  /// The states of the given Ms, in the same order.
  func states(of machines: [MachineLook]) -> [MState] {
    var isPollerFound = false
    return machines.map { m in
      if let state = state(of: m) { return state }
      // This M has neither P nor G and does not sleep: it waits in epoll, or is about to sleep.
      guard isPolled, !isPollerFound else { return .running }
      isPollerFound = true
      return .netpoll
    }
  }

  private func state(of m: MachineLook) -> MState? {
    // An extra M of cgo has no thread until a thread of C calls into Go.
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
