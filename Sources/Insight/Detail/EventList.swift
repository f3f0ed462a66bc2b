// The last events of all lanes that a filter lets through, in one list.
import Observed

/// A wish for events: the last `limit` of those that `filter` lets through.
public struct EventQuery: Sendable, Equatable {
  /// The filter that the wanted events pass.
  public var filter: Filter
  /// How many events are wanted at most.
  public var limit: Int
  /// Asks for the last `limit` events that pass `filter`.
  public init(filter: Filter = .everything, limit: Int = 500) { (self.filter, self.limit) = (filter, limit) }
}

/// Events in the order of time, oldest first.
public struct EventList: Sendable, Equatable {
  /// The events that were found.
  public var events: [Event] = []
  /// The moment up to which events were wanted, in nanoseconds of the machine's monotonic clock.
  public var end: UInt64 = 0
  /// The moment back to which events were searched for, in nanoseconds of the machine's monotonic clock.
  public var searchedFrom: UInt64 = 0
  /// How many records were looked at.
  public var searched = 0
  /// An empty list.
  public init() {}
}

extension EventList {
  init(_ found: FoundEvents, to moment: UInt64) {
    let clock = found.wording.clock
    (end, searchedFrom) = (clock.nanoseconds(at: moment), clock.nanoseconds(at: found.searchedFrom))
    searched = found.searched
    events = found.records.map { Event($0, found.wording) }
  }
}
