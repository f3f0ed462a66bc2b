// The row of the table of Gs for a G of a trace.
import GoTrace
import History
import Observed
import Region

extension GoroutineRow {
  /// The row of a G that lives.
  init(_ g: TraceMapping.LiveG) {
    let states: GState =
      switch g.state {
      case .runnable: .runnable
      case .running: .running
      case .syscall: .syscall
      case .waiting: .waiting
      }
    self.init(
      id: g.id, state: states, reason: g.state == .waiting ? g.reason : .none,
      kind: g.id == 1 ? .main : .user,
      since: g.since, entry: UInt64(g.entry), parent: g.parent, p: g.p, created: g.created)
    isOlder = g.isOlder
  }
}
