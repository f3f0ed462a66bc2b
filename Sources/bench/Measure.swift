// A measure of the scheduler, and the list of all measures.
//
// `make bench` also runs Go programs with the same measures: `sched.go` in ../shared/peers, a folder of comparable programs
// for other runtimes (docs/performance.md), and scripts/go/bench for measures that `sched.go` lacks. There a measure has the
// same name, the same number of operations and the same meaning of one operation. So its line from this program can be
// divided by its line from the Go program.

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
