// Real delays. Each test makes a delay on purpose; the runtime records it in its region; the inspector reads
// the region as it would read that of a dead process, and must name the delay's cause.
import CMPG
import Glibc
import Inspector
import Region
import TestSupport
import Testing

@testable import MPG

/// The history of this process so far, as the inspector sees it.
private func past() throws -> Player {
  // On a stack of the system: the inspector needs more than a G's stack.
  let history = try blocking { try History.blackBox(RegionFolders.standard.target(pid: getpid())) }
  guard let player = Player(history) else { throw SystemError(call: "history", errno: ENODATA) }
  return player
}

/// Keeps the P for this long, by the wall clock.
@inline(never)
private func keepP(milliseconds: UInt64) {
  let end = monotonic() + milliseconds * 1_000_000
  while monotonic() < end {}
}

private func monotonic() -> UInt64 {
  var now = timespec()
  unsafe clock_gettime(CLOCK_MONOTONIC, &now)
  return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
}

private var thisG: UInt64 { currentM("a test").g?.id ?? 0 }

/// Checks that the hops follow each other without gaps from begin to end, and that the longest one is blamed.
private func checkHops(_ chain: WaitChain) {
  check(chain.hops.first?.begin == chain.begin, "the first hop to begin the wait")
  for (hop, next) in zip(chain.hops, chain.hops.dropFirst()) {
    checkEqual(next.begin, hop.end, "a hop's beginning")
  }
  checkEqual(chain.hops.reduce(0) { $0 + $1.duration }, chain.duration, "the sum of the hops")
  checkEqual(chain.hops[chain.guilty].duration, chain.hops.map(\.duration).max() ?? 0, "the guilty hop")
}

/// The explanation of `g`'s longest wait for `reason`.
private func longest(_ player: Player, _ g: UInt64, _ reason: WaitReason) -> WaitChain {
  let waits = player.waits(of: g).filter { $0.beginning == .parked(reason) && $0.end != nil }
  let wait = waits.max { $0.duration(until: 0) < $1.duration(until: 0) }
  check(wait != nil, "a wait of G\(g) on \(reason)")
  let chain = player.chain(of: wait!)
  checkHops(chain)
  return chain
}

