// The reasons why mpg-load ends without a report, and why a single request gets no answer.

import Glibc
import Net

/// The exit codes (docs/load.md).
enum ExitCode {
  static let success: Int32 = 0
  /// The server cannot be reached.
  static let unreachable: Int32 = 1
  /// There is a report, and some requests got no answer, or one with a status of 400 or more.
  static let failedRequests: Int32 = 2
  static let usage: Int32 = 64
  /// The system refuses a resource that the plan needs, such as descriptors.
  static let system: Int32 = 71
  static let output: Int32 = 74
  /// The code for an end by a signal, as shells count it.
  static func signal(_ number: Int32) -> Int32 { 128 + number }
}

/// The reason why there is no report.
struct Failure: Error {
  let code: Int32
  /// One clause with cause and cure, in lower case, without a full stop.
  let message: String
}

/// The reason why a request got no answer.
enum Trouble: Error, Equatable {
  /// No process listens at the address.
  case refused
  /// The server reset the connection.
  case reset
  /// The server ended the connection before its answer was complete.
  case closed
  /// No answer came in time.
  case timeout
  /// The bytes that came are not HTTP/1; the text says why.
  case badResponse(String)
  /// Anything else, such as no free port on this side.
  case other(String)
  /// The wait for the answer was cut off, because mpg-load was interrupted. That is no fault of the server.
  case cutOff

  init(_ error: NetError) {
    switch error {
    case .timedOut: self = .timeout
    case .cancelled: self = .cutOff
    case .failed(_, ECONNREFUSED): self = .refused
    case .failed(_, ECONNRESET), .failed(_, EPIPE): self = .reset
    case .failed(_, ETIMEDOUT): self = .timeout
    case .closed, .unknownHost, .failed: self = .other("\(error)")
    }
  }

  var kind: TroubleKind? {
    switch self {
    case .refused: .refused
    case .reset: .reset
    case .closed: .closed
    case .timeout: .timeout
    case .badResponse: .badResponse
    case .other: .other
    case .cutOff: nil
    }
  }

  /// The words that explain the trouble where its kind alone does not; nil: the kind says all.
  var detail: String? {
    switch self {
    case .badResponse(let text), .other(let text): text
    case .refused, .reset, .closed, .timeout, .cutOff: nil
    }
  }
}

/// The kinds of errors that reports count.
enum TroubleKind: Int, CaseIterable {
  case refused, reset, closed, timeout, badResponse, other

  /// The key in JSON.
  var key: String { self == .badResponse ? "bad_response" : "\(self)" }
  /// The words in text.
  var words: String { self == .badResponse ? "bad response" : "\(self)" }
}
