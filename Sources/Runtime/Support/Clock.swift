// Time: ticks of the region's clock, and their conversion to nanoseconds.
//
// Reading the CPU's counter costs a third of a call to the vDSO, so the runtime counts in ticks: events, timers,
// deadlines. The region's header holds two moments, each in ticks and in nanoseconds; the straight line through them
// converts one unit into the other. The boot measures the first moment. Sysmon measures the second one again and again
// while the process runs, so the error shrinks with the uptime.
import CMPG
import Glibc
import Region
import Synchronization

enum Clock {
  /// The number of ticks in a nanosecond, times 2^32. Its relative error is below 1e-4 after the boot's
  /// calibration, then shrinks.
  private static let ticksPerNanosecond = Atomic<UInt64>(1 << 32)

  @inline(__always)
  static var now: UInt64 { mpg_ticks() }

  static func ticks(nanoseconds: UInt64) -> UInt64 {
    let product = nanoseconds.multipliedFullWidth(by: ticksPerNanosecond.load(ordering: .relaxed))
    return product.high >> 32 != 0 ? .max : product.high << 32 | product.low >> 32
  }

  static func nanoseconds(ticks: UInt64) -> UInt64 {
    let divisor = ticksPerNanosecond.load(ordering: .relaxed)
    guard ticks >> 63 == 0 else { return .max }
    let (quotient, remainder) = ticks.quotientAndRemainder(dividingBy: divisor)
    // This is ticks · 2^32 / divisor, without overflow for any uptime that a machine can have.
    guard quotient < 1 << 31 else { return .max }
    return quotient << 32 + divisor.dividingFullWidth((remainder >> 32, remainder << 32)).quotient
  }

  /// Decides from which clock the ticks come, and measures the first pair of moments, 2 ms apart.
  static func boot(_ header: Block<HeaderField>) {
    let counts = mpg_clock_is_invariant() && kernelTrustsCounter()
    mpg_clock_use_counter(counts)
    header[.clockKind].set(counts ? 1 : 0)
    let first = moment()
    while mpg_clock_nanoseconds() - first.nanoseconds < 2_000_000 { mpg_relax() }
    header[.clockTicks0].set(first.ticks)
    header[.clockNanoseconds0].set(first.nanoseconds)
    refine(header)
    var wall = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &wall)
    let wallNanoseconds = UInt64(wall.tv_sec) * 1_000_000_000 + UInt64(wall.tv_nsec)
    header[.wallOffset].set(wallNanoseconds &- mpg_clock_nanoseconds())
  }

  /// Measures the second moment of the conversion again, now further from the first. Only one caller at a time: the
  /// boot, then sysmon.
  static func refine(_ header: Block<HeaderField>) {
    let now = moment()
    let sequence = header[.clockSequence]
    sequence.setOrdered(sequence.relaxed + 1)  // odd: the second moment is changing
    header[.clockTicks1].setOrdered(now.ticks)
    header[.clockNanoseconds1].setOrdered(now.nanoseconds)
    sequence.setOrdered(sequence.relaxed + 1)
    let ticks = now.ticks - header[.clockTicks0].relaxed
    let nanoseconds = now.nanoseconds - header[.clockNanoseconds0].relaxed
    guard header[.clockKind].relaxed == 1, nanoseconds > 0 else { return }
    let (high, low) = ticks.multipliedFullWidth(by: 1 << 32)
    guard high < nanoseconds else { return }
    ticksPerNanosecond.store(nanoseconds.dividingFullWidth((high, low)).quotient, ordering: .relaxed)
  }

  /// The present moment, in ticks and in nanoseconds. Takes the tightest of a few tries, so that a preemption in
  /// between does not count.
  private static func moment() -> (ticks: UInt64, nanoseconds: UInt64) {
    var best: (ticks: UInt64, nanoseconds: UInt64) = (0, 0)
    var tightest = UInt64.max
    for _ in 0..<5 {
      let before = mpg_ticks()
      let nanoseconds = mpg_clock_nanoseconds()
      let after = mpg_ticks()
      if after - before < tightest {
        tightest = after - before
        best = (before + (after - before) / 2, nanoseconds)
      }
    }
    return best
  }

  /// Whether the kernel keeps time by the CPU's counter. The kernel uses another clock if it found the counter
  /// unsteady; so do we.
  private static func kernelTrustsCounter() -> Bool {
    #if arch(x86_64)
      let path = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
      return SystemCall.contents(of: path).map { $0.hasPrefix("tsc") } ?? false
    #else
      return true
    #endif
  }
}

/// A moment of the runtime's clock, for deadlines. That clock stands still while the scheduler is held from outside.
public struct Deadline: Sendable, Comparable {
  let ticks: UInt64

  /// The moment `duration` from now; a negative duration is now.
  public static func after(_ duration: Duration) -> Deadline {
    Deadline(ticks: Clock.paced &+ min(Clock.ticks(nanoseconds: duration.wholeNanoseconds), 1 << 62))
  }

  /// The time that is left until the deadline; zero once it is past.
  public var timeLeft: Duration {
    let now = Clock.paced
    return .nanoseconds(ticks > now ? Int64(clamping: Clock.nanoseconds(ticks: ticks &- now)) + 1 : 0)
  }

  public static func < (a: Deadline, b: Deadline) -> Bool { a.ticks < b.ticks }
}

extension Duration {
  /// The duration in nanoseconds, rounded up; 0 when negative; at most some 146 years.
  var wholeNanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    guard !overflow, whole < 1 << 62 else { return 1 << 62 }
    return whole + UInt64((attoseconds + 999_999_999) / 1_000_000_000)
  }
}
