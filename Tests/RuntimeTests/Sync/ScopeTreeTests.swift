// Scopes below scopes: how deep they may be, what they keep alive, and how the Gs in them end.
import Glibc
import Region
import TestSupport
import Testing

@testable import MPG

/// Opens `count` scopes, each below the one before, and each with a G that sleeps in it.
private func descend(_ count: Int, _ ready: WaitGroup, _ ended: WaitGroup) {
  withCancellation { _ in
    if count > 1 { go { descend(count - 1, ready, ended) } } else { ready.done() }
    _ = try? sleepOrCancelled(.seconds(100_000))
  }
  ended.done()
}

/// A G that starts the next G in a scope below, and ends.
private func link(_ left: Int, _ done: Channel<Void>) {
  withCancellation { _ in
    if left > 0 { go { link(left - 1, done) } } else { done.send(()) }
  }
}

/// Safe because: Gs of one P touch it, one after the other.
private final class Witness: @unchecked Sendable { weak var scope: Cancellation? }

@Suite("Scopes below scopes")
struct ScopeTreeTests {
  enum End: CaseIterable, Codable { case cancelled, left, timedOut }

  @Test("5,000 of them are cancelled from the outermost, whatever ends that", arguments: End.allCases)
  func deep(end: End) async {
    await #expect(processExitsWith: .success) { [end = end as End] in
      inRuntime(procs: 2) {
        let (ready, ended, depth) = (WaitGroup(), WaitGroup(), 5_000)
        ready.add(1)
        ended.add(depth)
        withCancellation { outer in
          withCancellation(timeout: end == .timedOut ? .milliseconds(300) : nil) { scope in
            go(in: scope) { descend(depth, ready, ended) }
            ready.wait()
            if end == .cancelled { outer.cancel() }
            if end == .timedOut { _ = try? sleepOrCancelled(.seconds(100_000)) }
          }
        }
        ended.wait()
      }
    }
  }

  @Test("a chain of 100,000, each G starting the next in a scope below, is freed as it goes")
  func chain() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        let done = Channel<Void>()
        go { link(hasThreadSanitizer ? 10_000 : 100_000, done) }
        done.receive()
        while MPG.statistics().live > 1 { yield() }  // the last G drops what it kept alive
      }
    }
  }

  @Test("a scope whose body is over keeps none of those around it")
  func parentsAreFreed() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let (witness, left, hold) = (Witness(), Channel<Void>(capacity: 1), Channel<Void>())
        go {
          withCancellation { outer in
            witness.scope = outer
            withCancellation { _ in
              go { hold.receive() }  // a G in the inner scope, whose body ends before the G does
            }
          }
          left.send(())
        }
        left.receive()
        while parked(.chanReceive) == 0 { yield() }
        check(witness.scope == nil, "the outer scope to be gone")
        hold.send(())
      }
    }
  }

  @Test(
    "a cancelled G may end with the error of a cancelled wait, of whatever kind", arguments: Backend.available
  )
  func errorsOfCancellation(netpoll: NetpollKind) async {
    await #expect(processExitsWith: .success) { [netpoll = netpoll as NetpollKind] in
      inRuntime(procs: 2, netpoll: netpoll) {
        struct Wrapped: CancellableError {
          let inner: any Error
          var isCancellation: Bool { (inner as? any CancellableError)?.isCancellation ?? false }
        }
        let ended = WaitGroup()
        ended.add(3)
        withCancellation { scope in
          let pairs = [try! SocketPair(), try! SocketPair()]
          go {
            defer { ended.done() }
            try pairs[0].near.wait(.read)
          }
          go {
            defer { ended.done() }
            do { try pairs[1].near.wait(.read) } catch { throw Wrapped(inner: error) }
          }
          go {
            defer { ended.done() }
            try sleepOrCancelled(.seconds(100_000))
          }
          while parked(.netpollRead) < 2 || parked(.sleep) < 1 { yield() }
          scope.cancel()
          ended.wait()
        }
        MPG.sleep(.milliseconds(1))  // an error would end the process after `done`
      }
    }
  }

  @Test(
    "but not with another, nor is a wait that was cancelled no error of a G that is not", arguments: [0, 1])
  func otherErrors(which: Int) async {
    let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
      [which = which as Int] in
      inRuntime(procs: 1) {
        withCancellation { scope in
          go(in: which == 0 ? scope : nil) {
            if which == 0 { throw Pollable.Failure.timedOut }
            withCancellation { $0.cancel() }
            throw Pollable.Failure.cancelled
          }
          if which == 0 { scope.cancel() }
          MPG.sleep(.seconds(100))
        }
      }
    }
    let words = standardError(of: result)
    #expect(words.contains(/mpg: an error left goroutine 2 .*: \w+/))
  }
}
