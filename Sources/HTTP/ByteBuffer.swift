// A growable run of bytes with one owner: for bytes that were received and not yet consumed, and for bytes to send.

import Glibc

/// Owned bytes, whose address changes only when the buffer is replaced by a larger or smaller one.
///
/// Memory: the allocation belongs to this value alone and is freed with it. It is no Array: a G parks, and may go on in
/// another thread, while it waits to read into this memory. A closure of an Array's `withUnsafe…` must not be open then.
@safe
struct ByteBuffer: ~Copyable {
  private var base: UnsafeMutablePointer<UInt8>
  private(set) var capacity: Int
  /// The offset of the first byte that is not consumed.
  private var start = 0
  /// The offset behind the last byte that was filled.
  private var end = 0

  init(capacity: Int) {
    unsafe base = .allocate(capacity: capacity)
    self.capacity = capacity
  }

  deinit { unsafe base.deallocate() }

  var count: Int { end - start }
  var isEmpty: Bool { end == start }

  /// The bytes that are not consumed. The pointer is valid until the next call that changes the buffer.
  var bytes: UnsafeMutableBufferPointer<UInt8> { unsafe .init(start: base + start, count: end - start) }

  /// Memory for at least `wanted` bytes behind the buffer's last byte. The caller then tells `commit` how many it has
  /// filled.
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

  /// Removes the bytes in `range`, counted from the first byte; those behind them move down.
  mutating func cut(_ range: Range<Int>) {
    precondition(range.upperBound <= count)
    let tail = count - range.upperBound
    unsafe memmove(base + start + range.lowerBound, base + start + range.upperBound, tail)
    end -= range.count
  }

  /// Empties the buffer. If its memory had grown beyond `keeping` bytes, shrinks it to that.
  mutating func clear(keeping: Int) {
    (start, end) = (0, 0)
    if capacity > keeping { replaceStorage(keeping) }
  }

  /// Shrinks the memory to `keeping` bytes, if it has grown beyond that and the content fits.
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
