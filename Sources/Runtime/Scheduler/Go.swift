// `go`: making a G.
import Region

/// Starts a G that runs `body`, soon and somewhere: it goes next on this P, and an idle P is woken that may take it.
///
/// Must be called from a G. The G is named after this call: `function at File.swift:line`. An error that leaves `body`
/// ends the process with a message that says which G it was; but that it was cancelled is no error of a cancelled G
/// (`CancellableError`).
/// - Parameter scope: what it belongs to; nil: the scope of the G that calls (`withCancellation`).
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

/// As `go`, but the G belongs to no scope, whatever that of the G that calls: to be cancelled it would have to be listed there,
/// and one that is soon over, or has nothing that could be cancelled, need not pay for that.
public func goDetached(
  file: StaticString = #fileID, function: StaticString = #function, line: Int = #line,
  _ body: sending @escaping () throws -> Void
) {
  let m = enterRuntime("goDetached")
  m.created(m.newG(body, file, function, line), kind: .user)
  sched.wakeP(m)
  leaveRuntime()
}

/// Puts the running G last in its P's run queue, or in the global one where there are more Ps than CPUs, and lets the others
/// go first.
public func yield() {
  let m = enterRuntime("yield")
  guard let g = m.g else { fatal("yield was called outside of a G") }
  m.ask(.yield)
  switchAway(g, m)
  leaveRuntime()
}

extension M {
  /// A descriptor with a body and a name; not yet counted, and known to nobody.
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

  /// Counts a new G as runnable and makes it the next of this P.
  @inline(__always)
  func created(_ g: G, kind: GKind) {
    let place = nextPlace
    created(g, entry: UInt32(truncatingIfNeeded: g.shared[.entry].relaxed), kind: kind, place)
    submitNext(g, place)
  }
}
