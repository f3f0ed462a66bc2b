// Binary search in a collection that is in order.

extension RandomAccessCollection where Index == Int {
  /// The first index whose element does not satisfy `isBefore`; the end index if all elements do. Elements that satisfy
  /// it must come first.
  package func firstPlace(behind isBefore: (Element) -> Bool) -> Int {
    var (low, high) = (startIndex, endIndex)
    while low < high {
      let middle = low + (high - low) / 2
      if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
