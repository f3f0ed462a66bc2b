// The boot of a target: when each step was done that the runtime takes before the program's own code runs.
//
// The moments stand in the region's header, written once, so they are known however long ago it was; keyframes carry
// them, so a recording and a black box know them as well.
import Region

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
  package init(_ ticks: [UInt64], _ clock: Clock) {
    self.init()
    func time(_ index: Int) -> UInt64? {
      ticks.indices.contains(index) && ticks[index] != 0 ? clock.nanoseconds(at: ticks[index]) : nil
    }
    start = time(0)
    for step in BootStep.allCases { self[step] = time(Int(step.rawValue)) }
  }
}
