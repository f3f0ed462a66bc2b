// Convoy: again and again many Gs stand in line for one lock, so that the program does one thing at a time.
import Observed

/// Value: the smallest number of Gs that waited at one place at a look that saw a crowd. A crowd has at least 8 Gs, and more than
/// there are Ps. The lint reports it if three looks or more saw it, over five seconds or more, and a third of all looks did. If a
/// lock is released soon, at most as many Gs wait for it as run at once, and the number of Ps limits these. More Gs that wait for
/// so long wait for each other. Not every look must see them: once all have had the lock, for a moment none waits.
package struct Convoy: Lint {
  private static let waiters = 8
  static let (looks, time): (Int, UInt64) = (3, 5_000_000_000)

  /// The least number of waiting Gs that makes a convoy in a program with `procs` Ps.
  package static func least(procs: Int) -> Int { max(waiters, procs + 1) }

  func findings(in instruments: Instruments, _ snapshot: Snapshot) -> [Finding] {
    guard let sightings = instruments.sightings else { return [] }
    let least = Self.least(procs: snapshot.procs)
    return sightings.convoys.filter { convoy in
      convoy.fewest >= least && convoy.crowded >= Self.looks && sightings.time - convoy.since >= Self.time
    }.prefix(3).map { convoy in
      let lasted = TimeText.short(sightings.time - convoy.since)
      let oldest = TimeText.short(convoy.until.excess(over: convoy.oldestSince))
      let isConstant = convoy.crowded == convoy.looks
      let isHeld = isConstant && convoy.oldestSince <= convoy.since
      let looks = isConstant ? "each of \(convoy.looks) looks" : "\(convoy.crowded) of \(convoy.looks) looks"
      let message =
        "\(counted(convoy.waiters, "G")) \(isConstant ? "wait" : "waited") for \(convoy.words) in "
        + "\(convoy.place ?? "an unknown place"), at \(looks) in \(lasted) at least \(convoy.fewest); G\(convoy.oldest) "
        + "\(isConstant ? "has waited" : "waited") longest, at least \(oldest)"
        + (isHeld ? ": it has not got the lock in all that time" : ": they get it one by one")
      return Finding(
        lint: LintName.convoy.rawValue, message: message, g: convoy.oldest, entry: convoy.place,
        value: Double(convoy.fewest), threshold: Double(least))
    }
  }
}
