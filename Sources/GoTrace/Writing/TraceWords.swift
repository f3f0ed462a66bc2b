// The words that Go itself writes into traces: facts of its runtime, which are the same in every program.

/// Go's own words of Go 1.22 to 1.27. A word of a later version that is not among them is taken for a name of the program.
enum TraceWords {
  static let all: Set<String> = waits.union(stops).union(purposes).union(workers)

  /// Go's words for what a G waits for.
  private static let waits: Set = [
    "unspecified", "forever", "network", "select", "sync.(*Cond).Wait", "sync", "chan send", "chan receive",
    "GC mark assist wait for work", "GC background sweeper wait", "system goroutine wait", "preempted",
    "wait for debug call", "wait until GC ends", "sleep", "GC weak to strong wait", "synctest",
  ]

  /// Go's words for why a G stops running though it could run on.
  private static let stops: Set = ["unspecified", "runtime.Gosched", "preempted"]

  /// Go's words for why the world is stopped.
  private static let purposes: Set = [
    "unknown", "GC mark termination", "GC sweep termination", "write heap dump", "goroutine profile",
    "goroutine profile cleanup", "all goroutines stack trace", "read mem stats", "AllThreadsSyscall",
    "GOMAXPROCS", "start trace", "stop trace", "CountPagesInUse (test)", "ReadMetricsSlow (test)",
    "ReadMemStatsSlow (test)", "PageCachePagesLeaked (test)", "ResetDebugLog (test)",
  ]

  /// Go's labels for the Gs that mark for the garbage collector.
  private static let workers: Set = ["Not worker", "GC (dedicated)", "GC (fractional)", "GC (idle)"]
}
