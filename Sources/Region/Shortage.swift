// What a process can run out of while its runtime goes on with what it has.

/// What the system had no more of. Raw values are the wire format; a case is only ever added at the end.
public enum Shortage: UInt8, CaseIterable, Sendable {
  /// Descriptors, or memory, for a connection that waits to be accepted.
  case accept = 1
  /// Address space, or mappings, for the stack of a G that waits for its first turn.
  case stack = 2
  /// A thread for a P that has work.
  case thread = 3
  /// Room in tmpfs for the region to grow.
  case region = 4

  /// Where it is counted.
  public var counter: SchedField {
    switch self {
    case .accept: .acceptShortages
    case .stack: .stackShortages
    case .thread: .threadShortages
    case .region: .regionShortages
    }
  }
}
