// The width of the ids of Gs: that of the largest id that there can be.
import Inspector

extension Snapshot {
  /// The number of digits of the largest id of a G. Ids are given one after the other, so the largest id is the number of Gs
  /// created. If that number is not known, the largest id in the rows of Ps and Ms is taken.
  var digitsOfG: Int {
    let named = ps.compactMap(\.g) + ms.compactMap(\.g)
    return String(gs.created ?? named.max() ?? 0).count
  }
}
