// Text without allocation: for a signal handler, or while malloc may be locked. Writing it waits for a limited time
// only, because stderr may be a pipe that nobody reads (Reporter §1).
import CMPG
import Region

/// A line that is put together in place and written to stderr. A line that is too long is cut.
@safe struct PlainText: ~Copyable {
  private static let capacity = 1024
  private let bytes: UnsafeMutablePointer<UInt8>
  private var count = 0

  /// - Parameter buffer: `PlainText.capacity` bytes that outlive the text.
  private init(_ buffer: UnsafeMutablePointer<UInt8>) { unsafe bytes = buffer }

  /// Lets `body` put a line together, and writes it. True if all of it was written.
  /// - Parameter patience: for how many nanoseconds to wait for room in stderr.
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
    if count == Self.capacity { count -= 1 }  // so that the newline, which comes last, has room
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

  /// Adds the entry point of a G, straight from the string table.
  mutating func add(entryOf g: G) {
    let area = unsafe sched.region.strings
    let start = Int(truncatingIfNeeded: g.shared[.entry].relaxed) - 1
    guard start >= 0, start + 2 < area.count else { return add("?") }
    let length = unsafe Int(area[start]) | Int(area[start + 1]) << 8
    guard start + 2 + length <= area.count else { return add("?") }
    for index in 0..<length { unsafe append(area[start + 2 + index]) }
  }

  /// Adds, for example, `goroutine 42 (handler at Server.swift:31)`.
  mutating func add(_ g: G) {
    add("goroutine ")
    add(g.id)
    add(" (")
    add(entryOf: g)
    add(")")
  }

  /// Adds a time span, given in ticks, in a readable unit.
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
