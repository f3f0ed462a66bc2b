// The memory of a dead process: what its core file holds, and the parts of its executable that nobody could write to, which
// neither the kernel nor gdb puts into a core.

/// The memory of a dead process, which does not change. May be used from any thread.
package final class CoreMemory: TargetMemory {
  private let core: CoreFile
  private let executable: GoExecutable?
  private let bias: UInt64

  /// - Parameters:
  ///   - executable: the program's file; nil: only what the core holds can be read.
  ///   - bias: the load bias: by how much addresses in memory are higher than those in that file.
  package init(_ core: CoreFile, _ executable: GoExecutable? = nil, bias: UInt64 = 0) {
    (self.core, self.executable, self.bias) = (core, executable, bias)
  }

  package func read(
    _ ranges: UnsafeBufferPointer<MemoryRange>, into bytes: UnsafeMutableRawBufferPointer
  ) throws(MemoryProblem) -> Int {
    var place = 0
    for index in 0..<ranges.count {
      let range = unsafe ranges[index]
      guard
        unsafe copy(range, into: UnsafeMutableRawBufferPointer(rebasing: bytes[place..<place + range.count]))
      else { return index }
      place += range.count
    }
    return ranges.count
  }

  /// Copies one range, which may lie in several pieces that follow each other. Returns whether all of it is there.
  private func copy(_ range: MemoryRange, into bytes: UnsafeMutableRawBufferPointer) -> Bool {
    guard range.count >= 0, range.address <= .max - UInt64(range.count) else { return false }
    var filled = 0
    while filled < range.count {
      let address = range.address + UInt64(filled)
      guard let (file, offset, count) = place(of: address),
        let found = file.bytes(at: offset, min(count, range.count - filled))
      else { return false }
      unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[filled..<filled + found.count]).copyBytes(
        from: found)
      filled += found.count
    }
    return true
  }

  /// The file and offset of the byte at an address, and how many bytes can be taken from there on; nil: no file has it.
  private func place(of address: UInt64) -> (file: any ByteSource, offset: Int, count: Int)? {
    if let piece = core.piece(at: address) {
      let start = Int(address - piece.address)
      return (core.file, piece.offset + start, piece.count - start)
    }
    guard let executable else { return nil }
    let inFile = address &- bias
    for segment in executable.elf.segments where !segment.isWritable && inFile >= segment.address {
      let start = inFile - segment.address
      guard segment.fileSize > 0, start < UInt64(segment.fileSize), segment.offset <= .max - segment.fileSize
      else { continue }
      // Read the file only up to the next piece of the core in this segment. From there on the core's bytes are the right ones,
      // not the file's.
      let next = core.pieces.first { $0.address > address }?.address ?? .max
      let count = min(segment.fileSize - Int(start), Int(clamping: next - address))
      return (executable.file, segment.offset + Int(start), count)
    }
    return nil
  }
}
