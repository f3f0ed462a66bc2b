// Bytes that history keeps: in memory, or in the file of a recording, from where they are read when they are wanted.

/// Some bytes, wherever they are.
package enum Payload {
  case memory([UInt8])
  case file(RecordingFile, offset: UInt64, count: Int)

  /// The bytes; nil when the file does not have them any more.
  package var bytes: [UInt8]? {
    switch self {
    case .memory(let bytes): bytes
    case .file(let file, let offset, let count): file.bytes(count, at: offset)
    }
  }

  /// Bytes of memory that it takes.
  package var memory: Int {
    switch self {
    case .memory(let bytes): bytes.count
    case .file: 0
    }
  }

  /// How many bytes it stands for.
  package var count: Int {
    switch self {
    case .memory(let bytes): bytes.count
    case .file(_, _, let count): count
    }
  }
}
