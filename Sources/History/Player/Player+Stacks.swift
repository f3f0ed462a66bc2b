// Where each G stood at its last event before a moment, in a history whose events have stacks.
//
// The stack of an event is that of the G that did it: of the G that parks, and of the one that makes another G ready. So the
// stack of a G is that of the last event that it did. From there it may have gone on since.
import Observed
import Region

extension Player {
  /// Whether events of this history have stacks.
  public var hasStacks: Bool { !history.stacks.isEmpty }

  /// The stacks of Gs at the last events that they did before this moment; nil: events of this history have no stacks.
  public func stacks(of question: StackQuestion) -> Stacks? {
    guard hasStacks else { return nil }
    let wanted: Set<UInt64>
    switch question {
    case .some(let ids): wanted = Set(ids)
    case .all: wanted = Set(goroutines.all.map(\.id))
    }
    var numbers = lastStacks(of: wanted)
    // Those are the first ones of the newest stretch.
    let isNewest = history.stretch(around: window.number).upperBound == history.numbers.upperBound
    for g in wanted where isNewest && numbers[g] == nil { numbers[g] = history.stacks.first[g] }
    var (places, distinct): ([Int: Int], [CallStack]) = ([:], [])
    var outcomes: [UInt64: Stacks.Outcome] = [:]
    for g in wanted {
      guard let number = numbers[g], let stack = history.stacks[number] else { continue }
      let place = places[number] ?? distinct.count
      if place == distinct.count {
        places[number] = place
        distinct.append(stack)
      }
      outcomes[g] = .stack(place)
    }
    return Stacks(outcomes: outcomes, distinct: distinct, labels: labels(of: wanted))
  }

  /// The labels of Gs at this moment.
  private func labels(of wanted: Set<UInt64>) -> [UInt64: String] {
    history.stacks.labels.reduce(into: [:]) { found, labels in
      guard wanted.contains(labels.key), let last = labels.value.last(where: { $0.time <= ticks }) else {
        return
      }
      found[labels.key] = history.names.string(UInt64(last.name))
    }
  }

  /// At most this many segments are gone through for the stacks of Gs that move, and as many for those that wait.
  private static let stackReach = 64

  private func lastStacks(of wanted: Set<UInt64>) -> [UInt64: Int] {
    var (waiting, moving) = split(wanted)
    let (oldest, here) = (history.stretch(around: window.number).lowerBound, window.number)
    let near = max(oldest, here - Self.stackReach)...max(oldest, here)
    var numbers: [UInt64: Int] = [:]
    for number in near.reversed() {
      moving.formUnion(waiting.removeValue(forKey: number) ?? [])
      findStacks(of: &moving, in: number, &numbers)
    }
    for number in waiting.keys.filter({ $0 >= oldest }).sorted(by: >).prefix(Self.stackReach) {
      var left = waiting[number] ?? []
      findStacks(of: &left, in: number, &numbers)
    }
    return numbers
  }

  /// Splits Gs into those that wait, or are in a system call, by the segment in which they began to, and those that move. The last
  /// event of the former was that beginning; a sample in a call shows no more than the call. Those that began before anything
  /// is known of them had no event, and are left out.
  private func split(_ wanted: Set<UInt64>) -> (waiting: [Int: Set<UInt64>], moving: Set<UInt64>) {
    var (waiting, moving) = ([Int: Set<UInt64>](), wanted)
    for g in goroutines.all where wanted.contains(g.id) && (g.state == .waiting || g.state == .syscall) {
      guard let since = g.since else { continue }
      moving.remove(g.id)
      let begin = clock.ticks(at: since)
      // An event at the moment at which a segment begins belongs to the segment before (History §3).
      guard !g.isOlder, begin > 0, let number = history.number(at: begin - 1) else { continue }
      waiting[number, default: []].insert(g.id)
    }
    return (waiting, moving)
  }

  /// Finds the stacks of the last events of Gs in a segment, up to this moment. Takes those Gs out of `left`.
  private func findStacks(of left: inout Set<UInt64>, in number: Int, _ numbers: inout [UInt64: Int]) {
    let isHere = number == window.number
    guard !left.isEmpty, let other = isHere ? window : unpack(number), let segment = history.segment(number)
    else { return }
    var blocks = StackBlocks(segment)
    let end = isHere ? max(count, other.prefix) : other.events.count
    for event in other.events[other.prefix..<end].reversed() {
      guard let g = Self.doer(event.record), left.contains(g), let stack = blocks.stack(of: event) else {
        continue
      }
      numbers[g] = stack
      left.remove(g)
      if left.isEmpty { break }
    }
  }

  /// The G whose stack an event has; nil: the event has none, or of no G.
  static func doer(_ record: Record) -> UInt64? {
    switch record.kind {
    case .goPark, .goYield, .goPreempt, .goSyscall, .goLabel, .log: record.g
    case .cpuSample: record.g == 0 ? nil : record.g
    case .goCreate, .goReady: record.other == 0 ? nil : record.other
    default: nil
    }
  }
}

/// The stacks of the records of a segment, each block decoded when it is first asked for.
struct StackBlocks {
  private let blocks: [Lane: [EventBlock]]
  private var decoded: [Lane: [UInt64: [UInt64]]] = [:]

  init(_ segment: Segment) {
    blocks = Dictionary(grouping: segment.blocks.filter { $0.stacks != nil }, by: \.lane)
  }

  mutating func stack(of event: PlacedRecord) -> Int? {
    guard
      let block = blocks[event.lane]?.first(where: { $0.first <= event.position && event.position < $0.end })
    else { return nil }
    let known = decoded[event.lane]?[block.first]
    let numbers = known ?? Self.decode(block)
    if known == nil { decoded[event.lane, default: [:]][block.first] = numbers }
    let place = Int(event.position - block.first)
    guard numbers.indices.contains(place), numbers[place] > 0 else { return nil }
    return Int(clamping: numbers[place] - 1)
  }

  private static func decode(_ block: EventBlock) -> [UInt64] {
    var reader = ByteReader(block.stacks?.bytes ?? [])
    var numbers: [UInt64] = []
    while numbers.count < block.count, let number = reader.number() { numbers.append(number) }
    return numbers
  }
}
