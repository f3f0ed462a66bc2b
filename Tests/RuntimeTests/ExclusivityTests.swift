// Swift's exclusivity checks across a park. A G may park inside an access to a class property and go on,
// perhaps on another thread, without a false report. A real conflict is still reported. See Context §2.
import CMPG
import Glibc
import TestSupport
import Testing

@testable import MPG

/// Accesses to its property are checked at run time, because the compiler cannot see who else holds the
/// object.
private final class Box: @unchecked Sendable {
  // Safe because: each box is used by one G.
  var value = 0
}

/// Parks while the caller's access to `target` is open. Returns whether the G came back on another thread;
/// nil: the channel was closed.
@inline(never)
private func addNext(of channel: Channel<Int>, to target: inout Int) -> Bool? {
  let before = mpg_tid()
  guard let number = channel.receive() else { return nil }
  target += number
  return mpg_tid() != before
}

/// The same, with a second access inside the first.
@inline(never)
private func addNext(of channel: Channel<Int>, to outer: inout Int, and inner: Box) -> Bool? {
  let moved = addNext(of: channel, to: &inner.value)
  if moved != nil { outer += 1 }
  return moved
}

@Suite("Exclusivity over a park")
struct ExclusivityTests {
  @Test("accesses that are open over a park close on whatever thread the G wakes up")
  func accessesMigrate() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        let migrations = Counter()
        let channels = (0..<16).map { _ in Channel<Int>() }
        let all = WaitGroup()
        all.add(channels.count)
        let enough = isOptimised ? 10_000 : 1_000
        for channel in channels {
          go {
            let (outer, inner) = (Box(), Box())
            while let moved = addNext(of: channel, to: &outer.value, and: inner) {
              if moved { migrations.add(1) }
            }
            check(outer.value > 0, "additions")
            checkEqual(inner.value, outer.value, "inner additions")
            all.done()
          }
        }
        // Two senders serve all channels, so that a G is often made ready on another P than the one it ran
        // on.
        let senders = WaitGroup()
        senders.add(2)
        for _ in 0..<2 {
          go {
            while migrations.value < enough {
              for channel in channels { channel.send(1) }
              yield()
            }
            senders.done()
          }
        }
        senders.wait()
        for channel in channels { channel.close() }
        all.wait()
      }
    }
  }

  @Test("accesses of Gs that share a thread may close in any order")
  func accessesInterleave() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let boxes = (0..<5).map { _ in Box() }
        let channels = (0..<5).map { _ in Channel<Int>() }
        let all = WaitGroup()
        all.add(5)
        for index in 0..<5 {
          go {
            _ = addNext(of: channels[index], to: &boxes[index].value)
            all.done()
          }
        }
        yield()  // all five are parked, each inside its access
        for index in [2, 4, 0, 1, 3] { channels[index].send(index) }
        all.wait()
        check(boxes.map(\.value) == [0, 1, 2, 3, 4], "each box to have its number")
      }
    }
  }

  @Test("a G that accesses what it has open already is stopped, also after a park")
  func conflictsAreStillFound() async throws {
    let folder = try TemporaryFolder(on: .disk)
    let result = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { [path = folder.path as String] in
      TemporaryFolder.useForRegions(path)
      inRuntime(procs: 1) {
        let (box, channel) = (Box(), Channel<Int>(capacity: 1))
        go { channel.send(1) }
        conflict(&box.value, with: box, after: channel)
      }
    }
    let words = standardError(of: result)
    #expect(words.contains("imultaneous access"))
  }
}

/// Parks, then reads the property to which the caller's access is open.
@inline(never)
private func conflict(_ target: inout Int, with box: Box, after channel: Channel<Int>) {
  target += channel.receive() ?? 0
  target += box.value
}
