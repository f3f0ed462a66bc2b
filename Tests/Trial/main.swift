// One program that tries each part of the runtime and says what came out, for machines that the test suites cannot be built
// for: `make cross-aarch64` builds it for aarch64 and runs it under an emulator. Each outcome is computed, none is read off a
// clock, so a slow machine changes nothing.
//
//     mpg-trial
//
// Prints a line for each part. Exit code 0: all came out right; 1: some did not. A part that hangs is the caller's to end.
import Glibc
import MPG

/// A part of the runtime, and what it did: a sentence, or nil if it came out wrong.
struct Trial: Sendable {
  let name: String
  let run: @Sendable () -> String?
}

let trials = [
  Trial(name: "channels", run: sendThroughChannels), Trial(name: "select", run: selectFromMany),
  Trial(name: "mutex", run: shareNumber), Trial(name: "timers", run: sleepInOrder),
  Trial(name: "sockets", run: echoToMany), Trial(name: "deadline", run: readUntilDeadline),
  Trial(name: "blocking calls", run: blockThreads), Trial(name: "preemption", run: preemptHogs),
  Trial(name: "rounding", run: keepRounding),
]

var options = MPG.Options()
options.procs = 2
options.preemption = true
MPG.main(options) {
  var wrong = 0
  for trial in trials {
    let said = trial.run()
    print("trial: \(trial.name): \(said ?? "WRONG")")
    wrong += said == nil ? 1 : 0
  }
  print("trial: \(trials.count - wrong) of \(trials.count) came out right; Gs: \(MPG.statistics().created)")
  exit(wrong == 0 ? 0 : 1)
}
