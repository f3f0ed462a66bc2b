// A growable run of bytes with one owner: what was received and not yet consumed, what is to be sent.

import Glibc

/// Owned bytes at an address that stays the same until it grows.
///
/// Memory: the allocation belongs to this value alone and is freed with it. It is plain memory rather than an
/// Array because a G parks, and may go on in another thread, while the kernel's next read is to land here: no
/// closure of `withUnsafe…` may be open across that.
@safe
struct ByteBuffer: ~Copyable {
  private var base: UnsafeMutablePointer<UInt8>
  private(set) var capacity: Int
  /// The first byte not yet consumed.
  private var start = 0
  /// Behind the last byte.
  private var end = 0

  init(capacity: Int) {
    unsafe base = .allocate(capacity: capacity)
    self.capacity = capacity
  }

  deinit { unsafe base.deallocate() }

  var count: Int { end - start }
  var isEmpty: Bool { end == start }

  /// The bytes not yet consumed; valid until the next call that changes the buffer.
  var bytes: UnsafeMutableBufferPointer<UInt8> { unsafe .init(start: base + start, count: end - start) }

  /// Room for at least `wanted` bytes behind the last one; `commit` says how many were filled.
  mutating func room(_ wanted: Int) -> UnsafeMutableRawBufferPointer {
    if capacity - end < wanted { makeRoomSlow(wanted) }
    return unsafe .init(start: base + end, count: capacity - end)
  }

  mutating func commit(_ filled: Int) {
    precondition(filled <= capacity - end)
    end += filled
  }

  /// Drops the first `taken` bytes.
  mutating func consume(_ taken: Int) {
    precondition(taken <= count)
    start += taken
    if start == end { (start, end) = (0, 0) }
  }

  /// Cuts `range` (offsets from the first byte) out; what follows moves down.
  mutating func cut(_ range: Range<Int>) {
    precondition(range.upperBound <= count)
    let tail = count - range.upperBound
    unsafe memmove(base + start + range.lowerBound, base + start + range.upperBound, tail)
    end -= range.count
  }

  /// Empties the buffer, and gives memory back if it had grown beyond `keeping`.
  mutating func clear(keeping: Int) {
    (start, end) = (0, 0)
    if capacity > keeping { replaceStorage(keeping) }
  }

  /// Gives memory back if the buffer has grown beyond `keeping` and holds less than that.
  mutating func shrink(to keeping: Int) {
    if capacity > keeping && count <= keeping { replaceStorage(keeping) }
  }

  @inline(never)
  private mutating func makeRoomSlow(_ wanted: Int) {
    if capacity - count >= wanted && start >= count {
      unsafe memcpy(base, base + start, count)
      (start, end) = (0, count)
    } else {
      replaceStorage(max(2 * capacity, count + wanted))
    }
  }

  private mutating func replaceStorage(_ newCapacity: Int) {
    let fresh = UnsafeMutablePointer<UInt8>.allocate(capacity: newCapacity)
    unsafe memcpy(fresh, base + start, count)
    unsafe base.deallocate()
    unsafe base = fresh
    (start, end, capacity) = (0, count, newCapacity)
  }
}

extension ByteBuffer {
  mutating func append(_ byte: UInt8) {
    unsafe room(1)[0] = byte
    commit(1)
  }

  mutating func append(_ source: UnsafeRawBufferPointer) {
    guard source.count > 0 else { return }
    unsafe room(source.count).copyMemory(from: source)
    commit(source.count)
  }

  mutating func append(_ text: StaticString) {
    unsafe append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  mutating func append(_ text: String) {
    let count = text.utf8.count
    let target = unsafe room(count)
    var text = text
    text.withUTF8 { unsafe target.copyMemory(from: UnsafeRawBufferPointer($0)) }
    commit(count)
  }

  /// Appends `number` in decimal.
  mutating func append(decimal number: Int) {
    precondition(number >= 0)
    var digits = 1
    var probe = number
    while probe >= 10 {
      probe /= 10
      digits += 1
    }
    let target = unsafe room(digits)
    var rest = number
    for place in stride(from: digits - 1, through: 0, by: -1) {
      unsafe target[place] = UInt8(ascii: "0") + UInt8(rest % 10)
      rest /= 10
    }
    commit(digits)
  }
}
