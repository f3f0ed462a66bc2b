// A pipe whose reading end Gs can wait for.
import CMPG
import Glibc
import TestSupport
import Testing

@testable import MPG

/// Safe because: descriptors are numbers, and `Pollable` is thread-safe. The pipe is never closed, because a
/// child ends soon.
final class Pipe: Sendable {
  let readEnd: Pollable
  private let writeEnd: Int32

  init() throws {
    var ends: [Int32] = [0, 0]
    guard unsafe mpg_pipe(&ends) == 0 else { throw SystemError(call: "pipe2", errno: errno) }
    writeEnd = ends[1]
    readEnd = try Pollable(fd: ends[0])
  }

  func write(_ byte: UInt8) {
    var byte = byte
    check(unsafe Glibc.write(writeEnd, &byte, 1) == 1, "the pipe to take a byte")
  }

  func closeWriteEnd() { close(writeEnd) }

  /// The next byte; parks until there is one. nil: the end of the pipe.
  func read() throws -> UInt8? {
    while true {
      var byte: UInt8 = 0
      let count = unsafe Glibc.read(readEnd.fd, &byte, 1)
      if count == 1 { return byte }
      if count == 0 { return nil }
      guard errno == EAGAIN else { throw SystemError(call: "read", errno: errno) }
      try readEnd.wait(.read)
    }
  }
}
