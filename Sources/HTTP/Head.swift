// What the parser keeps of a request's head: where the parts lie, and what was decided about them.

import CLLHTTP

/// The parts of a head as offsets from the first byte of the message, so that the message may move in memory.
struct Head {
  var method = Method.get
  /// The target as it was sent.
  var target = 0..<0
  /// The path within the target, before percent-decoding. Empty: an absolute target without one.
  var path = 0..<0
  /// Whether the request is about the server as a whole: `OPTIONS *`, or OPTIONS of an absolute target that names a host
  /// and no more.
  var isAboutServer = false
  /// What follows the `?`, if there is one.
  var query: Range<Int>?
  /// The decoded path, when it has percent escapes.
  var decodedPath: [UInt8]?
  /// The `x` of HTTP/1.x.
  var minorVersion: UInt8 = 1
  var expectsContinue = false
  var isChunked = false
}

/// A request method, by llhttp's number.
public struct Method: Sendable, Hashable {
  let number: UInt8

  public var name: String { unsafe String(cString: cllhttp_method_name(number)) }

  public static let delete = Method(number: 0)
  public static let get = Method(number: 1)
  public static let head = Method(number: 2)
  public static let post = Method(number: 3)
  public static let put = Method(number: 4)
  public static let options = Method(number: 6)
  public static let patch = Method(number: 28)
}

/// A set of methods, as a route allows them.
public struct Methods: OptionSet, Sendable {
  public let rawValue: UInt64

  public init(rawValue: UInt64) { self.rawValue = rawValue }
  init(_ method: Method) { rawValue = 1 << UInt64(method.number) }

  public static let get: Methods = [Methods(Method.get), Methods(Method.head)]
  public static let post = Methods(Method.post)
  public static let put = Methods(Method.put)
  public static let delete = Methods(Method.delete)
  public static let patch = Methods(Method.patch)

  /// The value of an Allow field: `GET, HEAD, OPTIONS`. OPTIONS is always answered.
  var allow: String {
    let names = (UInt8(0)..<46).filter { rawValue & 1 << $0 != 0 }.map { Method(number: $0).name }
    return (names.sorted() + ["OPTIONS"]).joined(separator: ", ")
  }
}
