// Gs in the order of who spawned whom: places in the list of all Gs, never rows, of which a screen shows fifty.
import Inspector

/// The order of a tree. A G whose spawner is gone stands at the top.
struct SpawnTree: Sendable {
  /// Places in the list of Gs, in the order of the tree; beside each how deep it stands, and how many stand below it.
  private(set) var places: [Int32] = []
  private(set) var depths: [Int32] = []
  private(set) var below: [Int32]

  private static let none: Int32 = -1

  /// - Parameter gs: in the order of their ids.
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
        // The last one first, so that the first one is taken first.
        var child = lastChild[Int(place)]
        while child != Self.none {
          stack.append((child, depth + 1))
          child = before[Int(child)]
        }
      }
    }
    for root in roots { walk(from: root) }
    // After the roots all others: a damaged region may say that Gs spawned each other in a ring.
    if places.count < gs.count {
      for place in 0..<Int32(gs.count) where !isDone[Int(place)] { walk(from: place) }
    }
    count()
  }

  /// Of each G the last one that it spawned, and the one that its spawner spawned before it.
  private static func families(_ gs: [Goroutine]) -> (lastChild: [Int32], before: [Int32], roots: [Int32]) {
    var lastChild = [Int32](repeating: none, count: gs.count)
    var (before, roots) = (lastChild, [Int32]())
    let ids = gs.map(\.id)
    // Gs that were spawned together stand together: mostly it is the spawner of the one before.
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

  /// Counts what stands below each: those that follow it and are deeper.
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

  /// The rows in the order of the tree, each made when it is asked for.
  func rows(_ rows: Rows<GRow>) -> Rows<GRow> {
    Rows(count: places.count) { index in
      var row = rows[Int(places[index])]
      (row.depth, row.descendants) = (Int(depths[index]), Int(below[index]))
      return row
    }
  }
}
