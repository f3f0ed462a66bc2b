// Bytes that history keeps: in memory, in the file of a recording, or in a file of our own. Those in a file are read when they
// are wanted.

/// A file that payloads lie in. Any thread may read.
package protocol PayloadFile: AnyObject {
  /// The `count` bytes from `offset`; nil: not all of them are there, or they cannot be read.
  func bytes(_ count: Int, at offset: UInt64) -> [UInt8]?
}

/// Some bytes, in memory or in a file.
package enum Payload {
  case memory([UInt8])
  case file(any PayloadFile, offset: UInt64, count: Int)

  /// The bytes; nil: the file does not have them any more.
  package var bytes: [UInt8]? {
    switch self {
    case .memory(let bytes): bytes
    case .file(let file, let offset, let count): file.bytes(count, at: offset)
    }
  }

  /// How many bytes of memory these bytes take: none if they are in a file.
  package var memory: Int {
    switch self {
    case .memory(let bytes): bytes.count
    case .file: 0
    }
  }

  /// The number of bytes.
  package var count: Int {
    switch self {
    case .memory(let bytes): bytes.count
    case .file(_, _, let count): count
    }
  }
}
