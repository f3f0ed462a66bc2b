// Where /proc tells of the threads of a target that may live in another pid namespace.

/// Where the system tells of a target's threads: /proc/PID/task/TID. The numbers of threads that a region tells are those of
/// its own namespace.
package final class ThreadPlaces {
  /// Of the process, here.
  package let pid: Int32
  private let isForeign: Bool
  /// The numbers here of those there.
  private var numbers: [Int32: Int32] = [:]
  private var nextLook: UInt64 = 0

  /// - Parameter isForeign: whether the process lives in another pid namespace.
  package init(pid: Int32, isForeign: Bool) { (self.pid, self.isForeign) = (pid, isForeign) }

  /// The folders of threads; of those that are not found, none.
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
