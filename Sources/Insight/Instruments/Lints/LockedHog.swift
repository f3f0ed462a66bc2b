// Locked hog: a G that is locked to its thread computes without end. Its P cannot run others on that thread, and each change of
// turns costs a change of threads.
import Observed

/// Value: the share of the time that the thread was on a CPU. The lint reports it from a half on, if at every look over five
/// seconds or more the G ran or was ready, and never waited. A G that serves requests or draws pictures on a thread of its own
/// waits in between; one that shares the CPUs with others like it still gets a half of one, where two compete.
struct LockedHog: Lint {
  static let share = 0.5
  static let (looks, time): (Int, UInt64) = (10, 5_000_000_000)

  func findings(in instruments: Instruments, _ snapshot: Snapshot) -> [Finding] {
    guard let sightings = instruments.sightings else { return [] }
    return sightings.busyThreads.filter { busy in
      busy.looks >= Self.looks && busy.until - busy.since >= Self.time && Self.share(busy) >= Self.share
    }.sorted { Self.share($0) > Self.share($1) }.prefix(3).map { busy in
      let name = instruments.name(of: busy.g)
      let message =
        "\(name.text), locked to the thread of M\(busy.m), ran or was ready at each of \(busy.looks) looks in "
        + "\(TimeText.short(busy.until - busy.since)), and was not seen to wait; the thread was on a CPU for "
        + "\(Quantity.percent(Self.share(busy))) of it"
      return Finding(
        lint: LintName.lockedHog.rawValue, message: message, g: busy.g, entry: name.entry,
        value: Self.share(busy), threshold: Self.share)
    }
  }

  private static func share(_ busy: Sightings.BusyThread) -> Double {
    Double(busy.ran) / Double(max(1, busy.until - busy.since))
  }
}
