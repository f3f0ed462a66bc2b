// The next event of each thread, and which of them is the earliest.
//
// A heap. A trace's clock often gives several events the same time. They come in the order in which Go's reader gives
// them, because its heap adds, moves and removes elements in the same steps. So the times, which are made different
// afterwards, are the same as in Go's reader, to the nanosecond.

/// Reads the batches of one thread of a generation, event by event.
struct Cursor {
  var m: UInt64
  /// The thread's place among the threads; −1: the batches of no thread.
  var thread: Int32
  /// The batches that are left, in the order of the file; the first one is being read.
  var batches: ArraySlice<Batch>
  var next: Int
  var end: Int
  /// The time of the last event that was read in the present batch; 0: none was read there.
  var last: Int64 = 0
  /// How many bytes were skipped: those of the event in which the file ends, and those of what is no event.
  private(set) var cut: UInt64 = 0
  private(set) var malformed: UInt64 = 0
  // The event that was read last, which is the next one of its thread.
  var time: Int64 = 0
  var kind: UInt8 = 0
  var a: UInt64 = 0
  var b: UInt64 = 0
  var c: UInt64 = 0
  var d: UInt64 = 0

  init(m: UInt64, thread: Int32, batches: ArraySlice<Batch>) {
    (self.m, self.thread, self.batches) = (m, thread, batches)
    (next, end) = (batches.first?.range.lowerBound ?? 0, batches.first?.range.upperBound ?? 0)
  }

  /// Reads the next event. If no event stands in its place, the rest of the batch is skipped, and its bytes are
  /// counted.
  ///
  /// - Parameter scale: nanoseconds of a tick.
  /// - Returns: false: the thread has no more events.
  @inline(__always)
  mutating func advance(_ bytes: borrowing Span<UInt8>, _ scale: Double) -> Bool {
    while true {
      while next == end {
        batches = batches.dropFirst()
        guard let batch = batches.first else { return false }
        (next, end, last) = (batch.range.lowerBound, batch.range.upperBound, 0)
      }
      if last == 0, let batch = batches.first { last = Self.time(batch.time, scale) }
      if read(bytes, scale) { return true }
      if batches.first?.isCut == true {
        cut += UInt64(end - next)
      } else {
        malformed += UInt64(end - next)
      }
      next = end
    }
  }

  @inline(__always)
  private static func time(_ ticks: UInt64, _ scale: Double) -> Int64 {
    let time = Double(ticks) * scale
    return time < 4.6e18 ? Int64(time) : .max / 2
  }

  /// Reads one event; false: there is none, and `next` is where it should be.
  @inline(__always)
  private mutating func read(_ bytes: borrowing Span<UInt8>, _ scale: Double) -> Bool {
    let raw = bytes[next]
    guard let count = TraceKind.argumentCount(raw) else { return false }
    var at = next + 1
    var ok = true
    let ticks = Self.number(bytes, &at, end, &ok)
    (a, b, c, d) = (0, 0, 0, 0)
    if count > 0 { a = Self.number(bytes, &at, end, &ok) }
    if count > 1 { b = Self.number(bytes, &at, end, &ok) }
    if count > 2 { c = Self.number(bytes, &at, end, &ok) }
    if count > 3 { d = Self.number(bytes, &at, end, &ok) }
    guard ok else { return false }
    let sum = Self.time(ticks, scale).addingReportingOverflow(last)
    // A time must be far below the largest number, since a few nanoseconds are added to times that are equal.
    guard !sum.overflow, sum.partialValue < .max - (1 << 32) else { return false }
    (kind, time, last, next) = (raw, sum.partialValue, sum.partialValue, at)
    return true
  }

  @inline(__always)
  private static func number(
    _ bytes: borrowing Span<UInt8>, _ at: inout Int, _ end: Int, _ ok: inout Bool
  ) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while at < end, shift < 64 {
      let byte = bytes[at]
      at += 1
      if shift == 63, byte > 1 { break }
      value |= UInt64(byte & 0x7f) &<< shift
      if byte < 0x80 { return value }
      shift &+= 7
    }
    ok = false
    return 0
  }
}

/// The cursors that have an event, ordered as a heap by the times of their events.
struct Frontier {
  private(set) var heap: [(time: Int64, cursor: Int32)] = []

  var isEmpty: Bool { heap.isEmpty }
  var count: Int { heap.count }

  mutating func insert(_ cursor: Int32, _ time: Int64) {
    heap.append((time, cursor))
    _ = siftUp(heap.count - 1)
  }

  /// Moves the cursor at a place of the heap to where the new time of its event belongs.
  @inline(__always)
  mutating func update(_ at: Int, _ time: Int64) {
    heap[at].time = time
    if siftUp(at) == at { siftDown(at) }
  }

  mutating func remove(_ at: Int) {
    var at = at
    while at > 0 {
      heap.swapAt(at, (at - 1) / 2)
      at = (at - 1) / 2
    }
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    siftDown(0)
  }

  /// Orders all cursors by time. A sorted array is a heap, too.
  mutating func sort() { heap.sort { $0.time < $1.time } }

  @inline(__always)
  private mutating func siftUp(_ start: Int) -> Int {
    var at = start
    while at > 0, heap[(at - 1) / 2].time > heap[at].time {
      heap.swapAt(at, (at - 1) / 2)
      at = (at - 1) / 2
    }
    return at
  }

  @inline(__always)
  private mutating func siftDown(_ start: Int) {
    var at = start
    let count = heap.count
    while true {
      var least = at
      let left = 2 * at + 1
      if left < count, heap[left].time < heap[least].time { least = left }
      if left + 1 < count, heap[left + 1].time < heap[least].time { least = left + 1 }
      if least == at { return }
      heap.swapAt(at, least)
      at = least
    }
  }
}
