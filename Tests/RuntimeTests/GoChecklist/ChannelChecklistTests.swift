// Behaviours that Go's own channel tests pin and no other suite here did. docs/go-tests.md has the whole
// list.
import Region
import TestSupport
import Testing

@testable import MPG

/// The result of a receive that does not wait.
private enum Found: Equatable {
  case value(Int)
  case closed, nothing
}

private func receiveNow(_ channel: Channel<Int>) -> Found {
  select {
    $0.receive(from: channel) { $0.map { .value($0) } ?? .closed }
    $0.otherwise { .nothing }
  }
}

private func sendNow(_ number: Int, _ channel: Channel<Int>) -> Bool {
  select {
    $0.send(number, to: channel) { true }
    $0.otherwise { false }
  }
}

@Suite("Checklist: channels")
struct ChannelChecklistTests {
  @Test("for every capacity from 0 to 20: empty, full, closed and in order are what they should be")
  func everyCapacity() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        for capacity in 0...20 {
          let channel = Channel<Int>(capacity: capacity)
          let got = Channel<Int?>()
          go { got.send(channel.receive()) }
          while waiting(for: .chanReceive) == 0 { yield() }
          check(receiveNow(channel) == .nothing, "nothing in an empty channel of \(capacity)")
          channel.send(-1)  // for the G that waits
          checkEqual(got.receive(), -1, "the value for who waited")

          for number in 0..<capacity { check(sendNow(number, channel), "room for \(number) of \(capacity)") }
          check(!sendNow(-2, channel), "no room beyond \(capacity)")
          go {
            channel.send(capacity)
            channel.close()
          }
          for number in 0...capacity { checkEqual(channel.receive(), number, "the next of \(capacity)") }
          checkEqual(channel.receive(), nil, "the end")
          check(receiveNow(channel) == .closed, "the end again, at once")
        }
      }
    }
  }

  @Test(
    "a receive that does not wait finds the value that is there, while the channel is being closed",
    arguments: [1, 4])
  func receiveRacesWithClose(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      inRuntime(procs: procs) {
        for round in 0..<5_000 {
          let channel = Channel<Int>(capacity: 1)
          let found = Channel<Found>(capacity: 1)
          channel.send(round)
          go { found.send(receiveNow(channel)) }
          if round % 2 == 0 { yield() }
          channel.close()
          checkEqual(found.receive(), .value(round), "what was found in round \(round)")
        }
      }
    }
  }

  @Test(
    "a select that does not wait finds one of two that is always possible: full, or closed",
    arguments: [1, 4])
  func selectRacesWithClose(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      inRuntime(procs: procs) {
        for round in 0..<5_000 {
          let (full, closing) = (Channel<Int>(capacity: 1), Channel<Int>())
          let done = Channel<Bool>(capacity: 1)
          full.send(1)
          go {
            done.send(
              select {
                $0.receive(from: full) { _ in true }
                $0.receive(from: closing) { _ in true }
                $0.otherwise { false }
              })
          }
          if round % 2 == 0 { yield() }
          closing.close()  // before the full channel is emptied, so that one case is possible
          _ = receiveNow(full)
          checkEqual(done.receive(), true, "a case in round \(round)")
        }
      }
    }
  }

  @Test(
    "of two sends on one channel each is chosen often, and each value that arrives was chosen",
    arguments: [0, 1, 10])
  func sendsAreFair(capacity: Int) async {
    await #expect(processExitsWith: .success) { [capacity = capacity as Int] in
      inRuntime(procs: 2) {
        let channel = Channel<Int>(capacity: capacity)
        let sent = Channel<[Int]>()
        go {
          var counts = [0, 0]
          for _ in 0..<2_000 {
            counts[
              select {
                $0.send(0, to: channel) { 0 }
                $0.send(1, to: channel) { 1 }
              }] += 1
          }
          channel.close()
          sent.send(counts)
        }
        var received = [0, 0]
        for number in channel {
          received[number] += 1
          if received[0] % 50 == 0 { yield() }
        }
        checkEqual(received, sent.receive(), "what was received and sent")
        check(received.allSatisfy { $0 > 500 }, "a fair share of both, found \(received)")
      }
    }
  }

  @Test("many consumers that pause at odd moments take every value once, through a channel that is small")
  func consumersPause() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 4) {
        let (work, results) = (Channel<Int>(capacity: 3), Channel<Int>(capacity: 7))
        let all = WaitGroup()
        all.add(23)
        for _ in 0..<23 {
          go {
            for number in work {
              if number % 11 == 0 { yield() }
              if number % 97 == 0 { MPG.sleep(.microseconds(50)) }
              results.send(number)
            }
            all.done()
          }
        }
        go {
          for number in 0..<10_000 { work.send(number) }
          work.close()
          all.wait()
          results.close()
        }
        let counts = Counts(10_000)
        for number in results { counts.add(number) }
        check(counts.areAll(1), "each value once")
      }
    }
  }
}
