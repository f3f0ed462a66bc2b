// The errors of sockets.

import CNet
import MPG

/// The reason why a socket could not be used, or why a wait on one ended. Each case describes itself in one
/// line.
public enum NetError: CancellableError, Equatable, CustomStringConvertible {
  /// The deadline passed before the wait was over.
  case timedOut
  /// The socket was closed in this process, perhaps by another G.
  case closed
  /// The scope of the G was cancelled (`withCancellation`).
  case cancelled
  /// The name has no address, or could not be looked up; `reason` is the system's explanation.
  case unknownHost(String, reason: String)
  /// A system call failed with this errno.
  case failed(call: String, errno: Int32)

  init(_ failure: Pollable.Failure) {
    switch failure {
    case .timedOut: self = .timedOut
    case .closed: self = .closed
    case .cancelled: self = .cancelled
    }
  }

  public var isCancellation: Bool { self == .cancelled }

  public var description: String {
    switch self {
    case .timedOut: "timed out"
    case .closed: "closed"
    case .cancelled: "cancelled"
    case .unknownHost(let host, let reason): "\(host): \(reason)"
    case .failed(let call, let errno): "\(call): \(Self.name(of: errno))"
    }
  }

  /// The name of an errno, such as `EADDRINUSE`.
  public static func name(of errno: Int32) -> String {
    guard let name = unsafe cnet_errno_name(errno) else { return "errno \(errno)" }
    return unsafe String(cString: name)
  }
}
