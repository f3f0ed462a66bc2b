// A line of Gs: first in, first out, but a G behind the head can be taken out, too.

/// A line, whose first element is the next to be taken. Taking near the head costs little, however long the line is.
struct Line<Element: Equatable & Sendable>: Equatable, Sendable {
  private var slots: [Element] = []
  /// The index of the first element in `slots`. What stands before it was taken.
  private var head = 0

  init() {}

  init(_ elements: some Sequence<Element>) { slots = Array(elements) }

  var count: Int { slots.count - head }
  var isEmpty: Bool { head == slots.count }
  var elements: ArraySlice<Element> { slots[head...] }
  var last: Element? { isEmpty ? nil : slots[slots.count - 1] }

  subscript(place: Int) -> Element {
    get { slots[head + place] }
    set { slots[head + place] = newValue }
  }

  static func == (a: Line, b: Line) -> Bool { a.elements == b.elements }

  func firstPlace(where isIt: (Element) -> Bool) -> Int? {
    elements.firstIndex(where: isIt).map { $0 - head }
  }

  mutating func append(_ element: Element) { slots.append(element) }

  mutating func insert(_ element: Element, at place: Int) { slots.insert(element, at: head + place) }

  mutating func removeLast() -> Element? { isEmpty ? nil : slots.removeLast() }

  /// Takes out `count` elements from a place on, or as many as there are.
  mutating func remove(_ count: Int, at place: Int = 0) -> [Element] {
    let first = min(head + max(0, place), slots.count)
    let taken = Array(slots[first..<min(slots.count, first + max(0, count))])
    // The elements before the taken ones move up, and not those behind them, because they are mostly fewer.
    for index in stride(from: first - 1, through: head, by: -1) {
      slots[index + taken.count] = slots[index]
    }
    head += taken.count
    if head > 64, head * 2 > slots.count {
      slots.removeFirst(head)
      head = 0
    }
    return taken
  }

  mutating func change(_ change: (inout Element) -> Void) {
    for index in head..<slots.count { change(&slots[index]) }
  }
}
