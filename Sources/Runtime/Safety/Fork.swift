// Fork: in a child, the runtime does not exist, by design. Its threads did not come along, and the memory that they
// work on is the parent's. So a child may compute, `exec` and exit, also from a G or from `blocking`. The first use of
// the runtime in a child ends the child, with a line that says what to do instead. The parent sees nothing of what a
// child does. fork.c says how we get this at no cost to the parent.
import CMPG
import Glibc
import Region

enum Fork {
  /// Hides the region from children of fork. Called at boot, once there is a region.
  static func install(_ region: RegionFile) {
    let error = region.keepFromChildren {
      unsafe runtimeRegion = nil
      ControlThread.forget()
    }
    if error != 0 { fatal("cannot keep the region from children of fork: \(errnoName(error))") }
  }

  /// Ends a child that used the runtime. Allocates nothing: a thread that did not come along may have held malloc's
  /// lock.
  static func refuse(_ what: StaticString) -> Never {
    say(what)
    abort()
  }

  /// Called in the signal handler when a child touched memory that it does not have. That happens in a child that was
  /// made by a call that runs no fork handlers (`_Fork`, `clone`), or that got past the checks where the runtime is
  /// entered.
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
