// The rows of a snapshot, and the Ps to which they belong.

extension Snapshot {
  /// The index in `ps` of the row of a P; nil: it has no row. The index is the P's id unless a P with a lower id was
  /// stopped.
  package func row(ofP id: Int) -> Int? {
    if ps.indices.contains(id), ps[id].id == id { return id }
    return ps.firstIndex { $0.id == id }
  }

  /// Inserts the row of an M in the order of ids, unless it has one.
  package mutating func insert(_ m: M) {
    let place = ms.firstPlace { $0.id < m.id }
    if place < ms.count, ms[place].id == m.id { return }
    ms.insert(m, at: place)
  }

  /// Inserts the row of a P in the order of ids, unless it has one.
  package mutating func insert(_ p: P) {
    let place = ps.firstPlace { $0.id < p.id }
    if place < ps.count, ps[place].id == p.id { return }
    ps.insert(p, at: place)
  }
}

extension Snapshot {
  /// Moves Ps that are stopped and beyond `procs` out of the rows. Their counts are added to `retired`.
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
