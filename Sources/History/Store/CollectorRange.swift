// Stretches of time that the garbage collector took from the program: assists, and stops of the world. Only some sources tell them.

/// One stretch of time that the garbage collector took from the program.
package struct CollectorRange: Sendable, Equatable {
  package enum Kind: UInt8, Sendable {
    /// A G had to mark before it could go on allocating.
    case assist
    /// The world stood still, for the collector or for something else.
    case stop
  }

  package var kind: Kind
  /// When the stretch began and ended, in ticks.
  package var begin, end: UInt64
  /// The G that assisted, or that stopped the world; 0: none.
  package var g: UInt64

  package init(_ kind: Kind, begin: UInt64, end: UInt64, g: UInt64) {
    (self.kind, self.begin, self.end, self.g) = (kind, begin, end, g)
  }
}
