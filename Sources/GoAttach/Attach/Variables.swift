// The addresses of the runtime's global variables in a target.

/// The addresses of the runtime's variables in the target's memory. A plain value.
package struct Variables: Sendable, Equatable {
  package var allp, allm, allgs, sched: UInt64
  /// The array of the names of wait reasons, and how many names it has; nil: the number is not known, so reading ends at the
  /// first entry that is no name.
  package var waitReasons: UInt64
  package var waitReasonCount: Int?
  /// The variables of the garbage collector; nil: a stripped program does not tell where they are.
  package var gcphase, gcController: UInt64?

  package init(
    allp: UInt64, allm: UInt64, allgs: UInt64, sched: UInt64, waitReasons: UInt64, waitReasonCount: Int? = nil
  ) {
    (self.allp, self.allm, self.allgs, self.sched) = (allp, allm, allgs, sched)
    (self.waitReasons, self.waitReasonCount) = (waitReasons, waitReasonCount)
  }

  /// Takes the addresses from the table of symbols.
  package init(_ symbols: Symbols, bias: UInt64) throws(GoRefusal) {
    func address(_ name: String) throws(GoRefusal) -> UInt64 {
      guard let variable = symbols.variables[name] else { throw .variable(name) }
      return variable.address &+ bias
    }
    (allp, allm) = (try address("allp"), try address("allm"))
    (allgs, sched) = (try address("allgs"), try address("sched"))
    waitReasons = try address("waitReasonStrings")
    waitReasonCount = symbols.variables["waitReasonStrings"].flatMap { Int(exactly: $0.size / 16) }.map {
      min($0, 256)
    }
    (gcphase, gcController) = (try? address("gcphase"), try? address("gcController"))
  }
}
