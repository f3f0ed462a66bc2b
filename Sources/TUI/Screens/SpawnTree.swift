// The Gs as a tree, in which each G stands below the G that spawned it. The tree holds places in the list of all Gs instead of
// rows: a screen shows only fifty rows, and a row is made when it is shown.
import Inspector

/// The order of a tree. A G whose spawner is gone is a root.
struct SpawnTree: Sendable {
  /// The Gs in the tree's order, as places in the list of Gs.
  private(set) var places: [Int32] = []
  /// The depth in the tree of the G at the same index of `places`.
  private(set) var depths: [Int32] = []
  /// The number of Gs below the G at the same index of `places`.
  private(set) var below: [Int32]

  private static let none: Int32 = -1

  /// - Parameter gs: sorted by id.
  init(_ gs: [Goroutine]) {
    below = Array(repeating: 0, count: gs.count)
    places.reserveCapacity(gs.count)
    depths.reserveCapacity(gs.count)
    let (lastChild, before, roots) = Self.families(gs)
    var isDone = [Bool](repeating: false, count: gs.count)
    var stack: [(place: Int32, depth: Int32)] = []
    func walk(from root: Int32) {
      stack.append((root, 0))
      while let (place, depth) = stack.popLast() {
        guard !isDone[Int(place)] else { continue }
        isDone[Int(place)] = true
        places.append(place)
        depths.append(depth)
        // Push the last child first, so that the first child is popped first.
        var child = lastChild[Int(place)]
        while child != Self.none {
          stack.append((child, depth + 1))
          child = before[Int(child)]
        }
      }
    }
    for root in roots { walk(from: root) }
    // Then walk from all Gs that were not reached: in a damaged region, Gs may claim to have spawned each
    // other in a ring.
    if places.count < gs.count {
      for place in 0..<Int32(gs.count) where !isDone[Int(place)] { walk(from: place) }
    }
    count()
  }

  /// The families of Gs. `lastChild`: for each G, the last G that it spawned. `before`: for each G, the G
  /// that its spawner spawned before it. `roots`: the Gs without a spawner in the list.
  private static func families(_ gs: [Goroutine]) -> (lastChild: [Int32], before: [Int32], roots: [Int32]) {
    var lastChild = [Int32](repeating: none, count: gs.count)
    var (before, roots) = (lastChild, [Int32]())
    let ids = gs.map(\.id)
    // Gs that were spawned together are neighbours, so a G's spawner is mostly that of the G before, which is
    // kept here.
    var last: (id: UInt64, place: Int?)
    last = (0, nil)
    for place in gs.indices {
      guard let parent = gs[place].parent else {
        roots.append(Int32(place))
        continue
      }
      if parent != last.id { last = (parent, Self.place(of: parent, in: ids)) }
      if let spawner = last.place, spawner != place {
        (before[place], lastChild[spawner]) = (lastChild[spawner], Int32(place))
      } else {
        roots.append(Int32(place))
      }
    }
    return (lastChild, before, roots)
  }

  private static func place(of id: UInt64, in ids: [UInt64]) -> Int? {
    let place = ids.firstPlace { $0 < id }
    return place < ids.count && ids[place] == id ? place : nil
  }

  /// Counts the Gs below each G: the run of deeper Gs that follows it.
  private mutating func count() {
    var open: [Int] = []
    for index in places.indices {
      while let last = open.last, depths[last] >= depths[index] {
        below[last] = Int32(index - last - 1)
        open.removeLast()
      }
      open.append(index)
    }
    for last in open { below[last] = Int32(places.count - last - 1) }
  }

  /// The rows in the tree's order. Each row is made when somebody asks for it.
  func rows(_ rows: Rows<GRow>) -> Rows<GRow> {
    Rows(count: places.count) { index in
      var row = rows[Int(places[index])]
      (row.depth, row.descendants) = (Int(depths[index]), Int(below[index]))
      return row
    }
  }
}
