// Growing site: one place in the program has more and more Gs. Leaks look like this.
import Observed

/// Value: by how many the Gs that were spawned at one site have become more, without ever becoming fewer. The
/// lint reports 100 Gs or more, and a tenth of all or more, over ten seconds or more, if the oldest G has not
/// changed its state in that time. A server that gets more connections also has more and more Gs, but these
/// change their states.
struct GrowingSite: Lint {
  static let growth = 100
  static let time: UInt64 = 10_000_000_000
  static let share = 0.1

  func findings(in instruments: Instruments, _ snapshot: Snapshot) -> [Finding] {
    let census = instruments.census
    return census.sites.filter { site in
      let isStill = site.oldestSince.map { census.time > $0 && census.time - $0 >= site.growingFor } ?? false
      return site.grownBy >= Self.growth && site.growingFor >= Self.time && isStill
        && Double(site.grownBy) >= Self.share * Double(site.count)
    }.map { site in
      let message =
        "\(counted(site.count, "G")) of \(site.entry ?? "an unknown place"), \(Quantity.grouped(site.grownBy)) more in \(TimeText.short(site.growingFor))"
        + " and never fewer"
      return Finding(
        lint: LintName.growingSite.rawValue, message: message, g: site.oldest, entry: site.entry,
        value: Double(site.grownBy),
        threshold: Double(Self.growth))
    }
  }
}
