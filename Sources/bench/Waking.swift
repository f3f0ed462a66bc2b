// Latency: how late Gs wake from a sleep, on an idle runtime and beside Gs that never yield; how soon an idle P runs a G that
// another P readied; and how much CPU time an idle runtime takes.
import MPG
import Synchronization

extension Measure {
  static let waking = [
    Measure(name: "timer-idle", procs: 2, operations: 1000, run: timerIdle),
    Measure(name: "preempt", procs: 1, operations: 100, preempts: true, run: preempt),
    Measure(name: "wake-idle", procs: 2, operations: 2000, run: wakeIdle),
    Measure(name: "idle-cpu", procs: 2, operations: 10_000, run: idleCPU),
    Measure(name: "paced", procs: 2, operations: 10_000_000, run: { paced(events: $0, each: 1000) }),
    Measure(name: "paced-100k", procs: 2, operations: 1_000_000, run: { paced(events: $0, each: 100) }),
  ]

  /// One G sleeps 1 ms at a time on an idle runtime. Measures the timer and the wake-up of a thread, and nothing else.
  private static func timerIdle(count: Int) {
    let cpu = Clock.cpu()
    let late = sleeps(count)
    Report.spread("timer-idle.late", late)
    Report.line("timer-idle.cpu", Double(Clock.cpu() - cpu) / Double(count), "ns/op")
  }

  /// One G sleeps 1 ms at a time while every P runs a G that never yields. Measures how soon preemption makes room for
  /// the sleeping G.
  private static func preempt(count: Int) {
    let flag = Flag()
    let group = WaitGroup()
    group.add(Report.procCount)
    for _ in 0..<Report.procCount {
      go {
        hog(until: flag)
        group.done()
      }
    }
    Report.spread("preempt.late", sleeps(count))
    flag.stop.store(true, ordering: .relaxed)
    group.wait()
  }

  final class Flag: Sendable { let stop = Atomic(false) }

  /// Computes for long without a call or a yield. Only a signal can preempt it.
  @inline(never)
  static func hog(until flag: Flag) {
    var x: UInt64 = 1
    while true {
      for _ in 0..<100_000_000 { x = (x ^ x >> 7) &* 1_664_525 &+ 1_013_904_223 }
      if flag.stop.load(ordering: .relaxed) || x == 42 { return }
    }
  }

  /// Measures how late each of `count` sleeps ends, in nanoseconds.
  static func sleeps(_ count: Int, milliseconds: Int64 = 1) -> [Int64] {
    (0..<count).map { _ in
      let start = Clock.wall()
      MPG.sleep(.milliseconds(milliseconds))
      return Clock.wall() - start - milliseconds * 1_000_000
    }
  }

  /// For each value that was sent, the time from its send to its receive.
  ///
  /// Safe because one G fills the array, which is read only after that G has ended.
  private final class Delays: @unchecked Sendable { var all: [Int64] = [] }

  /// Readies a G while this P stays busy and another P is idle. Measures how long a futex takes to wake the other P's
  /// thread.
  private static func wakeIdle(count: Int) {
    let moments = Channel<Int64>()
    let delays = Delays()
    let group = WaitGroup()
    group.add(1)
    go {
      for _ in 0..<count { delays.all.append(-(moments.receive() ?? 0) + Clock.wall()) }
      group.done()
    }
    for _ in 0..<count {
      spin(nanoseconds: 300_000)
      moments.send(Clock.wall())
      spin(nanoseconds: 100_000)  // keeps this P busy, so that the woken G must run on the other P
    }
    group.wait()
    Report.spread("wake-idle", delays.all)
  }

  static func spin(nanoseconds: Int64) {
    let end = Clock.wall() + nanoseconds
    while Clock.wall() < end {}
  }

  /// Makes `events` events at a steady pace, `each` of them in each millisecond: a yield makes two events.
  /// scripts/watched.py and scripts/bench_stream.py run this to measure what a viewer costs, and what it costs the
  /// program beside it.
  private static func paced(events: Int, each: Int) {
    let cpu = Clock.cpu()
    let start = Clock.wall()
    for burst in 1...max(1, events / each) {
      for _ in 0..<each / 2 { MPG.yield() }
      let next = start + Int64(burst) * 1_000_000
      if next > Clock.wall() { MPG.sleep(.nanoseconds(next - Clock.wall())) }
    }
    let wall = Double(Clock.wall() - start)
    Report.line("paced", Double(events) * 1e9 / wall, "events/s")
    Report.line("paced.cpu", Double(Clock.cpu() - cpu) / Double(events), "ns/op")
  }

  /// CPU time of a runtime whose `count` Gs all wait, in microseconds per second.
  private static func idleCPU(count: Int) {
    let gate = Channel<Int>()
    for _ in 0..<count { go { _ = gate.receive() } }
    MPG.sleep(.milliseconds(200))
    let cpu = Clock.cpu()
    MPG.sleep(.seconds(2))
    Report.line("idle-cpu", Double(Clock.cpu() - cpu) / 2000, "us/s")
    gate.close()
  }
}
