// Handlers that make the scheduler do something worth watching. Each runs in a scope that is cancelled when its client leaves.
// Handlers that may take long check for that.

import Glibc
import HTTP
import MPG

/// `/spawn?n=1000`: starts n Gs and waits for all.
@Sendable func spawn(_ request: borrowing Request, _ response: inout Response) throws {
  let n = try number("n", of: request, default: 1000, in: 1...1_000_000)
  let group = WaitGroup()
  for started in stride(from: 0, to: n, by: 1024) {
    try checkCancellation()
    let batch = min(1024, n - started)
    group.add(batch)
    for _ in 0..<batch { goDetached { group.done() } }
  }
  group.wait()
  response.write("spawned and joined \(n) Gs\n")
}

/// `/cpu?ms=20`: keeps a P busy for that time.
@Sendable func burn(_ request: borrowing Request, _ response: inout Response) throws {
  let ms = try number("ms", of: request, default: 20, in: 0...10_000)
  let end = nanoseconds() + ms * 1_000_000
  var rounds = 0
  while nanoseconds() < end && !isCancelled { rounds += 1 }
  response.write("computed for \(ms) ms, \(rounds) rounds\n")
}

/// `/sleep?ms=50`: parks on a timer.
@Sendable func sleep(_ request: borrowing Request, _ response: inout Response) throws {
  let ms = try number("ms", of: request, default: 50, in: 0...60_000)
  try sleepOrCancelled(.milliseconds(ms))
  response.write("slept \(ms) ms\n")
}

/// `/pipeline?n=100`: sends a token through a chain of n Gs, with a channel from each to the next. Every G adds one to it. A G
/// that gets no token closes the channel to the next, so that no G stays behind when the client leaves.
@Sendable func pipeline(_ request: borrowing Request, _ response: inout Response) throws {
  let n = try number("n", of: request, default: 100, in: 1...100_000)
  let start = nanoseconds()
  let first = Channel<Int>()
  var last = first
  for place in 1...n {
    if isCancelled {
      first.close()
      throw CancellationError()
    }
    let input = last
    // The handler, which receives from the last channel, may have left. The last G must not wait for it.
    let output = Channel<Int>(capacity: place == n ? 1 : 0)
    goDetached {
      guard let token = input.receive() else { return output.close() }
      output.send(token + 1)
    }
    last = output
  }
  first.send(0)
  let token = try last.receiveOrCancelled() ?? 0
  response.write("the token went through \(token) of \(n) Gs in \((nanoseconds() - start) / 1000) us\n")
}

/// `/hog?ms=20`: computes for that time by the wall clock and never yields: other Gs run only because of preemption.
@Sendable func hog(_ request: borrowing Request, _ response: inout Response) throws {
  let ms = try number("ms", of: request, default: 20, in: 0...10_000)
  let end = nanoseconds() + ms * 1_000_000
  var x: UInt64 = 1
  repeat {
    for _ in 0..<10_000 { x = x &* 6_364_136_223_846_793_005 &+ 1 }
  } while nanoseconds() < end && !isCancelled
  response.write("hogged for \(ms) ms, ended at \(x)\n")
}

/// `/block?ms=50`: blocks a thread for that time; another thread takes its P.
@Sendable func block(_ request: borrowing Request, _ response: inout Response) throws {
  let ms = try number("ms", of: request, default: 50, in: 0...60_000)
  var ends: [Int32] = [0, 0]
  guard unsafe pipe(&ends) == 0 else { throw HTTPError(.serviceUnavailable, "no pipe") }
  let (reading, writing) = (ends[0], ends[1])
  defer { close(reading) }
  go {
    try? sleepOrCancelled(.milliseconds(ms))  // a client that leaves ends the sleep early, and so the block
    close(writing)
  }
  blocking {
    var byte: UInt8 = 0
    while unsafe read(reading, &byte, 1) < 0, errno == EINTR {}  // after a signal: read again
  }
  response.write("blocked a thread for \(ms) ms\n")
}

/// `/leak?n=10`: starts n Gs that wait for ever, to show what a leak looks like.
@Sendable func leak(_ request: borrowing Request, _ response: inout Response) throws {
  let n = try number("n", of: request, default: 10, in: 1...10_000)
  for _ in 0..<n { go { _ = Channel<Void>().receive() } }
  response.write("left \(n) Gs behind, parked on channels that nobody knows\n")
}

/// The value of a query parameter. A value that is not a number in `range` is answered with 400 and one line.
private func number(
  _ name: StaticString, of request: borrowing Request, default fallback: Int, in range: ClosedRange<Int>
) throws -> Int {
  guard let text = try request.parameter(name) else { return fallback }
  guard let value = Int(text), range.contains(value) else {
    throw HTTPError(.badRequest, "\(name) must be a number from \(range.lowerBound) to \(range.upperBound)")
  }
  return value
}

/// The present moment, in nanoseconds. Must not be inlined into code that parks: the G may go on in another
/// thread.
@inline(never)
private func nanoseconds() -> Int {
  var now = timespec()
  unsafe clock_gettime(CLOCK_MONOTONIC, &now)
  return now.tv_sec * 1_000_000_000 + now.tv_nsec
}
