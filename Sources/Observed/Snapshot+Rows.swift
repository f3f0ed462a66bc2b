// Which row of a snapshot is which P's.

extension Snapshot {
  /// Where in `ps` a P is: mostly at its id, but not when Ps below it were stopped. nil: it has no row.
  package func row(ofP id: Int) -> Int? {
    if ps.indices.contains(id), ps[id].id == id { return id }
    return ps.firstIndex { $0.id == id }
  }
}

extension Snapshot {
  /// Ps that are stopped, beyond the number of procs, have no rows; what they counted counts on.
  package mutating func putStoppedAway() {
    let procs = procs
    func isStopped(_ p: P) -> Bool { p.id >= procs && p.status == .stopped }
    guard ps.contains(where: isStopped) else { return }
    for p in ps.filter(isStopped) {
      retired?.add(p)
      stopped.append(p)
    }
    ps.removeAll(where: isStopped)
  }
}
