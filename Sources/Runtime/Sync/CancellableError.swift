// Errors that say that a G was cancelled: each kind of wait throws its own, and none of them is news to whoever cancelled.

/// An error that can mean that the scope of the running G was cancelled.
///
/// A G that is cancelled may end with one: that is no error of it (`go`). So errors that wrap others, or stand for a wait
/// that was cancelled, adopt it; `CancellationError`, `Pollable.Failure` and `NetError` have.
public protocol CancellableError: Error {
  /// Whether that is what this one means.
  var isCancellation: Bool { get }
}

extension CancellationError: CancellableError {
  public var isCancellation: Bool { true }
}

extension Pollable.Failure: CancellableError {
  public var isCancellation: Bool { self == .cancelled }
}