@Suite("Causes of real waits")
struct CausesTests {
  @Test("a G that is ready while another keeps its P: the hog is named, and how long it ran")
  func pinnedP() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1, preemption: false, stackKiB: askingStack) {
        let (id, ended, channel) = (Counter(), Counter(), Channel<Void>())
        go {
          id.add(Int(thisG))
          _ = channel.receive()
          ended.add(1)
        }
        while parked(.chanReceive) == 0 { yield() }
        channel.send(())
        keepP(milliseconds: 60)
        while ended.value == 0 { yield() }
        let hog = thisG
        let chain = longest(try past(), UInt64(id.value), .chanReceive)
        checkEqual(chain.verdict.cause, .hog, "the cause of \(chain.lines)")
        check(chain.verdict.g == hog && chain.verdict.p == 0, "G\(hog) to be blamed in \(chain.lines)")
        check(chain.verdict.lasted ?? 0 >= 60_000_000, "60 ms of it in \(chain.lines)")
        check(chain.isWhole && chain.hops[chain.guilty].kind == .runnext, "a wait on P0 in \(chain.lines)")
        check(chain.hops[0].by == hog, "G\(hog) to have readied it in \(chain.lines)")
      }
    }
  }

  @Test("a descriptor that was ready while nobody polled: the poll is blamed, and who kept the P")
  func lateNetpoll() async {
    await #expect(processExitsWith: .success) {
      unsafe Netpoll.backstop = 60_000_000_000
      inRuntime(procs: 1, preemption: false, stackKiB: askingStack) {
        var blamed = 0
        for _ in 0..<20 where blamed == 0 {
          MPG.sleep(.milliseconds(2))  // a poll that finds nothing
          let (id, ended, pipe) = (Counter(), Counter(), try Pipe())
          go {
            id.add(Int(thisG))
            _ = try pipe.read()
            ended.add(1)
          }
          while parked(.netpollRead) == 0 { yield() }
          pipe.write(7)
          keepP(milliseconds: 60)
          while ended.value == 0 { MPG.sleep(.milliseconds(1)) }
          let hog = thisG
          let chain = longest(try past(), UInt64(id.value), .netpollRead)
          // The netpoll thread may still be in the kernel when the P is taken; then its poll is on time. And
          // on a busy machine, this thread may stand still for longer than it keeps the P. Then try again.
          guard chain.hops.contains(where: { $0.kind == .late }), chain.verdict.g != nil else { continue }
          checkEqual(chain.verdict.cause, .netpollLate, "the cause of \(chain.lines)")
          check(chain.hops[chain.guilty].kind == .late, "a late poll in \(chain.lines)")
          check(chain.hops[chain.guilty].duration >= 60_000_000, "60 ms of it in \(chain.lines)")
          check(chain.verdict.g == hog && chain.verdict.p == 0, "G\(hog) to have kept P0 in \(chain.lines)")
          blamed += 1
        }
        check(blamed > 0, "a poll to be late once in 20 times")
      }
    }
  }

  @Test("a timer that was due while nobody looked: the lateness is told, to the timer's moment")
  func lateTimer() async {
    await #expect(processExitsWith: .success) {
      unsafe Netpoll.backstop = 60_000_000_000
      inRuntime(procs: 1, preemption: false, stackKiB: askingStack) {
        var blamed = 0
        for _ in 0..<20 where blamed == 0 {
          let (id, ended) = (Counter(), Counter())
          go {
            id.add(Int(thisG))
            MPG.sleep(.milliseconds(5))
            ended.add(1)
          }
          // On a busy machine the G may have slept and ended before this check.
          while parked(.sleep) == 0, ended.value == 0 { yield() }
          keepP(milliseconds: 80)
          while ended.value == 0 { MPG.sleep(.milliseconds(1)) }
          let chain = longest(try past(), UInt64(id.value), .sleep)
          // The G parked before the P was kept, and its timer was due 5 ms after it was set.
          check(chain.hops[0].duration <= 5_000_000, "5 ms of sleep at most in \(chain.lines)")
          // The netpoll thread may still be in the kernel when the P is taken; then the timer fires earlier.
          let isLate = chain.hops.contains { $0.kind == .late && $0.duration >= 75_000_000 }
          guard isLate else { continue }
          checkEqual(chain.verdict.cause, .timerLate, "the cause of \(chain.lines)")
          check(chain.hops[chain.guilty].kind == .late, "a late timer in \(chain.lines)")
          blamed += 1
        }
        check(blamed > 0, "a timer to be late by 75 ms once in 20 times")
      }
    }
  }

  @Test("a G on the queue of a P whose thread is inside a system call: the thread is blamed")
  func blockedM() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1, preemption: false, stackKiB: askingStack) {
        var blamed = 0
        for _ in 0..<20 where blamed == 0 {
          let (id, ended, channel) = (Counter(), Counter(), Channel<Void>())
          MPG.sleep(.milliseconds(100))  // until sysmon's naps have become longer
          go {
            id.add(Int(thisG))
            _ = channel.receive()
            ended.add(1)
          }
          while parked(.chanReceive) == 0 { yield() }
          channel.send(())
          blocking { _ = usleep(50_000) }
          while ended.value == 0 { yield() }
          let caller = thisG
          let chain = longest(try past(), UInt64(id.value), .chanReceive)
          // On a machine with other load, starting the new thread may be the slowest part.
          guard chain.hops[chain.guilty].kind == .runnext else { continue }
          checkEqual(chain.verdict.cause, .blockedM, "the cause of \(chain.lines)")
          check(
            chain.verdict.g == caller && chain.verdict.p == 0, "G\(caller) to be blamed in \(chain.lines)")
          // Sysmon may have come too late to take the P; then the call ended by itself.
          if chain.verdict.text.contains("until sysmon") { blamed += 1 }
        }
        check(blamed > 0, "a system call that lost its P to be blamed once in 20 times")
      }
    }
  }

  @Test(
    "every wait of a flood over several Ps adds up, and the way of nearly every G from queue to queue is known"
  )
  func flood() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 4, stackKiB: askingStack) {
        let all = WaitGroup()
        all.add(3000)
        let channel = Channel<Int>(capacity: 8)
        for number in 0..<1500 {
          go {
            channel.send(number)
            all.done()
          }
          go {
            _ = channel.receive()
            if number % 7 == 0 { yield() }
            all.done()
          }
        }
        all.wait()
        let player = try past()
        var kinds: [Hop.Kind: Int] = [:]
        let waits = player.slowestWaits(400)
        for index in stride(from: 0, to: waits.count, by: 8) {
          let chain = player.chain(of: waits[index])
          checkHops(chain)
          for hop in chain.hops { kinds[hop.kind, default: 0] += 1 }
        }
        check(kinds[.lrq, default: 0] > 10, "Gs on LRQs among \(kinds)")
        check(kinds[.unknown, default: 0] <= 5, "nearly all to be known among \(kinds)")
      }
    }
  }

  @Test("a span goes with its G and the Gs that it starts, and its sums add up to its length")
  func spans() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2, stackKiB: askingStack) {
        let outside = Channel<Void>()
        go { _ = outside.receive() }
        let all = WaitGroup()
        all.add(4)
        withSpan(SpanLabel("GET /test")) {
          for _ in 0..<2 {
            go {
              go { all.done() }
              MPG.sleep(.milliseconds(2))
              all.done()
            }
          }
          all.wait()
          withSpan(SpanLabel("inner")) { keepP(milliseconds: 3) }
          blocking { _ = usleep(1000) }
        }
        outside.send(())
        let player = try past()
        let spans = player.slowestSpans(10)
        checkEqual(spans.compactMap(\.label), ["GET /test", "inner"], "spans")
        check(spans[1].outer == spans[0].number, "the inner span to be a part of the outer")
        for span in spans {
          checkEqual(span.sums.total, (span.end ?? 0) - span.begin, "the sums of \(span.text)")
        }
        let sums = spans[0].sums
        check(sums.running >= 3_000_000 && sums.syscall >= 1_000_000, "3 ms and 1 ms in \(spans[0].text)")
        check(sums.waiting[.waitGroup] ?? 0 >= 1_000_000, "the wait group in \(spans[0].text)")
        check(spans[1].sums.running >= 3_000_000 && spans[1].gs == 1, "3 ms in \(spans[1].text)")
        let walk = player.walk(ofSpan: spans[0].number)
        checkEqual(walk?.members.count, 5, "members")
        checkEqual(spans[0].gs, 5, "Gs of the span")
        let root = walk?.pieces.filter { $0.g == spans[0].root } ?? []
        checkEqual(root.reduce(0) { $0 + $1.duration }, spans[0].duration, "the pieces of the root")
        let others = (walk?.members ?? []).filter { $0.g != spans[0].root }
        check(others.allSatisfy { $0.parent != nil && $0.entry != nil }, "parents and names of \(others)")
        // The total time of their sleep depends on when their thread got the CPU.
        check(others.filter { $0.sums.waiting[.sleep] ?? 0 > 0 }.count == 2, "two sleepers of \(others)")
      }
    }
  }

  @Test("there are only so many labels, whatever a program calls its spans")
  func labelsAreBounded() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1, stackKiB: askingStack) {
        let first = SpanLabel("one")
        checkEqual(SpanLabel("one"), first, "the same label again")
        let bytes = sched.shared[.stringBytes].relaxed
        for number in 0..<5000 { _ = SpanLabel("label \(number) " + String(repeating: "é", count: 1000)) }
        let used = sched.shared[.stringBytes].relaxed - bytes
        check(used <= 1024 * 122, "at most 1,024 labels of 120 bytes, found \(used)")
        checkEqual(SpanLabel("one more").id, 0, "a label too many")
        checkEqual(withSpan(SpanLabel("one more")) { 42 }, 42, "what a span without a label returns")
      }
    }
  }
}
