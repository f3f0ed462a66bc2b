// A file for the part of a long history that would take too much memory.
internal import Glibc
import Host

/// A file without a name, to which payloads are appended and from which they are read again. The system removes it when its last
/// user is gone, however this process ends.
///
/// One thread appends. Any thread may read what was appended before it got the payload.
package final class SpillFile: PayloadFile {
  private let descriptor: FileDescriptor
  /// Where the next payload is written.
  private var end: UInt64 = 0
  /// Whether nothing can be written any more, as on a full disk.
  private var isFull = false

  /// Makes a file in `$TMPDIR`, or else in /var/tmp: in many systems /tmp lies in memory.
  ///
  /// - Throws: the reason why there can be no such file.
  package init() throws(SystemCallError) {
    descriptor = try FileDescriptor(temporaryIn: environment("TMPDIR") ?? "/var/tmp")
  }

  /// Writes `payload` to the file, and returns it as one that takes no memory. Where that fails, returns it as it is.
  package func taking(_ payload: Payload) -> Payload {
    guard case .memory(let bytes) = payload, !bytes.isEmpty, !isFull else { return payload }
    guard descriptor.write(bytes, at: end) else {
      isFull = true
      return payload
    }
    defer { end += UInt64(bytes.count) }
    return .file(self, offset: end, count: bytes.count)
  }

  /// Writes all bytes of `segment` to the file, except for those that stay in memory because they cannot be written.
  package func taking(_ segment: Segment) -> Segment {
    var segment = segment
    segment.keyframe = taking(segment.keyframe)
    segment.goroutines = segment.goroutines.map(taking)
    for index in segment.blocks.indices {
      segment.blocks[index].payload = taking(segment.blocks[index].payload)
      segment.blocks[index].stacks = segment.blocks[index].stacks.map(taking)
    }
    return segment
  }

  /// The `count` bytes from `offset`; nil: they cannot be read.
  package func bytes(_ count: Int, at offset: UInt64) -> [UInt8]? { descriptor.bytes(count, at: offset) }
}
