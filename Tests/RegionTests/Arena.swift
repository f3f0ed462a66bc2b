// Memory for tests of shared words. It stands for the runtime's mapping.
import Region

/// Zeroed words at a page-aligned address. An arena is never freed, because `Word`, `Block` and rings are
/// handles that keep nothing alive. (The runtime never unmaps its region either.)
///
/// Safe because: threads reach the memory only through `Word`, whose accesses are atomic.
@safe struct Arena: @unchecked Sendable {
  let base: UnsafeMutableRawPointer
  let bytes: Int

  init(words: Int) {
    bytes = words * 8
    unsafe base = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: Layout.page)
    unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
  }

  /// The word at `index`, read without the accessors that are being tested.
  func raw(_ index: Int) -> UInt64 { unsafe base.load(fromByteOffset: index * 8, as: UInt64.self) }

  func word(_ index: Int) -> Word { unsafe Word(at: base + index * 8) }

  func block<Field: RegionField>(_: Field.Type, index: Int = 0) -> Block<Field> {
    unsafe Block(at: base + index * Field.stride * 8)
  }

  var buffer: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(start: base, count: bytes)
  }
}
