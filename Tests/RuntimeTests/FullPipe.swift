// A standard error that nobody reads.
import CMPG
import Glibc
import TestSupport
import Testing

@testable import MPG

/// Runs in a child process: makes standard error a full pipe, for good. A thread that writes there waits for
/// ever.
func fillStandardError() {
  var ends: [Int32] = [0, 0]
  check(unsafe mpg_pipe(&ends) == 0, "a pipe")
  let block = [UInt8](repeating: 0, count: 4096)
  // The pipe does not block its writers yet, so these loops end when it is full.
  while unsafe write(ends[1], block, block.count) > 0 {}
  while unsafe write(ends[1], block, 1) > 0 {}
  check(fcntl(ends[1], F_SETFL, 0) == 0, "a pipe that makes writers wait")
  check(dup2(ends[1], 2) == 2, "stderr to be the pipe")
}
