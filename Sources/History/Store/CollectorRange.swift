// Stretches of time that the garbage collector took from the program: assists, sweeps, and stops of the world. Only some sources tell them.

/// One stretch of time that the garbage collector took from the program.
package struct CollectorRange: Sendable, Equatable {
  package enum Kind: UInt8, Sendable {
    /// A G had to mark before it could go on allocating.
    case assist
    /// The world stood still, for the collector or for something else.
    case stop
    /// A P looked for memory that nobody uses any more.
    case sweep
  }

  package var kind: Kind
  /// When the stretch began and ended, in ticks.
  package var begin, end: UInt64
  /// The G that assisted, swept, or stopped the world; 0: none.
  package var g: UInt64

  package init(_ kind: Kind, begin: UInt64, end: UInt64, g: UInt64) {
    (self.kind, self.begin, self.end, self.g) = (kind, begin, end, g)
  }
}

/// The size of the heap from a moment on, in ticks, until the next one.
package struct HeapSize: Sendable, Equatable {
  package var time: UInt64
  /// The bytes in use, and those at which the next collection is to end; nil: not told yet.
  package var live, goal: UInt64?

  package init(time: UInt64, live: UInt64? = nil, goal: UInt64? = nil) {
    (self.time, self.live, self.goal) = (time, live, goal)
  }
}
