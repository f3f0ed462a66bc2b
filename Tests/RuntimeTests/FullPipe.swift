// A stderr that nobody reads.
import CMPG
import Glibc
import Testing

@testable import MPG

/// In a child: from here on stderr is a pipe that is full, and stays so. Whoever writes there waits for ever.
func fillStandardError() {
  var ends: [Int32] = [0, 0]
  check(unsafe mpg_pipe(&ends) == 0, "a pipe")
  let block = [UInt8](repeating: 0, count: 4096)
  // the ends do not wait, which a stderr does
  while unsafe write(ends[1], block, block.count) > 0 {}
  while unsafe write(ends[1], block, 1) > 0 {}
  check(fcntl(ends[1], F_SETFL, 0) == 0, "a pipe that makes writers wait")
  check(dup2(ends[1], 2) == 2, "stderr to be the pipe")
}
