// What a measure is, and the list of them.
//
// Names, operation counts and the meaning of one operation are those of the Go program that `make bench` runs
// beside this one (`sched.go` of the peers, and scripts/go/bench for what those lack), so that a line of one can be divided by the same line of the other.

/// One measure of the scheduler.
struct Measure: Sendable {
  let name: String
  /// Ps to run it on unless `-p` says otherwise.
  let procs: Int
  /// Operations unless `-n` says otherwise.
  let operations: Int
  /// Whether it is about Gs that must be stopped.
  var preempts = false
  /// Runs the measure on the current G and prints its lines.
  let run: @Sendable (_ operations: Int) -> Void

  static let all =
    switching + spawning + channels + selecting + calling + echoing + sleeping + waking + turns + convoys
    + parking + pieces
}
