// The places below /proc that tell of a target's threads, also when the target lives in another pid
// namespace.

/// Finds the folder /proc/PID/task/TID of each thread of a target. A region names its threads by their numbers in the
/// target's pid namespace; /proc names them by their numbers in ours.
package final class ThreadPlaces {
  /// The number of the process in our pid namespace.
  package let pid: Int32
  private let isForeign: Bool
  /// The numbers of threads in our namespace, by their numbers in the target's.
  private var numbers: [Int32: Int32] = [:]
  private var nextLook: UInt64 = 0

  /// - Parameters:
  ///   - pid: the number of the process in our pid namespace.
  ///   - isForeign: whether the process lives in another pid namespace.
  package init(pid: Int32, isForeign: Bool) { (self.pid, self.isForeign) = (pid, isForeign) }

  /// The folders of these threads below /proc. A thread that is not found is missing.
  package func folders(of tids: [Int32], at now: UInt64 = monotonicNow()) -> [Int32: String] {
    let tids = tids.filter { $0 > 0 }
    if isForeign, now >= nextLook, tids.contains(where: { numbers[$0] == nil }) {
      nextLook = now + 1_000_000_000
      refresh()
    }
    var folders: [Int32: String] = [:]
    for tid in tids {
      if let number = isForeign ? numbers[tid] : tid { folders[tid] = "/proc/\(pid)/task/\(number)/" }
    }
    return folders
  }

  private func refresh() {
    numbers.removeAll()
    for name in (try? listing(of: "/proc/\(pid)/task", limit: 1 << 16)) ?? [] {
      guard let number = Int32(name),
        let inside = NamespaceNumbers.last(of: "/proc/\(pid)/task/\(name)/status")
      else { continue }
      numbers[inside] = number
    }
  }
}
