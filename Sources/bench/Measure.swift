// A measure of the scheduler, and the list of all measures.
//
// `make bench` runs Go programs beside this one: `sched.go` of the peers, and scripts/go/bench for measures that the peers
// lack. Names, numbers of operations and the meaning of one operation are the same there, so that a line of one program can
// be divided by the same line of the other.

/// One measure of the scheduler.
struct Measure: Sendable {
  let name: String
  /// The number of Ps, unless `-p` names another.
  let procs: Int
  /// The number of operations, unless `-n` names another.
  let operations: Int
  /// Whether the measure needs preemption, because its Gs do not yield.
  var preempts = false
  /// Runs the measure on the current G and prints the lines of its result. The argument is the number of operations.
  let run: @Sendable (_ operations: Int) -> Void

  static let all =
    switching + spawning + channels + selecting + calling + echoing + sleeping + waking + turns + convoys
    + parking + pieces
}
