// What is missing in a trace or wrong with it, for people and for programs that must not read a damaged one.

/// What a reader of a trace found to be damaged. It has given the events of everything that is whole all the same.
public struct TraceDamage: Sendable, Equatable {
  /// Bytes at the end that nothing could be read from.
  public internal(set) var unread: UInt64 = 0
  /// Whether the file ends in the middle of a batch.
  public internal(set) var isCut = false
  /// Whether the file is packed and what is packed ends in the middle or is damaged.
  public internal(set) var isPackingDamaged = false
  /// Where reading was given up, in bytes of the unpacked trace; nil: it was not.
  public internal(set) var place: UInt64?
  /// What should have been at `place`.
  var expected = ""
  /// How many generations have no mark of their end, although their version of the format has one.
  public internal(set) var unended = 0
  /// How many generations lack strings, stacks or the clock, or parts of them. In the file these stand last in a
  /// generation.
  public internal(set) var withoutTables = 0
  /// How many generations had no clock of their own, so that the one before was used.
  public internal(set) var borrowedClocks = 0
  /// How many generations were left out because no clock tells how long a tick is.
  public internal(set) var withoutClock = 0
  /// How many bytes of batches were skipped because what stands there is no event.
  public internal(set) var malformed: UInt64 = 0
  /// How many events do not fit those before them (``TraceEvent/isOutOfOrder``).
  public internal(set) var outOfOrder: UInt64 = 0
  /// How many generations are missing between two that are there.
  public internal(set) var gaps: UInt64 = 0

  /// Adds the damage that was found in another file.
  mutating func add(_ other: TraceDamage) {
    unread += other.unread
    isCut = isCut || other.isCut
    isPackingDamaged = isPackingDamaged || other.isPackingDamaged
    if place == nil { (place, expected) = (other.place, other.expected) }
    unended += other.unended
    withoutTables += other.withoutTables
    borrowedClocks += other.borrowedClocks
    withoutClock += other.withoutClock
    malformed += other.malformed
    outOfOrder += other.outOfOrder
    gaps += other.gaps
  }

  /// Whether there is no damage.
  public var isEmpty: Bool { sentences.isEmpty }

  /// One sentence for each kind of damage, for people; empty: there is none.
  public var sentences: [String] {
    var all: [String] = []
    func say(_ count: UInt64, _ one: String, _ many: String) {
      if count > 0 { all.append(count == 1 ? one : "\(count) \(many)") }
    }
    if isPackingDamaged { all.append("the gzip file is damaged or not whole") }
    if isCut { all.append("the file ends in the middle of a batch of events") }
    if let place { all.append("at byte \(place), where \(expected), is something else") }
    say(unread, "1 byte at the end could not be read", "bytes at the end could not be read")
    say(UInt64(unended), "one generation of events has no end", "generations of events have no end")
    say(
      UInt64(withoutTables), "one generation has not all of its names and stacks",
      "generations have not all of their names and stacks")
    say(
      UInt64(borrowedClocks), "one generation has no clock, so the one before was used",
      "generations have no clock, so the one before was used")
    say(
      UInt64(withoutClock),
      "one generation was left out, since nothing tells how long a tick of its clock is",
      "generations were left out, since nothing tells how long a tick of their clock is")
    say(malformed, "1 byte is no event", "bytes are no events")
    say(
      outOfOrder, "1 event does not fit those before it, and is given by its time",
      "events do not fit those before them, and are given by their times")
    say(gaps, "events are missing at one place", "times events are missing between two generations")
    return all
  }
}
