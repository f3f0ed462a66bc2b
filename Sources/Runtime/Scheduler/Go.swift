// `go`: making a G.
import Region

/// Starts a G that runs `body`, soon and somewhere: it goes next on this P, and an idle P is woken that may take it.
///
/// Must be called from a G. The G is named after this call: `function at File.swift:line`. An error that leaves `body`
/// ends the process with a message that says which G it was.
public func go(
  file: StaticString = #fileID, function: StaticString = #function, line: Int = #line,
  _ body: sending @escaping () throws -> Void
) {
  let m = currentM("go")
  let g = m.newG(body, file, function, line)
  m.created(g, kind: .user)
  sched.wakeP(m)
}

/// Puts the running G last in its P's run queue and lets the others go first.
public func yield() {
  let m = currentM("yield")
  guard let g = m.g else { fatal("yield was called outside of a G") }
  m.ask(.yield)
  leave(g, m)
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
    created(g, entry: UInt32(truncatingIfNeeded: g.shared[.entry].relaxed), kind: kind)
    submitNext(g)
  }
}
