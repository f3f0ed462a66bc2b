// What the events say of one request: from the wait that its packet ended to what its G did after the response.
//
// §1 The root of a request is the G that began its span (SpanWalk.swift): the G of its connection. Going back from the
// span's beginning, the root's own events say what sort of request it was, whichever comes first: its creation, then it
// is the connection's first, and an accept led to it; the end of an earlier span, then the connection was there already;
// or the beginning of the history, then it is known only that the connection is older.
//
// §2 The arrival is the last wait for a socket that ended before: of a new connection, that of the G that created the
// root, up to the creation; else the root's own, after the request before. There may be none: bytes that came together
// with those of the last request are never waited for.
//
// §3 The poll that made it ready is the first `netpoll` in the lane of the `goReady` after it: a poll first readies, then
// tells of itself. So the first `goReady` of those that it counts is the earliest sign that it had come back.
import Observed

/// Which request is meant. Moments are nanoseconds of the machine's monotonic clock.
public enum RequestChoice: Sendable, Hashable {
  /// The last that had ended by a moment.
  case last(by: UInt64)
  /// The first that ends after a moment.
  case next(after: UInt64)
  /// The last that a G took part in and that had begun by a moment.
  case of(g: UInt64, by: UInt64)
  /// A span by its number.
  case number(UInt64)
}

/// How a request came to its G.
public enum Connection: String, Sendable {
  /// By an accept: it is the first of its connection.
  case accepted
  /// On a connection that was there already.
  case kept
  /// Not from a socket, as far as events tell.
  case none
}

/// The events of a request, and what was found out of them; in the order in which they happened.
package struct RequestFacts {
  /// A wait for a socket, and the poll that ended it.
  package struct Arrival: Equatable {
    package var wait: Wait
    package var chain: WaitChain
    /// Where the G had parked, when the event is not in the history but a table of Gs tells since when and for what.
    package var row: (since: UInt64, fd: Int)?
    /// Its G's event.
    package var poll: PlacedRecord?
    /// The first `goReady` of the poll. See §3.
    package var first: PlacedRecord?

    package static func == (a: Self, b: Self) -> Bool { a.wait == b.wait && a.poll == b.poll }
  }

  package var span: SpanSummary
  /// The rules, with the target's own numbers.
  package var rules = Rules(Snapshot.RuleNumbers())
  package var connection = Connection.none
  var arrival: Arrival?
  /// The root's creation, of an accepted connection.
  package var creation: PlacedRecord?
  /// Gs that the same G had created before in the same run: connections that one wake-up brought.
  var siblings = 0
  /// Waits of the root between its creation and the beginning of the span, oldest first.
  package var waits: [Wait] = []
  /// The labels that begin and end the span; nil: it goes on.
  package var begin: PlacedRecord
  package var end: PlacedRecord?
  /// What the root did in between, events of others that concern it included; see HandlerPieces. And up to when it is
  /// looked at, in nanoseconds, where it goes on.
  package var did: [PlacedRecord] = []
  package var until: UInt64 = 0
  /// What the root did then: parked, or was gone.
  package var after: PlacedRecord?

  init(_ span: SpanSummary, _ begin: PlacedRecord) { (self.span, self.begin) = (span, begin) }
}
