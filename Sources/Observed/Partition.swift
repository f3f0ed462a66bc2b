// Looking something up in what is in order, by halves.

extension RandomAccessCollection where Index == Int {
  /// The first place of what is not before something, in a collection whose elements that are come first; the end: all are.
  package func firstPlace(behind isBefore: (Element) -> Bool) -> Int {
    var (low, high) = (startIndex, endIndex)
    while low < high {
      let middle = low + (high - low) / 2
      if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
