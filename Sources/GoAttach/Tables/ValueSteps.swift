// Go's pc-value tables: numbers that hold for stretches of a function's code, such as its frame's size, its file, its
// line, its inlined call.
//
// The linker writes them as steps of two numbers: by how much the value changes, and for how many bytes of code it then
// holds. Both are written seven bits a byte, and the value's change has its sign in the lowest bit.

/// How much may still be read for one answer. A damaged table could otherwise keep us busy for minutes.
struct Effort {
  /// No function has this many steps in all the tables that one answer reads.
  private(set) var steps = 1 << 20

  mutating func spend() -> Bool {
    steps -= 1
    return steps > 0
  }
}

extension GoTables {
  /// The value at a place in a function's code, `target` bytes behind its entry; nil: the table does not tell. Go's own reader
  /// returns -1 then, a value that no table contains.
  func value(_ table: UInt32, at target: UInt32, effort: inout Effort) -> Int32? {
    guard table != 0 else { return nil }
    var (place, value, covered) = (Int(table), Int32(-1), UInt32(0))
    while effort.spend() {
      guard let change = number(at: &place) else { return nil }
      // Only the first step may leave the value as it was. Later, a 0 ends the table.
      if change == 0, covered != 0 { return nil }
      value &+= Int32(bitPattern: change >> 1) ^ -Int32(bitPattern: change & 1)
      guard let length = number(at: &place) else { return nil }
      let (next, isTooFar) = covered.addingReportingOverflow(length)
      if isTooFar { return nil }
      if target < next { return value < 0 ? nil : value }
      // If the first step had no length, the next one would count as the first too, and a 0 would never end the table.
      guard next != 0 else { return nil }
      covered = next
    }
    return nil
  }

  /// A number of up to 32 bits, seven of them a byte, the lowest first.
  private func number(at place: inout Int) -> UInt32? {
    guard let first = values.byte(at: place) else { return nil }
    place += 1
    if first < 0x80 { return UInt32(first) }
    var result = UInt32(first & 0x7f)
    for shift in stride(from: UInt32(7), to: 35, by: 7) {
      guard let byte = values.byte(at: place) else { return nil }
      place += 1
      result |= UInt32(byte & 0x7f) << shift
      if byte < 0x80 { return result }
    }
    return nil
  }

  /// By how many bytes the stack pointer is below the function's return address at `pc`; nil: the tables do not tell.
  /// At `pc` the return address lies at `sp + stackDelta`.
  public func stackDelta(at pc: UInt64) -> Int? {
    guard let record = record(at: pc) else { return nil }
    var effort = Effort()
    return value(record.frameSizes, at: UInt32(pc - text.lowerBound) - record.entry, effort: &effort).map(
      Int.init)
  }
}
