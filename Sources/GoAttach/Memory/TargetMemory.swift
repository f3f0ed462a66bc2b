// The memory of another process, as numbers by address. Everything in it is untrusted: a range may be missing, and a value
// may be anything.
internal import CGoAttach

/// A range of another process's memory.
package struct MemoryRange: Equatable, Sendable {
  package var address: UInt64
  package var count: Int

  package init(_ address: UInt64, _ count: Int) { (self.address, self.count) = (address, count) }
}

/// The reason why memory could not be read.
public enum MemoryProblem: Error, Sendable, Equatable {
  /// The process has ended. It may still be listed, because its parent has not waited for it yet (ESRCH).
  case gone
  /// The kernel does not let this process read the other one's memory. `errno` is the kernel's answer.
  case denied(errno: Int32)
  /// Nothing that can be read is mapped at this address.
  case unmapped(UInt64)
  /// The number of bytes that would have to be read makes no sense.
  case absurd(UInt64)
  /// A system call failed for another reason than these.
  case system(call: String, errno: Int32)
}

/// Memory that can be read. May be used from any thread.
package protocol TargetMemory: AnyObject, Sendable {
  /// Reads ranges, one behind the other, into `bytes`, which has room for all of them. At most `mostRanges` at a time.
  ///
  /// - Returns: how many ranges were read as a whole. If those are not all, the range behind them could not be read.
  /// - Throws: a problem that is not of one range alone, such as the end of the process.
  func read(
    _ ranges: UnsafeBufferPointer<MemoryRange>, into bytes: UnsafeMutableRawBufferPointer
  ) throws(MemoryProblem) -> Int
}

/// At most this many ranges are read by one call, which is the kernel's own limit.
package let mostRanges = 1024

/// The number of bytes that one call reads at most.
private let atOnce = 1 << 20

/// More bytes than this are never read: a length that claims so is damaged.
package let mostBytes = 512 << 20

/// Whether a Go program on amd64 can have this address.
package func isPlausible(address: UInt64) -> Bool { address >= 0x1000 && address < 1 << 47 }

/// Whether a structure of the runtime can lie at an address: all of them are aligned to 8 bytes.
package func isPlausible(pointer: UInt64) -> Bool { isPlausible(address: pointer) && pointer & 7 == 0 }

extension TargetMemory {
  /// The bytes of one range of the target's memory.
  package func bytes(at address: UInt64, _ count: Int) throws(MemoryProblem) -> [UInt8] {
    guard count >= 0, count <= mostBytes else { throw .absurd(UInt64(truncatingIfNeeded: count)) }
    guard count > 0 else { return [] }
    if count > atOnce { return try pieces(at: address, count) }
    let range = [MemoryRange(address, count)]
    var bytes = [UInt8](repeating: 0, count: count)
    let result = unsafe range.withUnsafeBufferPointer { range in
      unsafe bytes.withUnsafeMutableBytes { bytes in
        Result { () throws(MemoryProblem) in try unsafe read(range, into: bytes) }
      }
    }
    guard try result.get() == 1 else { throw .unmapped(address) }
    return bytes
  }

  /// The bytes of a long range, piece by piece. Reading ends at the first piece that is not there, so a damaged length costs no
  /// more memory than can be read.
  private func pieces(at address: UInt64, _ count: Int) throws(MemoryProblem) -> [UInt8] {
    var all: [UInt8] = []
    // The room that is reserved is only addresses: the kernel gives memory when bytes are written there.
    all.reserveCapacity(count)
    while all.count < count {
      all += try bytes(at: address &+ UInt64(all.count), min(atOnce, count - all.count))
    }
    return all
  }

  /// The word of 64 bits at an address.
  package func word(at address: UInt64) throws(MemoryProblem) -> UInt64 {
    try bytes(at: address, 8).word(0)
  }

  /// `count` words of 64 bits from an address on.
  package func words(at address: UInt64, _ count: Int) throws(MemoryProblem) -> [UInt64] {
    guard count >= 0, count <= mostBytes / 8 else { throw .absurd(UInt64(truncatingIfNeeded: count)) }
    let bytes = try bytes(at: address, count * 8)
    return (0..<count).map { bytes.word($0 * 8) }
  }

  /// The text to which a Go string's header of two words points, at most `limit` bytes of it.
  package func text(header: UInt64, limit: Int) throws(MemoryProblem) -> String {
    let words = try words(at: header, 2)
    guard words[1] <= UInt64(limit) else { throw .absurd(words[1]) }
    return String(decoding: try bytes(at: words[0], Int(words[1])), as: UTF8.self)
  }
}

extension [UInt8] {
  /// The integer at a place, whose low byte comes first; 0 if it does not lie in the bytes as a whole.
  @inline(__always)
  package func load<Value: FixedWidthInteger & BitwiseCopyable>(_ place: Int, as type: Value.Type) -> Value {
    guard place >= 0, place <= count - MemoryLayout<Value>.size else { return 0 }
    return unsafe withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: place, as: type) }
  }

  /// The word of 64 bits at a place; 0 if it is not there.
  package func word(_ place: Int) -> UInt64 { load(place, as: UInt64.self) }

  /// The place of `needle` at or behind `start`; nil: it is not there.
  package func find(_ needle: [UInt8], from start: Int = 0) -> Int? {
    guard start >= 0, start < count, !needle.isEmpty else { return nil }
    let place = unsafe withUnsafeBufferPointer { bytes in
      unsafe needle.withUnsafeBufferPointer {
        unsafe cgoattach_find(bytes.baseAddress, bytes.count, start, $0.baseAddress, $0.count)
      }
    }
    return place < count ? place : nil
  }
}
