// Ways to crash, for tests of what a dead process leaves behind. The path exists only with `--crashable`.

import Glibc
import HTTP

/// `/crash?how=abort|trap|overflow`: ends the process at once, in the G of this request.
@Sendable func crash(_ request: borrowing Request, _ response: inout Response) throws {
  switch try request.parameter("how") {
  case "abort": abort()
  case "trap":
    let nothing: [Int] = []
    response.write("\(nothing[request.body.count])")
  case "overflow": response.write("\(deeper(1))")
  default: throw HTTPError(.badRequest, "how must be abort, trap or overflow")
  }
}

/// Calls itself until the stack overflows.
@inline(never)
private func deeper(_ depth: Int) -> Int {
  depth < 0 ? 0 : deeper(depth + 1) + depth
}
