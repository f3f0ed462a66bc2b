// mpg-soak: everything that the runtime can do, at once and at random, for as long as one likes. One process works, and
// each piece of its work checks its own outcome; another watches it from outside, through the Inspector, and checks in
// every frame what must always hold. Exit code 0 when nothing was found, else 1 and one line that says what.
import Glibc

let options = Options.parseOrExit()
let seed = options.seed ?? UInt64(time(nil))

if options.work {
  Work(options, seed: seed).run()
} else {
  Observer(options, seed: seed).run()
}
