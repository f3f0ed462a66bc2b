// Reading the clock of a region's header, whose writer refines it while the target runs.
import Observed
import Region

extension Clock {
  static let fields: [HeaderField] = [
    .clockSequence, .clockTicks0, .clockNanoseconds0, .clockTicks1, .clockNanoseconds1,
  ]

  /// Reads the clock of a header; nil when its writer kept changing it.
  ///
  /// - Parameter shift: what makes the writer's nanoseconds ours: see Residence.
  init?(_ header: Blocks<HeaderField>, shift: Int64) {
    func time(_ field: HeaderField) -> UInt64 { header.value(field) &+ UInt64(bitPattern: shift) }
    for _ in 0..<100 {
      let before = header.value(.clockSequence)
      let first = (ticks: header.value(.clockTicks0), nanoseconds: time(.clockNanoseconds0))
      let second = (ticks: header.value(.clockTicks1), nanoseconds: time(.clockNanoseconds1))
      // Acquiring loads keep their order, so an equal, even number on both sides means no change between.
      guard before & 1 == 0, header.value(.clockSequence) == before else { continue }
      self.init(first: first, second: second)
      return
    }
    return nil
  }
}
