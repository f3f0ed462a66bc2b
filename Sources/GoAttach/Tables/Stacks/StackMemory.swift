// Memory of another process, or of a core file.

/// Reads a target's memory. Each conforming type says from which threads it may be used.
public protocol GoMemory {
  /// Reads `ranges` one behind the other into `buffer`, which has room for all, with as few system calls as possible
  /// (`process_vm_readv` takes 1024 pieces). Returns the number of bytes that were read: fewer than all, if a range
  /// cannot be read. Then the ranges behind that one are not read either.
  func read(_ ranges: ArraySlice<Range<UInt64>>, into buffer: UnsafeMutableRawBufferPointer) -> Int
}

extension GoMemory {
  /// The eight bytes at `address`; nil: they cannot be read.
  func word(at address: UInt64) -> UInt64? {
    guard address <= .max - 8 else { return nil }
    var word = UInt64(0)
    let count = unsafe withUnsafeMutableBytes(of: &word) { unsafe read([address..<address + 8], into: $0) }
    return count == 8 ? UInt64(littleEndian: word) : nil
  }
}

/// A buffer for a piece of a target's memory, used again for the next piece.
@safe final class MemoryWindow {
  private let memory: UnsafeMutableRawBufferPointer

  init(bytes: Int) { unsafe memory = .allocate(byteCount: bytes, alignment: 16) }

  deinit { unsafe memory.deallocate() }

  var count: Int { unsafe memory.count }

  /// Reads ranges into the window. Returns the number of bytes.
  func fill(_ ranges: ArraySlice<Range<UInt64>>, from source: any GoMemory) -> Int {
    unsafe min(source.read(ranges, into: memory), memory.count)
  }

  /// The word at an offset, which must lie in the window.
  @inline(__always)
  func word(at offset: Int) -> UInt64 {
    precondition(offset >= 0 && offset <= count - 8, "a word in the window")
    return unsafe UInt64(littleEndian: memory.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }
}
