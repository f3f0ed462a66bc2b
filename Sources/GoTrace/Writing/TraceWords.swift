// The words that Go itself writes into traces: facts of its runtime, which are the same in every program.

/// Go's own words of Go 1.22 to 1.27. A word of a later version that is not among them is taken for a name of the program.
enum TraceWords {
  static let all: Set<String> = waits.union(stops).union(purposes).union(workers)

  /// What a G waits for.
  private static let waits: Set = [
    "unspecified", "forever", "network", "select", "sync.(*Cond).Wait", "sync", "chan send", "chan receive",
    "GC mark assist wait for work", "GC background sweeper wait", "system goroutine wait", "preempted",
    "wait for debug call", "wait until GC ends", "sleep", "GC weak to strong wait", "synctest",
  ]

  /// Why a G that may run stops.
  private static let stops: Set = ["unspecified", "runtime.Gosched", "preempted"]

  /// Why the world is stopped.
  private static let purposes: Set = [
    "unknown", "GC mark termination", "GC sweep termination", "write heap dump", "goroutine profile",
    "goroutine profile cleanup", "all goroutines stack trace", "read mem stats", "AllThreadsSyscall",
    "GOMAXPROCS", "start trace", "stop trace", "CountPagesInUse (test)", "ReadMetricsSlow (test)",
    "ReadMemStatsSlow (test)", "PageCachePagesLeaked (test)", "ResetDebugLog (test)",
  ]

  /// The labels of the Gs that mark.
  private static let workers: Set = ["Not worker", "GC (dedicated)", "GC (fractional)", "GC (idle)"]
}
