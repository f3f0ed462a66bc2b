// User tasks and regions as spans of ours.
//
// A span of ours has one root, the G that began it, and lasts until the root leaves it; the Gs that the root makes meanwhile
// belong to it. A task is a span whose root is the G that made the task. It ends when the task does, whichever G ends it, or
// when its root ends. A task that is not a part of the one that its root is in goes on beside it: a G may begin many tasks, for
// others to work on. A region is a span on its G. A region of a task on a G that is in no span brings the G into the task for
// as long as the region lasts. What happened before the trace is not known: the end of a task that began before it is nothing.
import GoTrace
import History
import Observed
import Region

/// Follows which spans Gs are in.
struct TraceSpans {
  /// A span on the stack of those a G is in.
  private struct Entry {
    var number: UInt64
    /// The name, as a string id.
    var name: UInt32
    /// Whether the G was brought into the span, which another G began.
    var isJoined = false
    /// Whether it was brought in for one region, and leaves with it.
    var isForRegion = false
  }

  /// The spans of each G that is in any, the outermost first.
  private var spans: [UInt64: [Entry]] = [:]
  /// The root of each task that goes on.
  private var roots: [UInt64: UInt64] = [:]
  /// The number of the next region. Go counts tasks from 1 on, so no task has such a number.
  private var nextRegion = firstRegion
  private static let firstRegion: UInt64 = 1_000_000_001

  /// At most this many spans on one G, and Gs in spans, are followed.
  private static let (deepest, most) = (64, 1 << 20)

  /// Notes that a G was made by another one. Returns whether it belongs to a span thereby.
  mutating func join(_ g: UInt64, parent: UInt64) -> Bool {
    guard parent != 0, let last = spans[parent]?.last, spans.count < Self.most else { return false }
    spans[g] = [Entry(number: last.number, name: last.name, isJoined: true)]
    return true
  }

  /// Notes that a G ended, and with it the spans that it began.
  mutating func end(_ g: UInt64) {
    for entry in spans.removeValue(forKey: g) ?? [] where !entry.isJoined { roots[entry.number] = nil }
  }

  /// A change of the span that a G is in.
  struct Label {
    var g: UInt64
    /// As in the record (`EventKind.goLabel`): 1 the span begins now, 3 it begins beside others, 4 it is over, 0 the G returns to it.
    var detail: UInt8
    /// The span's number; 0: the G is in none.
    var number: UInt64
    var name: UInt32
  }

  mutating func beginTask(_ task: UInt64, of parent: UInt64, _ name: UInt32, on g: UInt64) -> [Label] {
    let isWithin = spans[g]?.contains { $0.number == parent } ?? true
    guard task != 0, push(Entry(number: task, name: name), on: g) else { return [] }
    roots[task] = g
    return [Label(g: g, detail: isWithin ? 1 : 3, number: task, name: name)]
  }

  mutating func endTask(_ task: UInt64) -> [Label] {
    guard let root = roots.removeValue(forKey: task),
      let place = place(on: root, where: { $0.number == task })
    else {
      return []
    }
    return leave(place, of: root)
  }

  mutating func beginRegion(_ task: UInt64, _ name: UInt32, on g: UInt64) -> [Label] {
    var labels: [Label] = []
    if spans[g] == nil, roots[task] != nil,
      push(Entry(number: task, name: 0, isJoined: true, isForRegion: true), on: g)
    {
      labels.append(Label(g: g, detail: 0, number: task, name: 0))
    }
    guard push(Entry(number: nextRegion, name: name), on: g) else { return labels }
    labels.append(Label(g: g, detail: 1, number: nextRegion, name: name))
    nextRegion += 1
    return labels
  }

  mutating func endRegion(_ name: UInt32, on g: UInt64) -> [Label] {
    let isRegion: (Entry) -> Bool = { !$0.isJoined && $0.number >= Self.firstRegion && $0.name == name }
    guard let place = place(on: g, where: isRegion) else { return [] }
    let isAll = place == 1 && spans[g]?.count == 2 && spans[g]?[0].isForRegion == true
    return leave(isAll ? 0 : place, of: g)
  }

  private mutating func push(_ entry: Entry, on g: UInt64) -> Bool {
    guard g != 0, spans[g]?.count ?? 0 < Self.deepest, spans.count < Self.most || spans[g] != nil else {
      return false
    }
    spans[g, default: []].append(entry)
    return true
  }

  private func place(on g: UInt64, where isMeant: (Entry) -> Bool) -> Int? {
    spans[g]?.lastIndex(where: isMeant)
  }

  /// Ends the span at a place of the stack, from which the G goes back to the one below; or leaves it there while others that
  /// began later go on.
  private mutating func leave(_ place: Int, of g: UInt64) -> [Label] {
    if let entry = spans[g]?[place], !entry.isJoined, place + 1 < spans[g]?.count ?? 0 {
      roots[entry.number] = nil
      spans[g]?.remove(at: place)
      return [Label(g: g, detail: 4, number: entry.number, name: entry.name)]
    }
    for entry in spans[g]?[place...] ?? [] where !entry.isJoined { roots[entry.number] = nil }
    spans[g]?.removeSubrange(place...)
    let last = spans[g]?.last
    if last == nil { spans[g] = nil }
    return [Label(g: g, detail: 0, number: last?.number ?? 0, name: last?.name ?? 0)]
  }
}

extension TraceMapping {
  mutating func label(_ event: TraceEvent, _ context: Context, _ tables: TraceTables) {
    let arguments = event.arguments
    var (labels, stack): ([TraceSpans.Label], UInt64)
    switch event.kind {
    case .userTaskBegin:
      labels = spans.beginTask(
        arguments.0, of: arguments.1, names.id(ofString: arguments.2, tables), on: context.g)
      stack = arguments.3
    case .userTaskEnd: (labels, stack) = (spans.endTask(arguments.0), arguments.1)
    case .userRegionBegin:
      labels = spans.beginRegion(arguments.0, names.id(ofString: arguments.1, tables), on: context.g)
      stack = arguments.2
    default:
      labels = spans.endRegion(names.id(ofString: arguments.1, tables), on: context.g)
      stack = arguments.2
    }
    let number = names.number(ofStack: stack, tables)
    for label in labels {
      let record = Record(
        .goLabel, time: context.time, m: context.record, g: label.g, detail: label.detail,
        count: label.name, arg: label.number)
      builder.add(record, on: context.lane, stack: label.g == context.g ? number : nil)
    }
  }
}
