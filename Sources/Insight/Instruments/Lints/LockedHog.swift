// Locked hog: a G that is locked to its thread computes without end. That thread runs no other G, so each change between this G
// and another one costs a change of threads.
import Observed

/// Value: the share of the time in which the thread was on a CPU, or was ready and got none, because the machine is full. The
/// lint reports a share of one half or more, if at ten looks or more, over five seconds or more, the G ran or was ready, and was
/// never seen to wait. A G that serves requests or draws pictures on a thread of its own waits in between. The limit is one half,
/// because the thread also sleeps while its G is ready and has no P: two such Gs that compete for one P have it half of the time
/// each.
struct LockedHog: Lint {
  static let share = 0.5
  static let (looks, time): (Int, UInt64) = (10, 5_000_000_000)

  func findings(in instruments: Instruments, _ snapshot: Snapshot) -> [Finding] {
    guard let sightings = instruments.sightings else { return [] }
    return sightings.busyThreads.filter { busy in
      busy.looks >= Self.looks && busy.until - busy.since >= Self.time && Self.share(busy) >= Self.share
    }.sorted { Self.share($0) > Self.share($1) }.prefix(3).map { busy in
      let name = instruments.name(of: busy.g)
      let isStarved = busy.waited > busy.ran / 10
      let message =
        "\(name.text), locked to the thread of M\(busy.m), ran or was ready at each of \(busy.looks) looks in "
        + "\(TimeText.short(busy.until - busy.since)), and was not seen to wait; the thread was on a CPU for "
        + "\(Quantity.percent(Self.part(busy.ran, of: busy))) of it"
        + (isStarved ? ", and waited for one for \(Quantity.percent(Self.part(busy.waited, of: busy)))" : "")
      return Finding(
        lint: LintName.lockedHog.rawValue, message: message, g: busy.g, entry: name.entry,
        value: Self.share(busy), threshold: Self.share)
    }
  }

  /// Returns the share of the stretch in which the thread ran or waited for a CPU. At most 1: the kernel counts a wait
  /// for a CPU when it ends, with the part before the stretch, so the sum may be longer than the stretch.
  private static func share(_ busy: Sightings.BusyThread) -> Double {
    min(1, part(busy.ran, of: busy) + part(busy.waited, of: busy))
  }

  private static func part(_ time: UInt64, of busy: Sightings.BusyThread) -> Double {
    Double(time) / Double(max(1, busy.until - busy.since))
  }
}
