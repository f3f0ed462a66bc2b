// Spans: work that belongs together, such as a request, over all the Gs that take part.
//
//     let label = MPG.SpanLabel("GET /report")
//     MPG.withSpan(label) {
//       go { … }          // this G belongs to the span too, and so do those that it starts
//       …
//     }
//
// A span costs two records, a G in one a word or two that it takes from its parent. Readers find out who belongs to what
// by events alone: `goLabel`, and who created whom (docs/region.md).
import Region

/// A span's number, and its label; what a G carries.
struct GSpan: Equatable {
  let number: UInt64
  let label: UInt32
  static let none = GSpan(number: 0, label: 0)
}

/// What spans of one sort are called. Make it once, and use it for all of them.
public struct SpanLabel: Sendable, Equatable {
  let id: UInt32

  /// The name is kept for as long as the process lives, up to 120 bytes of it. Of more than 1,024 different names in a
  /// process the later ones are not kept: their spans have no label. Must be called from a G.
  public init(_ name: String) {
    _ = enterRuntime("SpanLabel")
    defer { leaveRuntime() }
    id = sched.interner.id(label: Self.cut(name), in: sched.region)
  }

  /// Cut between characters.
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

/// Runs `body` as a span of its own: the G that calls belongs to it meanwhile, and the Gs that are started in it belong
/// to it for good. Then the G belongs to the span that it belonged to before, if any. Outside of a G, or inside
/// `blocking`, it just runs `body`.
public func withSpan<Result, Failure: Error>(
  _ label: SpanLabel, _ body: () throws(Failure) -> Result
) throws(Failure) -> Result {
  // Inside `blocking` a G is in a system call. (Without a P alone it may be on loan, and is a G as any other.)
  guard let g = M.current?.g, g.status.state != .syscall else { return try body() }
  let outer = change(begins: true) { GSpan(number: $0.newSpan(), label: label.id) }
  defer { _ = change(begins: false) { _ in outer } }
  return try body()
}

/// Lets the running G belong to another span; the one before.
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
