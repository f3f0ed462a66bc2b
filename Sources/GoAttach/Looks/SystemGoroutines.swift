// Which goroutines are the runtime's own. NumGoroutine, profiles and dumps leave them out, and so do all counts here.

extension GoTables {
  /// Whether a goroutine that begins at `start` is one of the runtime's own. The rule is Go's: all that begin in a function of
  /// the runtime are, except the program's main goroutine and those that run the program's code.
  package func isSystem(start: UInt64) -> Bool {
    guard let name = name(at: start), name.hasPrefix("runtime.") else { return false }
    return !["runtime.main", "runtime.corostart", "runtime.handleAsyncEvent"].contains(name)
  }
}
