// One event of a trace, as the reader gives it: with the thread, P and G that it happened on.

/// One event of a Go execution trace. A plain value of fixed size: nothing is allocated for an event.
public struct TraceEvent: Sendable, Equatable {
  /// The arguments, as ``TraceKind`` lists them; 0 for those that the kind does not have.
  public var arguments: (UInt64, UInt64, UInt64, UInt64)
  /// The kind of the event: what happened.
  public var kind: TraceKind
  /// When the event happened, in nanoseconds of the traced process's own clock, which counts from no known moment.
  /// Each event has a later time than the event before it, as in Go's own reader.
  public var time: Int64
  /// The thread (M) by the system's number; nil: none, as with events of the runtime itself.
  public var m: UInt64? { thread == TraceEvent.noThread ? nil : thread }
  /// The P that the thread had before the event; nil: none.
  public var p: Int? { proc < 0 ? nil : Int(proc) }
  /// The G that the thread ran before the event; nil: none.
  public var g: UInt64? { slot < 0 && goroutine == 0 ? nil : goroutine }
  /// Whether the event is a part of the one before it, and not in the file by itself: a `goSwitch` is followed by a
  /// `goBlock` or `goDestroy` of the G that ran and a `goStart` of the next one, and a `goDestroySyscall` of a thread
  /// that still has a P comes after a `procSteal`.
  public var isDerived: Bool { flags & Self.derived != 0 }
  /// Whether the event does not fit those before it, because something is missing in the file or wrong. Then its time
  /// alone has decided where it stands among the others.
  public var isOutOfOrder: Bool { flags & Self.forced != 0 }

  /// The place of `g` in a table of the Gs that live; −1: none. A place is used again after its G ended.
  public internal(set) var slot: Int32
  /// The place of the G that the event is about, when this is another one than `g`: the one that is made, started,
  /// unblocked or whose state is told; −1: there is none.
  public internal(set) var subject: Int32

  var thread: UInt64
  var goroutine: UInt64
  var proc: Int32
  var flags: UInt8

  static let noThread = UInt64.max
  static let derived: UInt8 = 1
  static let forced: UInt8 = 2

  public static func == (a: TraceEvent, b: TraceEvent) -> Bool {
    a.time == b.time && a.kind == b.kind && a.arguments == b.arguments && a.thread == b.thread
      && a.goroutine == b.goroutine && a.proc == b.proc && a.flags == b.flags && a.slot == b.slot
      && a.subject == b.subject
  }
}
