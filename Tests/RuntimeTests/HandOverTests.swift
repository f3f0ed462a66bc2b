// One descriptor, used by one G after the other. After the first G's scope was cancelled, the next G gets the
// data, whatever the first is doing. Two Gs that use it at once are told so.
import Glibc
import Region
import TestSupport
import Testing

@testable import MPG

/// Reads bytes in a scope until the scope is cancelled.
private func readUntilCancelled(_ pair: SocketPair, _ got: Counter) {
  do {
    while true {
      if pair.take() { got.add(1) }
      try pair.near.wait(.read)
    }
  } catch { check(error == .cancelled, "the wait to be cancelled, not \(error)") }
}

@Suite("One reader after the other")
struct HandOverTests {
  @Test(
    "who reads after the scope of a reader was cancelled hangs beside no byte", arguments: [1, 2, 4],
    Backend.available)
  func nextReader(procs: Int, netpoll: NetpollKind) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int, netpoll = netpoll as NetpollKind] in
      inRuntime(procs: procs, netpoll: netpoll) {
        let (pair, got, ended) = (try SocketPair(), Counter(), WaitGroup())
        // A lost wake-up ends here, long before the child's time is up.
        pair.near.setDeadline(.after(.seconds(100)), for: .read)
        for round in 0..<300 {
          let served = Counter()
          ended.add(2)
          withCancellation { scope in
            go {
              readUntilCancelled(pair, got)
              ended.done()
            }
            while round % 3 == 0, parked(.netpollRead) == 0 { yield() }
            if round % 5 == 0 { yield() }
            if round % 2 == 0 { scope.cancel() }
          }
          go {
            // Write again and again: the first G may have taken a byte before it noticed the cancellation. A
            // G that does not wait in the descriptor's word gets no news.
            while served.value == 0 {
              pair.give()
              MPG.sleep(.microseconds(50 + round % 4 * 50))
            }
            ended.done()
          }
          while !pair.take() { try pair.near.wait(.read) }
          served.add(1)
          ended.wait()
          while pair.take() {}
        }
      }
    }
  }

  @Test(
    "the next may begin while the cancelled one is still parked, and news that came for that one is its own",
    arguments: Backend.available)
  func nextBeforeTheLastHasLeft(netpoll: NetpollKind) async {
    await #expect(processExitsWith: .success) { [netpoll = netpoll as NetpollKind] in
      // One P: the cancelled G does not go on before this G parks.
      inRuntime(procs: 1, preemption: false, netpoll: netpoll) {
        let (pair, got) = (try SocketPair(), Counter())
        for _ in 0..<50 {
          withCancellation { _ in
            go { readUntilCancelled(pair, got) }
            while parked(.netpollRead) == 0 { yield() }
          }
          go {
            while parked(.netpollRead) == 0 { yield() }
            pair.give()
          }
          pair.near.setDeadline(.after(.seconds(100)), for: .read)
          while !pair.take() { try pair.near.wait(.read) }
        }
        checkEqual(got.value, 0, "bytes that a cancelled reader took")
      }
    }
  }

  @Test(
    "two that wait for one direction at once end the process, with words", arguments: [1, 2],
    Backend.available)
  func twoAtOnce(procs: Int, netpoll: NetpollKind) async {
    let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
      [procs = procs as Int, netpoll = netpoll as NetpollKind] in
      inRuntime(procs: procs, netpoll: netpoll) {
        let pair = try SocketPair()
        for _ in 0..<2 {
          go { while true { try pair.near.wait(.read) } }
        }
        MPG.sleep(.seconds(100))
      }
    }
    let words = standardError(of: result)
    #expect(words.contains(/mpg: goroutine \d and .* wait at the same time to read from fd \d+;/))
  }
}
