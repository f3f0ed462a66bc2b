// The Gs that live at a moment of a trace: found by their ids, and each at a place of its own, which is used again.

/// What is known of a G while events are put in order.
struct GState {
  var id: UInt64
  var generation: UInt64
  var sequence: UInt64
  /// The G's state; nil: the G has ended, and its place is free.
  var state: TraceGoState?
  /// The place of the thread that has the G; −1: none.
  var thread: Int32 = -1
}

/// The Gs that live, found by their ids: open addressing over places in an array, with a seed that no file can know.
struct GoroutineTable {
  private(set) var states: [GState] = []
  private var free: [Int32] = []
  /// The cells of the hash table, each with the place of a G plus one; 0: the cell is empty.
  private var cells: [Int32]
  private var count = 0
  private let seed = UInt64.random(in: 0 ... .max) | 1

  init() { cells = [Int32](repeating: 0, count: 256) }

  subscript(slot: Int32) -> GState {
    @inline(__always) get { states[Int(slot)] }
    @inline(__always) _modify { yield &states[Int(slot)] }
  }

  @inline(__always)
  private func cell(_ id: UInt64) -> Int {
    let (high, low) = (id ^ seed).multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
    return Int(truncatingIfNeeded: high ^ low) & (cells.count - 1)
  }

  /// The place of the G with an id in the table; −1: no G with this id lives.
  @inline(__always)
  func slot(_ id: UInt64) -> Int32 {
    var at = cell(id)
    while cells[at] != 0 {
      let slot = cells[at] - 1
      if states[Int(slot)].id == id { return slot }
      at = (at + 1) & (cells.count - 1)
    }
    return -1
  }

  /// Adds a G that is not in the table.
  mutating func add(_ state: GState) -> Int32 {
    if count * 2 >= cells.count { grow() }
    let slot: Int32
    if let last = free.popLast() {
      slot = last
      states[Int(slot)] = state
    } else {
      slot = Int32(truncatingIfNeeded: states.count)
      states.append(state)
    }
    put(slot)
    count += 1
    return slot
  }

  private mutating func put(_ slot: Int32) {
    var at = cell(states[Int(slot)].id)
    while cells[at] != 0 { at = (at + 1) & (cells.count - 1) }
    cells[at] = slot + 1
  }

  private mutating func grow() {
    let old = cells
    cells = [Int32](repeating: 0, count: old.count * 2)
    for cell in old where cell != 0 { put(cell - 1) }
  }

  /// Removes a G. The cells behind it move up, so that no mark of a removed one is needed.
  mutating func remove(_ slot: Int32) {
    guard states[Int(slot)].state != nil else { return }
    let mask = cells.count - 1
    var hole = cell(states[Int(slot)].id)
    while cells[hole] != slot + 1 { hole = (hole + 1) & mask }
    var at = (hole + 1) & mask
    while cells[at] != 0 {
      let home = cell(states[Int(cells[at] - 1)].id)
      if (at &- home) & mask >= (at &- hole) & mask {
        cells[hole] = cells[at]
        hole = at
      }
      at = (at + 1) & mask
    }
    cells[hole] = 0
    states[Int(slot)].state = nil
    free.append(slot)
    count -= 1
  }
}
