// The status codes that this server sends, and their names.

/// An HTTP status code. A handler may answer with any code of three digits; the codes with a name here are those that
/// the server itself sends.
public struct Status: Sendable, Equatable {
  /// The code, a number of three digits.
  public let code: UInt16
  /// The text after the code on the status line.
  public let reason: StaticString

  /// A status with this code and these words. A code that has not three digits ends the process.
  public init(_ code: UInt16, _ reason: StaticString) {
    precondition((100...999).contains(code), "a status code has three digits")
    self.code = code
    self.reason = reason
  }

  public static func == (one: Status, other: Status) -> Bool { one.code == other.code }

  /// 200 OK.
  public static let ok = Status(200, "OK")
  /// 204 No Content.
  public static let noContent = Status(204, "No Content")
  /// 400 Bad Request.
  public static let badRequest = Status(400, "Bad Request")
  /// 403 Forbidden.
  public static let forbidden = Status(403, "Forbidden")
  /// 404 Not Found.
  public static let notFound = Status(404, "Not Found")
  /// 405 Method Not Allowed.
  public static let methodNotAllowed = Status(405, "Method Not Allowed")
  /// 408 Request Timeout.
  public static let requestTimeout = Status(408, "Request Timeout")
  /// 413 Content Too Large.
  public static let contentTooLarge = Status(413, "Content Too Large")
  /// 414 URI Too Long.
  public static let uriTooLong = Status(414, "URI Too Long")
  /// 417 Expectation Failed.
  public static let expectationFailed = Status(417, "Expectation Failed")
  /// 431 Request Header Fields Too Large.
  public static let fieldsTooLarge = Status(431, "Request Header Fields Too Large")
  /// 500 Internal Server Error.
  public static let internalServerError = Status(500, "Internal Server Error")
  /// 501 Not Implemented.
  public static let notImplemented = Status(501, "Not Implemented")
  /// 503 Service Unavailable.
  public static let serviceUnavailable = Status(503, "Service Unavailable")
  /// 505 HTTP Version Not Supported.
  public static let versionNotSupported = Status(505, "HTTP Version Not Supported")

  /// Whether a response with this status may not have a body, nor a Content-Length (RFC 9110, 8.6).
  var forbidsBody: Bool { code < 200 || code == 204 || code == 304 }
}
