// Text without allocation: what can be said in a signal handler, or while malloc may be locked. And never so that the
// one who says it waits for long: stderr may be a pipe that nobody reads (Reporter §1).
import CMPG
import Region

/// A line that is put together in place and written to stderr. Cut at its capacity.
@safe struct PlainText: ~Copyable {
  private static let capacity = 1024
  private let bytes: UnsafeMutablePointer<UInt8>
  private var count = 0

  /// - Parameter buffer: `PlainText.capacity` bytes that outlive the text.
  private init(_ buffer: UnsafeMutablePointer<UInt8>) { unsafe bytes = buffer }

  /// Has a line put together by `body` and writes it; whether all of it was written.
  /// - Parameter patience: for how many nanoseconds it waits for room.
  @discardableResult
  static func line(patience: Int64 = 1_000_000_000, _ body: (inout PlainText) -> Void) -> Bool {
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: capacity) { buffer in
      var text = unsafe PlainText(buffer.baseAddress.unsafelyUnwrapped)
      body(&text)
      text.append(10)
      return unsafe mpg_tell(text.bytes, text.count, patience)
    }
  }

  private mutating func append(_ byte: UInt8) {
    if count == Self.capacity { count -= 1 }  // the last byte is the newline
    unsafe bytes[count] = byte
    count += 1
  }

  mutating func add(_ text: StaticString) {
    for index in 0..<text.utf8CodeUnitCount { unsafe append(text.utf8Start[index]) }
  }

  mutating func add(_ number: UInt64) {
    if number >= 10 { add(number / 10) }
    append(UInt8(truncatingIfNeeded: 48 + number % 10))
  }

  /// The entry point of a G, straight from the string table.
  mutating func add(entryOf g: G) {
    let area = unsafe sched.region.strings
    let start = Int(truncatingIfNeeded: g.shared[.entry].relaxed) - 1
    guard start >= 0, start + 2 < area.count else { return add("?") }
    let length = unsafe Int(area[start]) | Int(area[start + 1]) << 8
    guard start + 2 + length <= area.count else { return add("?") }
    for index in 0..<length { unsafe append(area[start + 2 + index]) }
  }

  /// `goroutine 42 (handler at Server.swift:31)`.
  mutating func add(_ g: G) {
    add("goroutine ")
    add(g.id)
    add(" (")
    add(entryOf: g)
    add(")")
  }

  /// A span of time in ticks, as a person reads it.
  mutating func add(ticks: UInt64) {
    let microseconds = Clock.nanoseconds(ticks: ticks) / 1000
    if microseconds < 10_000 {
      add(microseconds)
      add(" µs")
    } else if microseconds < 10_000_000 {
      add(microseconds / 1000)
      add(" ms")
    } else {
      add(microseconds / 1_000_000)
      add(" s")
    }
  }
}
