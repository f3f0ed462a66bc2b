// The last events of all lanes in one list, those that a filter lets through.
import Observed

/// Which events are wanted: the last `limit` of those that `filter` lets through.
public struct EventQuery: Sendable, Equatable {
  public var filter: Filter
  public var limit: Int
  public init(filter: Filter = .everything, limit: Int = 500) { (self.filter, self.limit) = (filter, limit) }
}

/// Events in the order of time, oldest first.
public struct EventList: Sendable, Equatable {
  public var events: [Event] = []
  /// The moment that they lead up to, and the moment back to which was searched; nanoseconds.
  public var end: UInt64 = 0
  public var searchedFrom: UInt64 = 0
  /// Records that were looked at.
  public var searched = 0
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
