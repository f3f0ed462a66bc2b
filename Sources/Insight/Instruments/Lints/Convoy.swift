// Convoy: many Gs stand in line for one lock, look after look, so that the program does one thing at a time.
import Observed

/// Value: how many Gs waited at one place at the look at which the fewest did. The lint reports it from 8 on, and from more
/// than there are Ps, if it was so at three looks or more over five seconds or more. A lock that is free soon has at most as many
/// waiters as Gs run at once, which the Ps limit; more of them, for so long, wait for each other.
package struct Convoy: Lint {
  private static let waiters = 8
  static let (looks, time): (Int, UInt64) = (3, 5_000_000_000)

  /// The fewest Gs that are a convoy on so many Ps.
  package static func least(procs: Int) -> Int { max(waiters, procs + 1) }

  func findings(in instruments: Instruments, _ snapshot: Snapshot) -> [Finding] {
    guard let sightings = instruments.sightings else { return [] }
    let least = Self.least(procs: snapshot.procs)
    return sightings.convoys.filter { convoy in
      convoy.fewest >= least && convoy.looks >= Self.looks && sightings.time - convoy.since >= Self.time
    }.prefix(3).map { convoy in
      let lasted = TimeText.short(sightings.time - convoy.since)
      let oldest = TimeText.short(sightings.time - min(sightings.time, convoy.oldestSince))
      let isHeld = convoy.oldestSince <= convoy.since
      let message =
        "\(counted(convoy.waiters, "G")) wait for \(convoy.words) in \(convoy.place ?? "an unknown place"), at each of "
        + "\(convoy.looks) looks in \(lasted) at least \(convoy.fewest); G\(convoy.oldest) has waited longest, at least \(oldest)"
        + (isHeld ? ": it has not got the lock in all that time" : ": they get it one by one")
      return Finding(
        lint: LintName.convoy.rawValue, message: message, g: convoy.oldest, entry: convoy.place,
        value: Double(convoy.fewest), threshold: Double(least))
    }
  }
}
