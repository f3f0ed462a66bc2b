// The facts that the events tell of one request: from the wait that ended when its packet came, to what its G
// did after the response.
//
// §1 The root of a request is the G that began its span (SpanWalk.swift): the G of its connection. The root's
// own events before the span say what sort of request it was. The search goes back from the beginning of the
// span, and the first of these events that it meets decides: if the root was created, this is the first request
// of the connection, and an accept led to it; if an earlier span ended, the connection existed before; if the
// history reaches no further back, it is known only that the connection is older.
//
// §2 The arrival is the last wait for a socket that ended before the span. On a new connection it is a wait
// of the G that created the root, and lies before that creation. Otherwise it is a wait of the root itself,
// after its previous request. There may be none: if the bytes came together with those of the previous
// request, no G waited for them.
//
// §3 A poll readies its Gs first, and records itself afterwards. So the poll that readied a G is the first
// `netpoll` event after the G's `goReady` in the same lane. The first `goReady` of this poll is the earliest
// sign that the poll had returned.
import Observed

/// Says which request is meant. Moments are nanoseconds of the machine's monotonic clock.
public enum RequestChoice: Sendable, Hashable {
  /// The last request that had ended by a moment.
  case last(by: UInt64)
  /// The first request that ends after a moment.
  case next(after: UInt64)
  /// The last request that a G took part in and that had begun by a moment.
  case of(g: UInt64, by: UInt64)
  /// The request whose span has this number.
  case number(UInt64)
}

/// How a request came to its G.
public enum Connection: String, Sendable {
  /// The request came by an accept: it is the first of its connection.
  case accepted
  /// The request came on a connection that existed before.
  case kept
  /// The request did not come from a socket, as far as the events tell.
  case none
}

/// The events of one request, and what follows from them, in the order in which they happened.
package struct RequestFacts {
  /// A wait for a socket, and the poll that ended it.
  package struct Arrival: Equatable {
    package var wait: Wait
    package var chain: WaitChain
    /// The time since which the G had been parked, in ticks, and the descriptor for which it waited, both from
    /// a table of Gs. Set only if the event that parked the G is not in the history.
    package var row: (since: UInt64, fd: Int)?
    /// The `netpoll` event of the poll that ended the wait.
    package var poll: PlacedRecord?
    /// The first `goReady` event by which the poll readied a G. See §3.
    package var first: PlacedRecord?

    package static func == (a: Self, b: Self) -> Bool { a.wait == b.wait && a.poll == b.poll }
  }

  package var span: SpanSummary
  /// The scheduler's rules, with the target's own numbers.
  package var rules = Rules(Snapshot.RuleNumbers())
  package var connection = Connection.none
  var arrival: Arrival?
  /// The event that created the root, the G that began the request's span; nil: the root was created before the
  /// events that were searched, or it also began an earlier span, and the search ended there (§1).
  package var creation: PlacedRecord?
  /// How many Gs the G that accepted the connection created before the root, since its last wait ended: one for
  /// each connection that the same wake-up brought.
  var siblings = 0
  /// The waits of the root (the G that began the span) between its creation and the span, oldest first.
  package var waits: [Wait] = []
  /// The `goLabel` event that begins the span.
  package var begin: PlacedRecord
  /// The `goLabel` event that ends the span; nil: the span goes on.
  package var end: PlacedRecord?
  /// The events that tell what the G that began the span did in it, and those by which sysmon took this G's P.
  /// See HandlerPieces.
  package var did: [PlacedRecord] = []
  /// The moment of the end of the history, in nanoseconds: the pieces of a span that goes on reach up to it.
  package var until: UInt64 = 0
  /// The event after the span in which the G that began the span parked or exited.
  package var after: PlacedRecord?

  init(_ span: SpanSummary, _ begin: PlacedRecord) { (self.span, self.begin) = (span, begin) }
}
