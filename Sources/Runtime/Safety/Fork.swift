// Fork: what the runtime is in a child of its process. Nothing, by design: the threads did not come along, and what they
// work on is the parent's. So a child may compute, `exec` and exit, also out of a G or of `blocking`; the first thing that
// it asks of the runtime ends it, with a line that says what to do instead; and nothing that it does is seen by the
// parent. How that is had at no cost to the parent: fork.c.
import CMPG
import Glibc
import Region

enum Fork {
  /// At boot, once there is a region.
  static func install(_ region: RegionFile) {
    let error = region.keepFromChildren { unsafe runtimeRegion = nil }
    if error != 0 { fatal("cannot keep the region from children of fork: \(errnoName(error))") }
  }

  /// Ends a child that used the runtime. Allocates nothing: a thread that did not come along may have held malloc's lock.
  static func refuse(_ what: StaticString) -> Never {
    say(what)
    abort()
  }

  /// In the signal handler: a child touched what it does not have. Through a call that no handler of fork was told of
  /// (`_Fork`, `clone`), or past the borders of the runtime.
  static func reportTouch(_ address: UnsafeMutableRawPointer?) {
    if unsafe mpg_in_region(address) { say("the runtime") }
  }

  private static func say(_ what: StaticString) {
    PlainText.line { text in
      text.add("mpg: ")
      text.add(what)
      text.add(" was used in a child of fork, where the runtime does not live on")
      text.add("; exec a program there, or fork before MPG.main")
    }
  }
}
