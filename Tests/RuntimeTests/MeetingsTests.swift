// Where preemption meets another protocol and no other suite tests that: the end of a G, fork, and the report
// of all Gs. See ARCHITECTURE, "Where two protocols meet".
import Glibc
import Region
import TestSupport
import Testing

@testable import MPG

/// Computes for `rounds` rounds of about a microsecond each, without yielding.
@inline(never)
private func compute(_ rounds: Int) -> UInt64 {
  var x: UInt64 = 1
  for _ in 0..<rounds * 500 { x = x &* 6_364_136_223_846_793_005 &+ 1 }
  return x
}

@Suite("Meetings of preemption")
struct MeetingsTests {
  @Test(
    "requests to stop that meet the ends of Gs stop nobody else, and every G ends once", arguments: [1, 2])
  func preemptionMeetsEnds(_ procs: Int) async {
    await #expect(processExitsWith: .success) { [procs] in
      inRuntime(procs: procs, preemption: true, slice: .microseconds(100)) {
        let (ended, all) = (Counter(), WaitGroup())
        let before = laneSum(.exited)
        var started = 0
        // Lengths of about a slice, so that the request to stop comes shortly before the G's end, or after
        // it.
        while started < 2000 || laneSum(.preempted) == 0 {
          for length in 1...20 {
            all.add()
            started += 1
            go {
              check(compute(length * 20) != 0, "a number")
              ended.add(1)
              all.done()
            }
          }
          MPG.sleep(.microseconds(100))
          all.wait()
        }
        checkEqual(ended.value, started, "Gs that ran to their end")
        while statistics().live > 1 { MPG.sleep(.milliseconds(1)) }  // the last G is about to end
        checkEqual(laneSum(.exited) &- before, UInt64(started), "Gs that are gone")
        checkEqual(laneSum(.preempted), laneSum(.resumed), "preemptions and resumptions")
      }
    }
  }

  @Test(
    "while Gs are stopped all the time others fork, and the children end as they should", arguments: [1, 2])
  func preemptionMeetsFork(_ procs: Int) async {
    await #expect(processExitsWith: .success) { [procs] in
      inRuntime(procs: procs, preemption: true, slice: .microseconds(100)) {
        let (stop, all) = (Counter(), WaitGroup())
        all.add(3)
        for _ in 0..<3 {
          go {
            while stop.value == 0 { check(compute(50) != 0, "a number") }
            all.done()
          }
        }
        for round in 0..<30 {
          let child = forked { if compute(200) == 0 { _exit(1) } } ?? 0
          var status: Int32 = -1
          _ = blocking { unsafe waitpid(child, &status, 0) }
          checkEqual(status, 0, "the status of child \(round)")
        }
        stop.add(1)
        all.wait()
        check(laneSum(.preempted) > 0, "preemptions")
        checkEqual(laneSum(.preempted), laneSum(.resumed), "preemptions and resumptions")
      }
    }
  }

  @Test("SIGQUIT lists Gs that stand still where they were stopped, and they go on")
  func preemptionMeetsTheReport() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      inRuntime(procs: 1, preemption: true) {
        let (stop, all) = (Counter(), WaitGroup())
        all.add(3)
        for _ in 0..<3 {
          go {
            while stop.value == 0 { check(compute(50) != 0, "a number") }
            all.done()
          }
        }
        while laneSum(.preempted) < 3 { MPG.sleep(.milliseconds(1)) }
        for _ in 0..<5 {
          kill(getpid(), SIGQUIT)
          MPG.sleep(.milliseconds(50))
        }
        stop.add(1)
        all.wait()
        checkEqual(laneSum(.preempted), laneSum(.resumed), "preemptions and resumptions")
      }
    }
    let text = standardError(of: result)
    #expect(text.contains("mpg: SIGQUIT: all goroutines"))
    #expect(text.contains(/goroutine \d+ \[preempted/), "\(text)")
  }
}
