// Resources of the operating system that a process may run out of, while its runtime goes on without them.

/// The resource that the system refused. Raw values are the wire format: cases are added at the end only.
public enum Shortage: UInt8, CaseIterable, Sendable {
  /// Descriptors, or memory, for a connection that waits to be accepted.
  case accept = 1
  /// Address space, or mappings, for the stack of a G that has not run yet.
  case stack = 2
  /// A thread for a P that has work.
  case thread = 3
  /// Room in tmpfs for the region to grow.
  case region = 4

  /// The field that counts this shortage.
  public var counter: SchedField {
    switch self {
    case .accept: .acceptShortages
    case .stack: .stackShortages
    case .thread: .threadShortages
    case .region: .regionShortages
    }
  }
}
