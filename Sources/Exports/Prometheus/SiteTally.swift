// How many Gs each place of a program has spawned that still live, in a number of series that has a bound.
//
// Names of places come from the program, which may have any number of them, and each name that a scraper once saw stays in its
// database. So a tally gives names to a few places only, those with the most Gs, and a place keeps its name. All others are
// counted together.
import Observed

/// Counts Gs by the place where they were spawned, in one table of Gs after the other. A plain value.
package struct SiteTally: Sendable, Equatable {
  /// The most places that get a name as long as the tally lives.
  package static let most = 20
  /// The names under which all places without a name of their own are counted, and Gs whose place of spawning is not
  /// known.
  package static let (others, unknown) = ("(other)", "(unknown)")

  /// The Gs of each place, in the order in which the places got their names; the last two are `others` and `unknown`.
  package private(set) var counts: [Site] = []
  /// The places that have a name, in the order in which they got it.
  private var named: [String] = []

  /// A place, and its live Gs.
  package struct Site: Sendable, Equatable {
    package var name: String
    package var gs: Int
  }

  package init() {}

  /// Counts the rows of a table. `name` tells the name of a place by its string id.
  package mutating func take(_ rows: some Collection<GoroutineRow>, _ name: (UInt64) -> String?) {
    var ids: [UInt64: Int] = [:]
    for row in rows { ids[row.entry, default: 0] += 1 }
    var sites: [String: Int] = [:]
    for (id, count) in ids { sites[Self.label(id == 0 ? nil : name(id)), default: 0] += count }
    let unknown = sites.removeValue(forKey: Self.unknown) ?? 0
    let fresh = sites.filter { !named.contains($0.key) }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    named += fresh.prefix(Self.most - named.count).map(\.key)
    counts = named.map { Site(name: $0, gs: sites.removeValue(forKey: $0) ?? 0) }
    counts.append(Site(name: Self.others, gs: sites.values.reduce(0, +)))
    counts.append(Site(name: Self.unknown, gs: unknown))
  }

  /// Returns the label for a place: its name, cut to the longest label. Places with the same cut name count as one. A
  /// place that has the name of `others` counts as unknown, so that it is not mixed up with them.
  private static func label(_ name: String?) -> String {
    guard let name else { return unknown }
    let label = String(String.UnicodeScalarView(name.unicodeScalars.prefix(MetricsText.longestLabel)))
    return label == others ? unknown : label
  }
}
