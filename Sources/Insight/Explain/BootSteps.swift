// The steps of a boot, in words.
import History
import Observed
import Region

/// One step of the boot, in words.
public struct BootMoment: Sendable, Equatable {
  /// The moment at which the step was done, in nanoseconds of the machine's monotonic clock.
  public var time: UInt64
  /// The step in two or three words.
  public var title: String
  /// The M that the step is about: `M1, tid 4712`. Empty if the step is about no M.
  public var place: String
  /// The step in sentences: what was done in it, and for which purpose.
  public var text: String
}

extension Snapshot {
  /// The known steps of the boot, in the order of time. Empty if the target does not tell them.
  public var bootSteps: [BootMoment] {
    guard boot.isKnown else { return [] }
    let steps = memorySteps + processorSteps + helperSteps + goroutineSteps
    return steps.compactMap(\.self).sorted { $0.time < $1.time }
  }

  /// Returns one step of the boot; nil: the time of the step is not known.
  private func step(_ time: UInt64?, _ title: String, _ text: String, _ m: M? = nil) -> BootMoment? {
    time.map { time in
      BootMoment(
        time: time, title: title, place: m.map { "M\($0.id), tid \($0.tid.orDash)" } ?? "", text: text)
    }
  }

  /// The steps from the call of MPG.main until mpgtop can read the shared memory (the region).
  private var memorySteps: [BootMoment?] {
    let ring = trace.rings?.first { if case .p = $0.lane { true } else { false } }?.capacity
    let rings = ring.map { ", and a ring of \($0) events for each P" } ?? ""
    let isInOrder = boot.start ?? 0 <= target.bootTime && target.bootTime <= boot[.region] ?? .max
    return [
      step(
        boot.start, "MPG.main",
        "The program called MPG.main. Until here it was a process like any other."),
      step(
        isInOrder ? target.bootTime : nil, "the file",
        "The file in shared memory was made and mapped; it gets its memory before it is touched, so that a full file "
          + "system is an error here and no crash later. Then the clock is measured: the CPU's counter against the kernel's "
          + "clock."),
      step(
        boot[.region], "the region",
        "Header and schema stand, with room for Ps, Ms and Gs\(rings). The scheduler's state lives here and nowhere else, so "
          + "mpgtop may look from here on."),
    ]
  }

  /// The steps of the Ps, and of the first M, which takes one of them.
  private var processorSteps: [BootMoment?] {
    let slots = ruleNumbers.text(.lrq).map { " of \($0) slots" } ?? ""
    return [
      step(
        boot[.procs], "the Ps",
        "The Ps were made, each with an LRQ\(slots) and caches of its own (\(procs) of them at this moment). "
          + "They are idle: no M holds one yet."),
      step(
        boot[.m0], "M0",
        "The thread that called MPG.main became M0 and took P0. Only an M that holds a P may run Gs.",
        ms.first { $0.id == 0 }),
    ]
  }

  /// The steps of the runtime's own threads.
  private var helperSteps: [BootMoment?] {
    func thread(_ state: MState...) -> M? { ms.first { state.contains($0.state) } }
    return [
      step(
        boot[.sysmon], "sysmon",
        "The monitor thread was started. It needs no P: it takes Ps from system calls that last, stops Gs that run too long, "
          + "and polls when nobody else has.",
        thread(.sysmon)),
      step(
        boot[.gc], "gc",
        "The gc thread was started. It gives back what the runtime itself leaves behind: stacks and descriptors of dead Gs.",
        thread(.gc)),
      step(
        boot[.netpoll], "netpoll",
        "The netpoll thread was started. It waits in the kernel for sockets and timers while some P is idle.",
        thread(.netpoll, .standby)),
    ]
  }

  /// The steps of the program's own code, which runs as the first G.
  private var goroutineSteps: [BootMoment?] {
    [
      step(
        boot[.mainG], "the main G",
        "G1 was made of the program's own main, runnable and next on P0; then M0 entered the scheduler's loop."
      ),
      step(
        boot[.main], "it runs",
        "M0 found G1 next on P0 and ran it: from here on it is the program's own code."),
    ]
  }
}
