// Select: which case is chosen, which G is woken, and that nothing is lost or done twice.
import Glibc
import Region
import Synchronization
import TestSupport
import Testing

@testable import MPG

@Suite("Select")
struct SelectTests {
  @Test("a case that is possible is done, with the value, and its result is returned")
  func possibleCases() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let (a, b) = (Channel<Int>(capacity: 1), Channel<String>(capacity: 1))
        b.send("x")
        let found: String = select {
          $0.receive(from: a) { "a \($0 ?? 0)" }
          $0.receive(from: b) { "b \($0 ?? "")" }
        }
        checkEqual(found, "b x", "the result")
        select {
          $0.send(5, to: a) {}
          $0.receive(from: b) { _ in check(false, "the empty channel not to be received from") }
        }
        checkEqual(a.receive(), 5, "the value sent")
      }
    }
  }

  @Test("otherwise is chosen only if nothing is possible, and then nothing is sent")
  func otherwiseIsLast() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let (empty, full) = (Channel<Int>(), Channel<Int>(capacity: 1))
        full.send(1)
        func pick() -> Int {
          select {
            $0.receive(from: empty) { $0 ?? -1 }
            $0.send(2, to: full) { 2 }
            $0.otherwise { 0 }
          }
        }
        checkEqual(pick(), 0, "the choice while nothing is possible")
        checkEqual(full.receive(), 1, "the value in the channel")
        checkEqual(pick(), 2, "the choice while there is room")
        checkEqual(full.receive(), 2, "the value sent")
      }
    }
  }

  @Test("of several that are always possible each is chosen often")
  func choicesAreFair() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let channels = (0..<3).map { _ in Channel<Int>(capacity: 1) }
        var counts = [0, 0, 0]
        for _ in 0..<9_000 {
          for channel in channels.prefix(2) {
            select {
              $0.send(1, to: channel) {}
              $0.otherwise {}
            }
          }
          counts[
            select { cases in
              for (index, channel) in channels.enumerated() { cases.receive(from: channel) { _ in index } }
            }] += 1
        }
        checkEqual(counts[2], 0, "choices of the empty one")
        check(counts[0] > 4_000 && counts[1] > 4_000, "about half for each, not \(counts)")
      }
    }
  }

  @Test("a select that waits is ended by a send, a receive, a close or its time, and by that one only")
  func waitsEnd() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        let (a, b, results) = (Channel<Int>(), Channel<Int>(), Channel<String>())
        func start(_ delay: Duration) {
          go {
            results.send(
              select {
                $0.receive(from: a) { $0.map { "received \($0)" } ?? "closed" }
                $0.send(9, to: b) { "sent" }
                $0.after(delay) { "late" }
              })
          }
        }
        func untilItWaits() { while parked(.select) == 0 { yield() } }
        start(.seconds(3600))
        untilItWaits()
        a.send(4)
        checkEqual(results.receive(), "received 4", "how it ended")
        start(.seconds(3600))
        untilItWaits()
        checkEqual(b.receive(), 9, "the value received from a select")
        checkEqual(results.receive(), "sent", "how it ended")
        start(.milliseconds(5))
        checkEqual(results.receive(), "late", "how it ended")
        start(.seconds(3600))
        untilItWaits()
        a.close()
        checkEqual(results.receive(), "closed", "how it ended")
        start(.seconds(3600))
        checkEqual(results.receive(), "closed", "how one ends that begins after the close")
      }
    }
  }

  @Test("a delay of nothing is over unless something is possible at once")
  func noDelay() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let channel = Channel<Int>(capacity: 1)
        func pick() -> Int {
          select {
            $0.after(.zero) { 0 }
            $0.receive(from: channel) { $0 ?? -1 }
          }
        }
        checkEqual(pick(), 0, "the choice")
        channel.send(7)
        checkEqual(pick(), 7, "the choice")
      }
    }
  }

  @Test(
    "a select does not receive what it sends itself, and two of them find each other", arguments: [1, 2, 4])
  func selvesDoNotMatch(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      inRuntime(procs: procs) {
        for capacity in [0, 10] {
          let (channel, all) = (Channel<Int>(capacity: capacity), WaitGroup())
          all.add(2)
          for name in 0..<2 {
            go {
              for round in 0..<2_000 {
                let received: Int? =
                  round % 2 == 0
                  ? select {
                    $0.send(name, to: channel) { nil }
                    $0.receive(from: channel) { $0 }
                  }
                  : select {
                    $0.receive(from: channel) { $0 }
                    $0.send(name, to: channel) { nil }
                  }
                if capacity == 0, let received { check(received != name, "no value from itself") }
              }
              all.done()
              // The last G may wait for ever, so this G must take what is left.
              while true {
                select {
                  $0.receive(from: channel) { _ in }
                  $0.send(2, to: channel) {}
                }
              }
            }
          }
          all.wait()
        }
      }
    }
  }

  @Test("a channel may stand in a select more than once")
  func duplicates() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        let (channel, other, sum) = (Channel<Int>(), Channel<Int>(), Counter())
        let all = WaitGroup()
        all.add(3)
        for _ in 0..<3 {
          go {
            for _ in 0..<1_000 {
              select {
                $0.receive(from: channel) { sum.add($0 ?? 0) }
                $0.receive(from: other) { sum.add($0 ?? 0) }
                $0.receive(from: channel) { sum.add($0 ?? 0) }
              }
            }
            all.done()
          }
        }
        for index in 0..<3_000 { (index % 3 == 0 ? other : channel).send(1) }
        all.wait()
        checkEqual(sum.value, 3_000, "values received")
      }
    }
  }

  @Test("while one of two channels has a value at every moment, otherwise is not chosen", arguments: [2, 4])
  func otherwiseSeesOneMoment(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      inRuntime(procs: procs) {
        for round in 0..<20_000 {
          let (a, b, done) = (
            Channel<Int>(capacity: 1), Channel<Int>(capacity: 1), Channel<Bool>(capacity: 1)
          )
          a.send(1)
          go {
            done.send(
              select {
                $0.receive(from: a) { _ in true }
                $0.receive(from: b) { _ in true }
                $0.otherwise { false }
              })
          }
          if round % 2 == 0 { b.send(1) } else { b.close() }
          select {
            $0.receive(from: a) { _ in }
            $0.otherwise {}
          }
          checkEqual(done.receive(), true, "that a value was found")
        }
      }
    }
  }

  @Test("among selects, senders and receivers on several Ps every value arrives once", arguments: [1, 2, 4])
  func stress(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      inRuntime(procs: procs) {
        let each = 2_000
        let channels = [0, 0, 3, 7].map { Channel<Int>(capacity: $0) }
        let (counts, all) = (Counts(8 * each), WaitGroup())
        // Four senders use one channel each, and four send wherever there is room. The receivers do likewise.
        all.add(12)
        for sender in 0..<4 {
          go {
            for value in 0..<each { channels[sender].send(sender * each + value) }
            all.done()
          }
        }
        for sender in 4..<8 {
          go {
            for value in 0..<each {
              select { cases in
                for channel in channels { cases.send(sender * each + value, to: channel) {} }
              }
            }
            all.done()
          }
        }
        for _ in 0..<4 {
          go {
            for _ in 0..<2 * each {
              select { cases in
                for channel in channels { cases.receive(from: channel) { counts.add($0 ?? -1) } }
                cases.after(.seconds(600)) { check(false, "no select to wait for so long") }
              }
            }
            all.done()
          }
        }
        all.wait()
        check(counts.areAll(1), "each value once")
      }
    }
  }

  @Test("time-outs that race with values lose none, and no late one ends a later wait", arguments: [1, 2, 4])
  func timeoutsRace(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      inRuntime(procs: procs) {
        let (channel, sum, all) = (Channel<Int>(), Counter(), WaitGroup())
        all.add(8)
        for name in 0..<8 {
          go {
            var (dice, got) = (Dice(UInt64(name)), 0)
            while got < 500 {
              let delay = Duration.microseconds(Int(dice.next() % 50))
              select {
                $0.receive(from: channel) {
                  sum.add($0 ?? 0)
                  got += 1
                }
                $0.after(delay) {}
              }
            }
            // Timers of earlier waits may still fire, but this wait has none.
            sum.add(channel.receive() ?? 0)
            all.done()
          }
        }
        for _ in 0..<8 * 501 {
          channel.send(1)
        }
        all.wait()
        checkEqual(sum.value, 8 * 501, "values received")
      }
    }
  }

  @Test("references that a select sends, receives or does not come to are freed once")
  func referencesAreBalanced() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        do {
          let (a, b) = (Channel<Item>(), Channel<Item>(capacity: 2))
          let all = WaitGroup()
          all.add(1)
          go {
            for _ in 0..<500 {
              select {
                $0.send(Item(), to: a) {}
                $0.send(Item(), to: b) {}
              }
            }
            all.done()
          }
          for _ in 0..<500 {
            select {
              $0.receive(from: a) { check($0 != nil, "an item") }
              $0.receive(from: b) { check($0 != nil, "an item") }
            }
          }
          all.wait()
        }
        checkEqual(Item.alive.value, 0, "items alive in the end")
      }
    }
  }

  @Test("an error of a case leaves the select, which lets go of everything")
  func errorsLeave() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        struct Refused: Error {}
        do {
          let (a, b) = (Channel<Item>(capacity: 1), Channel<Item>())
          a.send(Item())
          do {
            try select {
              try $0.receive(from: a) { _ in throw Refused() }
              $0.send(Item(), to: b) {}
            }
            check(false, "the error to arrive")
          } catch { check(error is Refused, "the same error") }
        }
        checkEqual(Item.alive.value, 0, "items alive in the end")
      }
    }
  }

  @Test("a select of a thousand cases finds the one that is possible, at once or by waiting")
  func manyCases() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        let channels = (0..<1_000).map { _ in Channel<Int>() }
        go { for (name, channel) in channels.enumerated() where name % 37 == 5 { channel.send(name) } }
        for name in stride(from: 5, to: 1_000, by: 37) {
          let found =
            select { cases in
              for channel in channels { cases.receive(from: channel) { $0 ?? -1 } }
            } as Int
          checkEqual(found, name, "the value")
        }
      }
    }
  }

  @Test("what may not be done ends the process, with words", arguments: SelectMisuse.allCases)
  func misuseIsFatal(misuse: SelectMisuse) async throws {
    let folder = try TemporaryFolder(on: .disk)
    let result = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { [path = folder.path as String, misuse = misuse as SelectMisuse] in
      TemporaryFolder.useForRegions(path)
      inRuntime(procs: 1) { misuse.commit() }
    }
    let words = standardError(of: result)
    #expect(words.contains(misuse.words))
  }
}

enum SelectMisuse: String, CaseIterable, Codable, Sendable {
  case sendOnClosed, closedWhileWaiting, otherCases

  var words: String {
    switch self {
    case .sendOnClosed: "mpg: send on a closed channel by goroutine 1"
    case .closedWhileWaiting: "mpg: the channel was closed while goroutine"
    case .otherCases: "mpg: a select listed other cases the second time"
    }
  }

  func commit() {
    let channel = Channel<Int>()
    switch self {
    case .sendOnClosed:
      channel.close()
      select { $0.send(1, to: channel) {} }
    case .closedWhileWaiting:
      go { select { $0.send(1, to: channel) {} } }
      yield()
      channel.close()
      yield()
    case .otherCases:
      var isFirst = true
      select {
        if isFirst { $0.otherwise {} }
        isFirst = false
      }
    }
  }
}

/// A value that counts how many values of its kind exist.
private final class Item: Sendable {
  static let alive = Counter()
  init() { Self.alive.add(1) }
  deinit { Self.alive.add(-1) }
}
