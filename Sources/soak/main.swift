// mpg-soak: does everything that the runtime can do, at once and at random, for a given time. One process works, and each
// piece of its work checks its own outcome. Another process watches the first from outside, through the Inspector, and
// checks its invariants in every snapshot. Exit code 0 when nothing was found, otherwise 1 and one line that says what.
//
// `mpg-soak fairness` is another mix, in which every wait for a turn is compared with a bound: Fairness/Watcher.swift.
import CSoak
import Glibc

let arguments = Array(CommandLine.arguments.dropFirst())
if arguments.first == "fairness" {
  let options = FairnessOptions.fromCommandLine(Array(arguments.dropFirst()))
  let seed = options.seed ?? UInt64(time(nil))
  if options.work {
    csoak_end_with_parent()
    Mix(options, seed: seed).run()
  } else {
    Fairness(options, seed: seed).run()
  }
}

if let word = arguments.first, !word.hasPrefix("-") {
  complain("'\(word)' is no command; the only one is fairness")
}
let options = Options.fromCommandLine(arguments)
let seed = options.seed ?? UInt64(time(nil))

if let fd = options.writer {
  csoak_end_with_parent()
  Writer(fd: fd, seed: seed, minutes: options.minutes).run()
} else if options.work {
  csoak_end_with_parent()
  Work(options, seed: seed).run()
} else {
  Observer(options, seed: seed).run()
}
