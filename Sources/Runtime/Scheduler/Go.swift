// `go`: creating a G.
import Region

/// Starts a G that runs `body` concurrently. The new G is the next one to run on this P. If another P is idle and no M
/// searches for work already, an M is woken, which may take the G.
///
/// Must be called from a G. The new G is named after this call: `function at File.swift:line`. An error that leaves
/// `body` ends the process with a message that names the G. The one exception: in a cancelled G, the error that reports
/// the cancellation only ends the G (`CancellableError`).
/// - Parameters:
///   - scope: the scope that can cancel the G; nil: the caller's scope (`withCancellation`).
///   - file: names the G, with `function` and `line`. The defaults are the place of the call.
///   - function: see `file`.
///   - line: see `file`.
///   - body: what the G runs.
public func go(
  in scope: Cancellation? = nil,
  file: StaticString = #fileID, function: StaticString = #function, line: Int = #line,
  _ body: sending @escaping () throws -> Void
) {
  let m = enterRuntime("go")
  let g = m.newG(body, file, function, line)
  (scope ?? m.g?.scope)?.join(g)
  m.created(g, kind: .user)
  sched.wakeP(m)
  leaveRuntime()
}

/// As `go`, but the G belongs to no scope, whatever the caller's scope. A scope must list its Gs to cancel them; a G
/// that soon ends, or waits for nothing that can be cancelled, need not pay for that.
public func goDetached(
  file: StaticString = #fileID, function: StaticString = #function, line: Int = #line,
  _ body: sending @escaping () throws -> Void
) {
  let m = enterRuntime("goDetached")
  m.created(m.newG(body, file, function, line), kind: .user)
  sched.wakeP(m)
  leaveRuntime()
}

/// Lets other Gs go first: puts the running G last in its P's run queue, or in the global one where there are more Ps
/// than CPUs. Must be called from a G.
public func yield() {
  let m = enterRuntime("yield")
  guard let g = m.g else { fatal("yield was called outside of a G") }
  m.ask(.yield)
  switchAway(g, m)
  leaveRuntime()
}

extension M {
  /// Makes the descriptor of a G with a body and a name. The G is not counted yet, and no other thread can find it.
  @inline(__always)
  func newG(
    _ body: sending @escaping () throws -> Void, _ file: StaticString, _ function: StaticString, _ line: Int
  ) -> G {
    let p = p
    let g = p.takeG()
    unsafe g.record.pointee.body = body
    g.shared[.id].set(p.newId())
    g.shared[.entry].set(UInt64(p.entry(file, function, line)))
    return g
  }

  /// Counts a new G as runnable and makes it the next G of this P.
  @inline(__always)
  func created(_ g: G, kind: GKind) {
    let place = nextPlace
    created(g, entry: UInt32(truncatingIfNeeded: g.shared[.entry].relaxed), kind: kind, place)
    submitNext(g, place)
  }
}
