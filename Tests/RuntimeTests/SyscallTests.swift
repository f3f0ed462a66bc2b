// System calls: a G that blocks its thread does not hold up a P.
import CMPG
import Glibc
import Region
import TestSupport
import Testing

@testable import MPG

@Suite("System calls")
struct SyscallTests {
  @Test("on one P, Gs blocked in reads do not keep others from running, and their bytes arrive")
  func readsBlockNobody() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let readers = 8
        let results = Channel<Int>()
        var writers: [Int32] = []
        for _ in 0..<readers {
          var ends: [Int32] = [0, 0]
          check(unsafe pipe(&ends) == 0, "a pipe")
          writers.append(ends[1])
          let end = ends[0]
          go {
            var byte: UInt8 = 0
            results.send(blocking { unsafe read(end, &byte, 1) } == 1 ? Int(byte) : -1)
          }
        }
        while laneSum(.syscalls) < UInt64(readers) { MPG.sleep(.milliseconds(1)) }
        for _ in 0..<10 { MPG.sleep(.milliseconds(1)) }
        checkEqual(laneSum(.syscallsReturned) + laneSum(.syscallsQueued), 0, "calls that returned early")
        for (index, writer) in writers.enumerated() {
          var byte = UInt8(index)
          check(unsafe write(writer, &byte, 1) == 1, "a byte written")
        }
        let found = (0..<readers).map { _ in results.receive() ?? -1 }
        checkEqual(found.sorted(), Array(0..<readers), "bytes")
        checkEqual(
          laneSum(.syscalls), laneSum(.syscallsReturned) + laneSum(.syscallsQueued), "calls and returns")
      }
    }
  }

  @Test("a P that was taken because others wait is never idle: who comes out of its call would have it back")
  func takenPIsPassedOn() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let (isOver, ended, idle) = (Counter(), WaitGroup(), sched.shared)
        ended.add(2)
        for _ in 0..<2 {
          go {
            while isOver.value == 0 {}
            ended.done()
          }
        }
        var (taken, seenIdle) = (0, 0)
        for _ in 0..<20 {
          let retaken = laneSum(.syscallsQueued)
          blocking {
            // This thread does not enter the kernel. But sysmon sees a call, takes the P, and gives it to the
            // spare M.
            let end = Clock.now &+ Clock.ticks(nanoseconds: 20_000_000)
            while Clock.now < end { if idle[.idlePs].relaxed != 0 { seenIdle += 1 } }
          }
          if laneSum(.syscallsQueued) > retaken { taken += 1 }
        }
        isOver.add(1)
        ended.wait()
        check(taken >= 10, "the P to be taken in most calls, not in \(taken)")
        checkEqual(seenIdle, 0, "looks that found it idle")
      }
    }
  }

  @Test("short system calls of many Gs on several Ps come back, each once, whoever took the P meanwhile")
  func shortCallsUnderLoad() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 4) {
        let all = WaitGroup()
        let calls = Counter()
        let each = isOptimised ? 20_000 : 2_000
        all.add(16)
        for index in 0..<16 {
          go {
            for round in 0..<each {
              blocking { if (round + index) % 500 == 0 { usleep(2_000) } else { _ = getppid() } }
              calls.add(1)
              if round % 64 == 0 { yield() }
            }
            all.done()
          }
        }
        all.wait()
        checkEqual(calls.value, 16 * each, "calls")
        checkEqual(laneSum(.syscalls), UInt64(16 * each), "calls counted")
        checkEqual(
          laneSum(.syscalls), laneSum(.syscallsReturned) + laneSum(.syscallsQueued), "calls and returns")
      }
    }
  }

  @Test("what the body throws comes out, and outside of a G the body just runs")
  func errorsAndOutsiders() async {
    #expect(blocking { 42 } == 42)
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        var found: Int32 = 0
        do {
          try blocking { () throws(SystemError) in throw SystemError(call: "read", errno: EIO) }
        } catch let error as SystemError {
          found = error.errno
        }
        checkEqual(found, EIO, "the errno")
      }
    }
  }
}
