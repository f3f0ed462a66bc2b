// The width of the ids of Gs: that of the largest id that there can be.
import Inspector

extension Snapshot {
  /// The number of digits of the largest id of a G. Ids are given one after the other, so it follows from the number of Gs
  /// created; where that is not known, from the Gs that the rows name.
  var digitsOfG: Int {
    let named = ps.compactMap(\.g) + ms.compactMap(\.g)
    return String(gs.created ?? named.max() ?? 0).count
  }
}
