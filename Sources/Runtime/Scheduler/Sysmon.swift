// Sysmon: a thread that watches from outside and never holds a P. So far it keeps the region's clock exact: the pair
// of moments by which readers convert ticks to nanoseconds is taken anew, rarer and rarer.
import Region

enum Sysmon {
  static func run(_ m: M) -> Never {
    var pause: Int64 = 100_000_000
    while true {
      m.sleepUntilWoken(nanoseconds: pause)
      Clock.refine(sched.region.header)
      pause = min(pause * 10, 60_000_000_000)
    }
  }
}
