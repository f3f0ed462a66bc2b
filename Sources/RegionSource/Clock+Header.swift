// Reads the clock from the header of a region. The target refines that clock while it runs.
import Observed
import Region

extension Clock {
  static let fields: [HeaderField] = [
    .clockSequence, .clockTicks0, .clockNanoseconds0, .clockTicks1, .clockNanoseconds1,
  ]

  /// Reads the clock of a header; nil: at each of many tries its writer was changing it.
  ///
  /// - Parameter shift: the nanoseconds that turn the writer's monotonic time into ours: see Residence.
  init?(_ header: Blocks<HeaderField>, shift: Int64) {
    func time(_ field: HeaderField) -> UInt64 { header.value(field) &+ UInt64(bitPattern: shift) }
    for _ in 0..<100 {
      let before = header.value(.clockSequence)
      let first = (ticks: header.value(.clockTicks0), nanoseconds: time(.clockNanoseconds0))
      let second = (ticks: header.value(.clockTicks1), nanoseconds: time(.clockNanoseconds1))
      // Acquiring loads keep their order. So if the number is even, and the same before and after, nothing changed in
      // between.
      guard before & 1 == 0, header.value(.clockSequence) == before else { continue }
      self.init(first: first, second: second)
      return
    }
    return nil
  }
}
