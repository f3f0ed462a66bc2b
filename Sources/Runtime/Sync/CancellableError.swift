// Errors that say that a G was cancelled. Each kind of wait throws its own, and none of them counts as a failure of the
// G.

/// An error that can mean that the scope of the running G was cancelled.
///
/// A cancelled G may end with such an error, and `go` does not count that as a failure. So errors that wrap others, or
/// stand for a wait that was cancelled, adopt this protocol; `CancellationError`, `Pollable.Failure` and `NetError` do.
public protocol CancellableError: Error {
  /// Whether this error means that the scope was cancelled.
  var isCancellation: Bool { get }
}

extension CancellationError: CancellableError {
  public var isCancellation: Bool { true }
}

extension Pollable.Failure: CancellableError {
  public var isCancellation: Bool { self == .cancelled }
}
