// Spans: work that belongs together, such as a request, across all the Gs that take part.
//
//     let label = MPG.SpanLabel("GET /report")
//     MPG.withSpan(label) {
//       go { … }          // this G belongs to the span too, and so do those that it starts
//       …
//     }
//
// A span costs two records, and each of its Gs copies two words from its parent. Readers find out which G belongs to
// which span by events alone: `goLabel`, and `goCreate`, which names the creator (docs/region.md).
import Region

/// A span's number and label. Each G carries one.
struct GSpan: Equatable {
  let number: UInt64
  let label: UInt32
  static let none = GSpan(number: 0, label: 0)
}

/// The name of spans of one kind. Make it once, and use it for all of them.
public struct SpanLabel: Sendable, Equatable {
  let id: UInt32

  /// Keeps up to 120 bytes of the name for as long as the process lives. After 1,024 different names in a process,
  /// further names are not kept: their spans have no label. Must be called from a G.
  public init(_ name: String) {
    _ = enterRuntime("SpanLabel")
    defer { leaveRuntime() }
    id = sched.interner.id(label: Self.cut(name), in: sched.region)
  }

  /// Cuts a name that is too long, between characters.
  private static func cut(_ name: String) -> String {
    guard name.utf8.count > Interner.longestLabel else { return name }
    var bytes = 0
    return String(
      name.prefix {
        bytes += $0.utf8.count
        return bytes <= Interner.longestLabel
      })
  }
}

/// Runs `body` as a span of its own. Until `body` ends, the calling G belongs to the span; Gs that are started in it
/// belong to it for good. Afterwards the calling G belongs to its earlier span again, if it had one. Outside of a G, or
/// inside `blocking`, this only runs `body`.
public func withSpan<Result, Failure: Error>(
  _ label: SpanLabel, _ body: () throws(Failure) -> Result
) throws(Failure) -> Result {
  // Inside `blocking` a G is in a system call. Do not ask for a P instead: a G on loan has none, and is a G like any
  // other.
  guard let g = M.current?.g, g.status.state != .syscall else { return try body() }
  let outer = change(begins: true) { GSpan(number: $0.newSpan(), label: label.id) }
  defer { _ = change(begins: false) { _ in outer } }
  return try body()
}

/// Moves the running G to another span. Returns the span before.
private func change(begins: Bool, to next: (P) -> GSpan) -> GSpan {
  let m = enterRuntime("withSpan")
  defer { leaveRuntime() }
  guard let g = m.g else { fatal("withSpan on M\(m.id), which runs no G") }
  let outer = g.span
  let span = next(m.p)
  g.span = span
  m.labelled(g, span, begins: begins)
  return outer
}

extension M {
  fileprivate func labelled(_ g: G, _ span: GSpan, begins: Bool) {
    emitOther(
      .goLabel, at: stamp(), g: g.id, detail: begins ? 1 : 0, count: Int(span.label), arg: span.number)
  }
}
