// One generation while its events are given: the cursors of its threads and its CPU samples, in the order of time.

/// The events of one generation that are still to be given.
struct GenerationRun: ~Copyable {
  private let bytes: [UInt8]
  private let scale: Double
  private var cursors: [Cursor] = []
  private var frontier = Frontier()
  private var samples: ArraySlice<(time: Int64, sample: TraceTables.Sample)>
  private var forced: UInt64 = 0
  private(set) var malformed: UInt64 = 0
  private(set) var cut: UInt64 = 0
  /// How much looking for events that fit may still cost. See `Ordering`, §4.
  private var patience = 1 << 19

  init(
    _ raw: RawGeneration, _ samples: [TraceTables.Sample], _ clock: TraceClock, _ ordering: inout Ordering
  ) {
    (bytes, scale) = (raw.bytes, 1 / (Double(clock.frequency) / 1e9))
    self.samples = samples.map { (clock.time($0.time), $0) }[...]
    var places: [UInt64: Int] = [:]
    var lists: [(m: UInt64, batches: [Batch])] = []
    for batch in raw.events {
      if let place = places[batch.m] {
        lists[place].batches.append(batch)
      } else {
        places[batch.m] = lists.count
        lists.append((batch.m, [batch]))
      }
    }
    for (m, batches) in lists {
      // Go's reader knows a thread by its first event only, not by its batches. Until then the thread has no place
      // (−2).
      cursors.append(Cursor(m: m, thread: -2, batches: batches[...]))
      advance(cursors.count - 1)
    }
  }

  var isAtEnd: Bool { frontier.isEmpty && samples.isEmpty }

  /// How many events that were taken since the last call do not fit those before them.
  mutating func takeForced() -> UInt64 {
    defer { forced = 0 }
    return forced
  }

  /// Reads the first event of a cursor.
  private mutating func advance(_ cursor: Int) {
    let bytes = bytes
    if cursors[cursor].advance(bytes.span, scale) {
      frontier.insert(Int32(cursor), cursors[cursor].time)
    } else {
      leave(cursor)
    }
  }

  private mutating func leave(_ cursor: Int) {
    malformed += cursors[cursor].malformed
    cut += cursors[cursor].cut
  }

  /// Gives events until there are `most`, or none are left.
  ///
  /// - Returns: what does not fit, in words, if a strict reader must stop here; nil: nothing.
  mutating func fill(_ ordering: inout Ordering, _ most: Int, isStrict: Bool) -> String? {
    let bytes = bytes
    let span = bytes.span
    while ordering.events.count < most {
      if let sample = samples.first, frontier.isEmpty || sample.time < frontier.heap[0].time {
        samples.removeFirst()
        ordering.give(sample.sample, at: sample.time)
        continue
      }
      guard !frontier.isEmpty else { return nil }
      var place = 0
      let verdict = take(place, &ordering, force: false)
      if verdict != .fits {
        if isStrict, verdict == .never { return words(of: 0) }
        place = verdict == .later ? another(&ordering) : 0
        if place == 0 {
          if isStrict { return words(of: 0) }
          forced += 1
          _ = take(0, &ordering, force: true)
        }
      }
      let cursor = Int(frontier.heap[place].cursor)
      if cursors[cursor].advance(span, scale) {
        frontier.update(place, cursors[cursor].time)
      } else {
        frontier.remove(place)
        leave(cursor)
      }
      patience &+= 256
    }
    return nil
  }

  @inline(__always)
  private mutating func take(_ place: Int, _ ordering: inout Ordering, force: Bool) -> Verdict {
    let cursor = Int(frontier.heap[place].cursor)
    if cursors[cursor].thread == -2 { cursors[cursor].thread = ordering.thread(cursors[cursor].m) }
    return ordering.take(cursors[cursor], force: force)
  }

  /// Takes the earliest event that fits, of all but the first in the frontier.
  ///
  /// - Returns: its place in the frontier; 0: there is none.
  private mutating func another(_ ordering: inout Ordering) -> Int {
    guard patience > 0 else { return 0 }
    patience -= frontier.count
    frontier.sort()
    for place in 1..<max(1, frontier.count) where take(place, &ordering, force: false) == .fits {
      return place
    }
    return 0
  }

  private func words(of place: Int) -> String {
    let cursor = cursors[Int(frontier.heap[place].cursor)]
    let kind = TraceKind(rawValue: cursor.kind).map { "\($0)" } ?? "event \(cursor.kind)"
    return "an event (\(kind)) of thread \(cursor.m) does not fit those before it"
  }
}
