// The boot of a target: when each step was done that the runtime takes before the program's own code runs.
//
// The moments stand in the region's header, written once, so they are known however long ago it was; keyframes carry
// them, so a recording and a black box know them as well.
public import Region

extension Snapshot {
  /// Moments of the boot, in nanoseconds of the machine's monotonic clock; nil: not yet, or the target does not say.
  public struct Boot: Sendable, Equatable {
    /// When the program asked for it: `MPG.main`.
    public var start: UInt64?
    private var steps = [UInt64?](repeating: nil, count: BootStep.allCases.count)

    public init() {}

    public subscript(step: BootStep) -> UInt64? {
      get { steps[Int(step.rawValue) - 1] }
      set { steps[Int(step.rawValue) - 1] = newValue }
    }

    /// Whether the target says anything of it.
    public var isKnown: Bool { start != nil || steps.contains { $0 != nil } }

    /// Nanoseconds from the beginning until the program's own code ran.
    public var duration: UInt64? {
      guard let start, let end = self[.main], end >= start else { return nil }
      return end - start
    }
  }
}

extension Snapshot.Boot {
  /// - Parameter ticks: of the target's clock, by raw value of `BootStep`; first the start; 0: not told.
  init(_ ticks: [UInt64], _ clock: Clock) {
    self.init()
    func time(_ index: Int) -> UInt64? {
      ticks.indices.contains(index) && ticks[index] != 0 ? clock.nanoseconds(at: ticks[index]) : nil
    }
    start = time(0)
    for step in BootStep.allCases { self[step] = time(Int(step.rawValue)) }
  }

  func write(to out: inout ByteWriter) {
    out.number(start)
    for step in BootStep.allCases { out.number(self[step]) }
  }

  /// Of an older writer the later steps are missing.
  mutating func read(from body: inout ByteReader) -> Bool {
    guard let start = body.optional() else { return false }
    self.start = start
    for step in BootStep.allCases where !body.isAtEnd {
      guard let time = body.optional() else { return false }
      self[step] = time
    }
    return true
  }
}

/// One step of a boot, for people.
public struct BootMoment: Sendable, Equatable {
  public var time: UInt64
  /// In two or three words.
  public var title: String
  /// Which M it is about: `M1, tid 4712`; empty where it is about none.
  public var place: String
  /// What was done, and what for.
  public var text: String
}

extension Snapshot {
  /// The steps of the boot that are known, in the order of time; none: the target does not say.
  public var bootSteps: [BootMoment] {
    var steps: [BootMoment] = []
    func add(_ time: UInt64?, _ title: String, _ text: String, _ m: M? = nil) {
      guard let time else { return }
      steps.append(
        BootMoment(time: time, title: title, place: m.map { "M\($0.id), tid \($0.tid)" } ?? "", text: text)
      )
    }
    func thread(_ state: MState...) -> M? { ms.first { state.contains($0.state) } }
    guard boot.isKnown else { return [] }
    let ring = trace.rings.first { if case .p = $0.lane { true } else { false } }?.capacity
    let slots = ruleNumbers.text(.lrq).map { " of \($0) slots" } ?? ""
    let rings = ring.map { ", and a ring of \($0) events for each P" } ?? ""
    add(
      boot.start, "MPG.main",
      "The program called MPG.main. Until here it was a process like any other.")
    if boot.start ?? 0 <= target.bootTime, target.bootTime <= boot[.region] ?? .max {
      add(
        target.bootTime, "the file",
        "The file in shared memory was made and mapped; it gets its memory before it is touched, so that a full file "
          + "system is an error here and no crash later. Then the clock is measured: the CPU's counter against the kernel's "
          + "clock.")
    }
    add(
      boot[.region], "the region",
      "Header and schema stand, with room for Ps, Ms and Gs\(rings). The scheduler's state lives here and nowhere else, so "
        + "mpgtop may look from here on.")
    add(
      boot[.procs], "the Ps",
      "The Ps were made, each with an LRQ\(slots) and caches of its own (\(procs) of them at this moment). "
        + "They are idle: no M holds one yet.")
    add(
      boot[.m0], "M0",
      "The thread that called MPG.main became M0 and took P0. Only an M that holds a P may run Gs.",
      ms.first { $0.id == 0 })
    add(
      boot[.sysmon], "sysmon",
      "The monitor thread was started. It needs no P: it takes Ps from system calls that last, stops Gs that run too long, "
        + "and polls when nobody else has.",
      thread(.sysmon))
    add(
      boot[.gc], "gc",
      "The gc thread was started. It gives back what the runtime itself leaves behind: stacks and descriptors of dead Gs.",
      thread(.gc))
    add(
      boot[.netpoll], "netpoll",
      "The netpoll thread was started. It waits in the kernel for sockets and timers while some P is idle.",
      thread(.netpoll, .standby))
    add(
      boot[.mainG], "the main G",
      "G1 was made of the program's own main, runnable and next on P0; then M0 entered the scheduler's loop.")
    add(
      boot[.main], "it runs", "M0 found G1 next on P0 and ran it: from here on it is the program's own code.")
    return steps.sorted { $0.time < $1.time }
  }
}
