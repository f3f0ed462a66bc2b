// Where the last reference to a public object may be dropped: on a G, inside `blocking`, on a thread of
// Swift's pool, on a scheduling stack. See Outside §7.
import Glibc
import Region
import TestSupport
import Testing

@testable import MPG

/// Holds objects of the runtime until it is told to drop them.
///
/// Safe because: one thread at a time touches it.
private final class Holder: @unchecked Sendable {
  private var things: [AnyObject]

  init() throws {
    things = [
      try SocketPair(), try Pipe(), Ticker(every: .milliseconds(1)), Alarm(after: .seconds(3600)) {},
      Channel<Int>(capacity: 1), Mutex(), Condition(Mutex()), RWMutex(), Semaphore(1), WaitGroup(), Once(),
      after(.seconds(3600)),
    ]
    withCancellation(timeout: .seconds(3600)) { things.append($0) }
  }

  func drop() { things = [] }
}

private func watched() -> UInt64 { sched.shared[.netpollFds].relaxed }

@Suite("The last reference")
struct LastReferenceTests {
  @Test("may be dropped inside blocking", arguments: Backend.available)
  func inBlocking(netpoll: NetpollKind) async {
    await #expect(processExitsWith: .success) { [netpoll = netpoll as NetpollKind] in
      inRuntime(procs: 2, netpoll: netpoll) {
        for _ in 0..<50 {
          let holder = try Holder()
          checkEqual(watched(), 2, "descriptors watched")
          blocking { holder.drop() }
          checkEqual(watched(), 0, "descriptors watched")
        }
      }
    }
  }

  @Test("may be dropped by a task, on a thread that is none of ours", arguments: Backend.available)
  func inTask(netpoll: NetpollKind) async {
    await #expect(processExitsWith: .success) { [netpoll = netpoll as NetpollKind] in
      inRuntime(procs: 2, netpoll: netpoll) {
        unsafe Outside.bystanders = 0
        for _ in 0..<50 {
          let holder = try Holder()
          MPG.await {
            await Task.detached {
              check(M.current == nil, "to be on a thread of Swift's")
              holder.drop()
            }.value
          }
          checkEqual(watched(), 0, "descriptors watched")
        }
      }
    }
  }

  @Test("may be dropped by a timer, on a scheduling stack")
  func byTimer() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        for _ in 0..<50 {
          let pair = try SocketPair()
          // After the alarm has run its closure, the thread that fires timers drops the closure.
          Alarm(after: .microseconds(100)) { _ = pair.far }
        }
        while watched() > 0 { MPG.sleep(.milliseconds(1)) }
      }
    }
  }

  @Test("takes no turn from the G that drops it, and closes what others wait for")
  func close() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        unsafe Outside.bystanders = 0
        let (pair, ended) = (try SocketPair(), Channel<Pollable.Failure?>())
        go { ended.send(failure { try pair.near.wait(.read) }) }
        while parked(.netpollRead) == 0 { yield() }
        MPG.await { await Task.detached { pair.near.close() }.value }
        checkEqual(ended.receive(), .some(.some(.closed)), "how the wait ends")
        let second = try SocketPair()
        go { ended.send(failure { try second.near.wait(.read) }) }
        while parked(.netpollRead) == 0 { yield() }
        blocking { second.near.close() }
        checkEqual(ended.receive(), .some(.some(.closed)), "how the wait ends")
      }
    }
  }
}
