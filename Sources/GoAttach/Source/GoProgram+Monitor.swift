// Which M is the runtime's monitor thread, sysmon.

extension GoProgram {
  /// Whether a closure is that of the runtime's monitor thread.
  func isMonitor(closure: UInt64) -> Bool {
    guard closure != 0, let code = try? memory.word(at: closure) else { return false }
    return tables.name(at: code) == "runtime.sysmon"
  }
}
