// Decides which Ps have rows: those that may run Gs, and those beyond them that an M has not let go of yet.
// The counts of a stopped P are kept, because the P may be used again.
import Observed

extension Model {
  /// The row of a P on which something happened. A P that is new, or used again, gets a row; nil: its id is
  /// so large that the event must be damaged.
  package mutating func row(ofP id: Int) -> Int? {
    if let row = state.row(ofP: id) { return row }
    guard id >= 0, id < QueueAccount.mostPs else { return nil }
    return open(id)
  }

  private mutating func open(_ id: Int) -> Int {
    var p = Snapshot.P.beginning(id, like: state.ps.first ?? state.stopped.first)
    if let old = state.stopped.firstIndex(where: { $0.id == id }) {
      p = state.stopped.remove(at: old)
      state.retired?.takeOff(p)
    }
    (p.id, p.status) = (id, .idle)
    let row = state.ps.firstIndex { $0.id > id } ?? state.ps.count
    state.ps.insert(p, at: row)
    return row
  }

  /// Notes that `procs` Ps may now run Gs: new Ps get rows, and stopped Ps beyond that number lose theirs.
  package mutating func change(procs: Int) {
    guard procs <= QueueAccount.mostPs else { return }
    state.procs = procs
    for id in 0..<procs where state.row(ofP: id) == nil { _ = open(id) }
    state.putStoppedAway()
  }

  /// Notes that an M let go of a P for good, before or after the number of Ps was changed. The P is then
  /// stopped.
  package mutating func retire(_ id: Int) {
    guard let row = row(ofP: id) else { return }
    (state.ps[row].status, state.ps[row].m, state.ps[row].g) = (.stopped, nil, nil)
    state.ps[row].entry = nil
    state.putStoppedAway()
  }

  /// Counts a steal from a P, which may have been stopped since.
  mutating func countLoss(ofP id: Int) {
    if let row = state.row(ofP: id) {
      state.ps[row].stealsOut.add(1)
    } else if let old = state.stopped.firstIndex(where: { $0.id == id }) {
      state.stopped[old].stealsOut.add(1)
      state.retired?.stealsOut.add(1)
    }
  }
}
