// Channels: rendezvous, buffer, order, closing, and who is served first.
import Glibc
import Region
import TestSupport
import Testing

@testable import MPG

@Suite("Channels")
struct ChannelTests {
  @Test("an unbuffered send returns only when a receiver has the value")
  func unbufferedIsARendezvous() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let (channel, log) = (Channel<Int>(), Log())
        go {
          channel.send(7)
          log.append(2)
        }
        for _ in 0..<10 { yield() }
        checkEqual(log.names, [], "nothing noted while nobody receives")
        log.append(1)
        checkEqual(channel.receive(), 7, "the value")
        yield()
        checkEqual(log.names, [1, 2], "the order")
      }
    }
  }

  @Test("a buffered send parks only when the buffer is full, and values keep their order")
  func bufferedSendsRunAhead() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let (channel, sent) = (Channel<Int>(capacity: 3), Log())
        go {
          for value in 0..<10 {
            channel.send(value)
            sent.append(value)
          }
          channel.close()
        }
        while parked(.chanSend) == 0 { yield() }
        checkEqual(sent.names, [0, 1, 2], "sends that went ahead")
        checkEqual(Array(IteratorSequence(channel)), Array(0..<10), "the values")
      }
    }
  }

  @Test("a closed channel gives what is in it, then nil, for ever")
  func closedChannelsDrain() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let channel = Channel<Int>(capacity: 4)
        channel.send(1)
        channel.send(2)
        channel.close()
        checkEqual(channel.receive(), 1, "the first")
        checkEqual(channel.receive(), 2, "the second")
        checkEqual(channel.receive(), nil, "the end")
        checkEqual(channel.next(), nil, "the end, again")
      }
    }
  }

  @Test("closing wakes every receiver with nil")
  func closeWakesReceivers() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        let (channel, all) = (Channel<Int>(), WaitGroup())
        all.add(20)
        for _ in 0..<20 {
          go {
            checkEqual(channel.receive(), nil, "what a waiting receiver gets")
            all.done()
          }
        }
        while parked(.chanReceive) < 20 { yield() }
        channel.close()
        all.wait()
      }
    }
  }

  @Test("receivers that wait are served in the order in which they came")
  func receiversAreServedInOrder() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let (channel, log) = (Channel<Int>(), Log())
        for name in 0..<8 {
          go { log.append(name * 10 + (channel.receive() ?? -1)) }
          yield()  // the G waits now
        }
        for value in 0..<8 { channel.send(value) }
        while log.names.count < 8 { yield() }
        checkEqual(log.names.sorted(), (0..<8).map { $0 * 10 + $0 }, "who got what")
      }
    }
  }

  @Test("senders that wait are served in the order in which they came, behind what is in the buffer")
  func sendersAreServedInOrder() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let channel = Channel<Int>(capacity: 2)
        for value in 0..<8 {
          go { channel.send(value) }
          yield()  // the G has sent, or waits now
        }
        checkEqual((0..<8).map { _ in channel.receive() ?? -1 }, Array(0..<8), "the values")
      }
    }
  }

  @Test("of many senders and receivers on many Ps every value arrives once", arguments: [0, 1, 64])
  func everyValueArrivesOnce(capacity: Int) async {
    await #expect(processExitsWith: .success) { [capacity = capacity as Int] in
      inRuntime(procs: 3) {
        let channel = Channel<Int>(capacity: capacity)
        let (senders, receivers, counts) = (WaitGroup(), WaitGroup(), Counts(20_000))
        senders.add(10)
        receivers.add(10)
        for sender in 0..<10 {
          go {
            for value in 0..<2_000 { channel.send(sender * 2_000 + value) }
            senders.done()
          }
        }
        for _ in 0..<10 {
          go {
            for value in channel { counts.add(value) }
            receivers.done()
          }
        }
        senders.wait()
        channel.close()
        receivers.wait()
        check(counts.areAll(1), "each value once")
      }
    }
  }

  @Test(
    "values that are references are kept alive on the way, and freed once, also in a channel that goes away")
  func referencesAreBalanced() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        do {
          let (direct, buffered) = (Channel<Tracked>(), Channel<Tracked>(capacity: 8))
          let all = WaitGroup()
          all.add(1)
          go {
            for _ in 0..<1_000 { direct.send(Tracked()) }
            direct.close()
            all.done()
          }
          var count = 0
          for _ in direct { count += 1 }
          checkEqual(count, 1_000, "values")
          for _ in 0..<8 { buffered.send(Tracked()) }
          checkEqual(Tracked.alive.value, 8, "values alive in the buffer")
          all.wait()
        }
        checkEqual(Tracked.alive.value, 0, "values alive in the end")
      }
    }
  }

  @Test("what may not be done to a closed channel ends the process, with words", arguments: Misuse.allCases)
  func misuseIsFatal(misuse: Misuse) async throws {
    let folder = try TemporaryFolder(on: .disk)
    let result = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { [path = folder.path as String, misuse = misuse as Misuse] in
      TemporaryFolder.useForRegions(path)
      inRuntime(procs: 1) { misuse.commit() }
    }
    let words = standardError(of: result)
    #expect(words.contains(misuse.words))
  }
}

/// Misuses of channels that end the process.
enum Misuse: String, CaseIterable, Codable, Sendable {
  case sendOnClosed, closeTwice, closeUnderSender, doneTooOften

  var words: String {
    switch self {
    case .sendOnClosed: "mpg: send on a closed channel by goroutine 1"
    case .closeTwice: "mpg: close of a closed channel"
    case .closeUnderSender: "mpg: the channel was closed while goroutine"
    case .doneTooOften: "mpg: a WaitGroup was done more often than it was added to"
    }
  }

  func commit() {
    let channel = Channel<Int>()
    switch self {
    case .sendOnClosed:
      channel.close()
      channel.send(1)
    case .closeTwice:
      channel.close()
      channel.close()
    case .closeUnderSender:
      go { channel.send(1) }
      yield()
      channel.close()
      yield()
    case .doneTooOften: WaitGroup().done()
    }
  }
}

/// A value that counts how many values of its kind exist.
private final class Tracked: Sendable {
  static let alive = Counter()
  init() { Self.alive.add(1) }
  deinit { Self.alive.add(-1) }
}
