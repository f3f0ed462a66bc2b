// The boot of a target: the moments at which the runtime finished each step that it takes before the program's own code
// runs.
//
// The moments stand in the region's header, where each is written once, so they are known however long ago the boot
// was. Keyframes carry them, so recordings and black boxes know them as well.
import Region

extension Snapshot {
  /// The moments of the boot, in nanoseconds of the machine's monotonic clock. A moment is nil if the step is not done
  /// yet, or if the target does not tell.
  public struct Boot: Sendable, Equatable {
    /// When the program asked for the boot by calling `MPG.main`; nil: the target does not tell.
    public var start: UInt64?
    private var steps = [UInt64?](repeating: nil, count: BootStep.allCases.count)

    /// Makes a value in which no moment is known.
    public init() {}

    /// When `step` was done, in nanoseconds; nil: not yet, or the target does not tell.
    public subscript(step: BootStep) -> UInt64? {
      get { steps[Int(step.rawValue) - 1] }
      set { steps[Int(step.rawValue) - 1] = newValue }
    }

    /// Whether the target tells any moment of the boot.
    public var isKnown: Bool { start != nil || steps.contains { $0 != nil } }

    /// The time from the start of the boot until the program's own code ran, in nanoseconds; nil: one of the
    /// two moments is not known.
    public var duration: UInt64? {
      guard let start, let end = self[.main], end >= start else { return nil }
      return end - start
    }
  }
}

extension Snapshot.Boot {
  /// - Parameter ticks: the moments in ticks of the target's clock. The start is at index 0, each step at its raw
  ///   value. 0: not told.
  package init(_ ticks: [UInt64], _ clock: Clock) {
    self.init()
    func time(_ index: Int) -> UInt64? {
      ticks.indices.contains(index) && ticks[index] != 0 ? clock.nanoseconds(at: ticks[index]) : nil
    }
    start = time(0)
    for step in BootStep.allCases { self[step] = time(Int(step.rawValue)) }
  }
}
