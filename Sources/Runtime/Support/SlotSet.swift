// A set of small numbers, for pools whose members are numbered. The lowest comes out first: so members in use stay
// together at the low end, and whole pages become free at the high end, where the gc thread can give them back.
//
// It has a bit for each number, in groups of 64, and a bit for each group that is not empty: two steps find the lowest
// number. Its memory is reserved, and committed on touch: it never allocates. The owner must hold the lock that guards
// it.

/// A set of numbers below a fixed capacity.
///
/// Safe because: every number is checked against the capacity, and the memory is never freed.
@safe struct SlotSet {
  /// How many numbers are in a group.
  static let group = 64

  private let words: UnsafeMutablePointer<UInt64>
  private let summary: UnsafeMutablePointer<UInt64>
  private let capacity: Int
  private(set) var count = 0
  /// The index in `summary` at which the search for the lowest number begins: no group below 64 times this
  /// index has a member.
  private var lowest = 0

  init(capacity: Int) throws(SystemError) {
    precondition(capacity % (Self.group * Self.group) == 0, "a whole number of groups of groups")
    self.capacity = capacity
    let groups = capacity / Self.group
    unsafe words = try SystemCall.table(of: UInt64.self, groups)
    unsafe summary = try SystemCall.table(of: UInt64.self, groups / Self.group)
  }

  /// The members of group `group`, one bit each.
  @inline(__always)
  func members(ofGroup group: Int) -> UInt64 {
    precondition(group >= 0 && group < capacity / Self.group)
    return unsafe words[group]
  }

  /// Adds members of a group. They must not be in the set yet.
  mutating func insert(_ members: UInt64, inGroup group: Int) {
    guard members != 0 else { return }
    assert(self.members(ofGroup: group) & members == 0, "a number that is free twice")
    unsafe words[group] = self.members(ofGroup: group) | members
    unsafe summary[group / Self.group] |= 1 << UInt64(group % Self.group)
    lowest = min(lowest, group / Self.group)
    count &+= members.nonzeroBitCount
  }

  /// Removes members of one group: those whose bits are set in `members`. Returns the bits of those that were in the
  /// set.
  mutating func remove(_ members: UInt64 = .max, inGroup group: Int) -> UInt64 {
    let removed = self.members(ofGroup: group) & members
    let rest = self.members(ofGroup: group) & ~members
    unsafe words[group] = rest
    if rest == 0 { unsafe summary[group / Self.group] &= ~(1 << UInt64(group % Self.group)) }
    count &-= removed.nonzeroBitCount
    return removed
  }

  mutating func insert(_ number: Int) {
    insert(1 << UInt64(number % Self.group), inGroup: number / Self.group)
  }

  func contains(_ number: Int) -> Bool {
    members(ofGroup: number / Self.group) & 1 << UInt64(number % Self.group) != 0
  }

  /// Takes out the lowest number; nil when the set is empty.
  mutating func popLowest() -> Int? {
    guard count > 0 else { return nil }
    while unsafe summary[lowest] == 0 { lowest &+= 1 }
    let group = unsafe lowest * Self.group + summary[lowest].trailingZeroBitCount
    let bit = members(ofGroup: group).trailingZeroBitCount
    _ = remove(1 << UInt64(bit), inGroup: group)
    return group * Self.group + bit
  }
}
