// Rest: a G that waits for a descriptor without a stack, and goes on with another body.
import CMPG
import Glibc
import Region
import Synchronization
import TestSupport
import Testing

@testable import MPG

@Suite("Rest")
struct RestTests {
  @Test("the same G goes on when bytes come, and has no stack meanwhile", arguments: Backend.available)
  func goesOn(netpoll: NetpollKind) async {
    await #expect(processExitsWith: .success) { [netpoll = netpoll as NetpollKind] in
      inRuntime(procs: 2, netpoll: netpoll) {
        let (pipe, gs, bytes) = (try Pipe(), Channel<G>(capacity: 2), Channel<UInt8>(capacity: 1))
        go {
          gs.send(runningG())
          pipe.readEnd.rest(until: .read) {
            gs.send(runningG())
            bytes.send(try pipe.read() ?? 0)
          }
        }
        let g = gs.receive() ?? G(slot: 0)
        let id = g.id
        waitUntilResting(g)
        checkEqual(parked(.netpollRead), 1, "Gs that wait for bytes")
        pipe.write(7)
        checkEqual(gs.receive(), g, "the G that goes on")
        checkEqual(bytes.receive(), 7, "the byte")
        checkEqual(g.id, id, "its id")
      }
    }
  }

  @Test("bytes, deadlines and closing let it go on, before it rests and meanwhile", arguments: [false, true])
  func endings(isEarly: Bool) async {
    await #expect(processExitsWith: .success) { [isEarly = isEarly as Bool] in
      inRuntime(procs: 2) {
        checkEqual(try ending(isEarly) { $0.write(1) }, nil, "after a byte")
        checkEqual(try ending(isEarly) { $0.readEnd.close() }, .closed, "after closing")
        checkEqual(
          try ending(isEarly) { $0.readEnd.setDeadline(.after(.zero), for: .read) }, .timedOut,
          "after a deadline that is over")
        checkEqual(
          try ending(isEarly) { $0.readEnd.setDeadline(.after(.milliseconds(5)), for: .read) }, .timedOut,
          "after a deadline that comes")
      }
    }
  }

  @Test("a cancelled scope ends a rest, and its Gs", arguments: [false, true])
  func cancelled(isEarly: Bool) async {
    await #expect(processExitsWith: .success) { [isEarly = isEarly as Bool] in
      inRuntime(procs: 2) {
        let (pipe, gs, ends) = (try Pipe(), Channel<G>(capacity: 1), Channel<Pollable.Failure?>(capacity: 1))
        withCancellation { scope in
          if isEarly { scope.cancel() }
          go {
            gs.send(runningG())
            pipe.readEnd.rest(until: .read) { ends.send(failure(pipe)) }
          }
          let g = gs.receive() ?? G(slot: 0)
          if !isEarly { waitUntilResting(g) }
        }
        checkEqual(ends.receive() ?? nil, .cancelled, "how the rest ended")
        // The next one that waits is not disturbed by the one that was cancelled.
        let byte = Channel<UInt8?>(capacity: 1)
        go { byte.send(try pipe.read()) }
        while parked(.netpollRead) == 0 { yield() }
        pipe.write(9)
        checkEqual(byte.receive() ?? nil, 9, "the byte")
      }
    }
  }

  @Test(
    "Gs rest again and again while others write and move deadlines: no byte and no G is lost",
    arguments: [1, 4])
  func storm(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      inRuntime(procs: procs) {
        let (turns, gs, done) = (300, 32, WaitGroup())
        done.add(2 * gs)
        for number in 0..<gs {
          let pipe = try Pipe()
          go { take(turns, from: pipe, done) }
          go {
            var dice = Dice(UInt64(number))
            for _ in 0..<turns {
              switch dice.below(4) {
              case 0: pipe.readEnd.setDeadline(.after(.microseconds(dice.below(300))), for: .read)
              case 1: MPG.sleep(.microseconds(dice.below(200)))
              case 2: yield()
              default: break
              }
              pipe.write(1)
            }
            done.done()
          }
        }
        done.wait()
        checkEqual(parked(.netpollRead), 0, "Gs that still wait")
      }
    }
  }

  @Test("a second one in the same body is refused")
  func refused() async {
    let twice = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
      inRuntime(procs: 1) {
        let pipe = try Pipe()
        pipe.readEnd.rest(until: .read) {}
        pipe.readEnd.rest(until: .read) {}
      }
    }
    let words = String(decoding: twice?.standardErrorContent ?? [], as: UTF8.self)
    #expect(words.contains("called Pollable.rest twice"))
  }
}

/// The G that runs.
private func runningG() -> G { M.current?.g ?? G(slot: 0) }

/// Waits until `g` waits without a stack.
private func waitUntilResting(_ g: G) {
  while unsafe g.record.pointee.stack != nil { yield() }
  while parked(.netpollRead) == 0 { yield() }
}

/// The failure with which a read of the pipe ends; nil: there was a byte.
private func failure(_ pipe: Pipe) -> Pollable.Failure? {
  do {
    _ = try pipe.read()
    return nil
  } catch {
    return error as? Pollable.Failure
  }
}

/// How the rest of a G ends after `event`, which happens before the rest, or while the G rests.
private func ending(_ isEarly: Bool, _ event: @escaping (Pipe) -> Void) throws -> Pollable.Failure? {
  let (pipe, gs, ends) = (try Pipe(), Channel<G>(capacity: 1), Channel<Pollable.Failure?>(capacity: 1))
  if isEarly { event(pipe) }
  go {
    gs.send(runningG())
    pipe.readEnd.rest(until: .read) { ends.send(failure(pipe)) }
  }
  let g = gs.receive() ?? G(slot: 0)
  if !isEarly {
    waitUntilResting(g)
    event(pipe)
  }
  return ends.receive() ?? nil
}

/// Takes bytes out of the pipe, and rests whenever it is empty. A deadline that passes only ends one rest.
private func take(_ left: Int, from pipe: Pipe, _ done: WaitGroup) {
  var (left, byte) = (left, UInt8(0))
  while left > 0, unsafe read(pipe.readEnd.fd, &byte, 1) == 1 { left -= 1 }
  guard left > 0 else { return done.done() }
  check(errno == EAGAIN, "the pipe to be empty")
  pipe.readEnd.rest(until: .read) { take(left, from: pipe, done) }
}
