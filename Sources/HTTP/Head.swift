// The notes of the parser on a request's head: the places of its parts, and their meaning together.

import CLLHTTP

/// The parts of a head as offsets from the first byte of the message, so that the message may move in memory.
struct Head {
  var method = Method.get
  /// The place of the request's target, as it was sent.
  var target = 0..<0
  /// The path within the target, before percent-decoding. Empty: an absolute target that has no path.
  var path = 0..<0
  /// Whether the request is about the server as a whole: `OPTIONS *`, or OPTIONS with an absolute target that names only a
  /// host.
  var isAboutServer = false
  /// The part of the target behind the `?`; nil: there is no `?`.
  var query: Range<Int>?
  /// The path after percent-decoding; nil: it has no escapes.
  var decodedPath: [UInt8]?
  /// The digit `x` of HTTP/1.x.
  var minorVersion: UInt8 = 1
  var expectsContinue = false
  var isChunked = false
}

/// A request method, identified by llhttp's number for it.
public struct Method: Sendable, Hashable {
  let number: UInt8

  /// The name as it stands in a request line.
  public var name: String { unsafe String(cString: cllhttp_method_name(number)) }

  /// DELETE.
  public static let delete = Method(number: 0)
  /// GET.
  public static let get = Method(number: 1)
  /// HEAD.
  public static let head = Method(number: 2)
  /// POST.
  public static let post = Method(number: 3)
  /// PUT.
  public static let put = Method(number: 4)
  /// OPTIONS.
  public static let options = Method(number: 6)
  /// PATCH.
  public static let patch = Method(number: 28)
}

/// A set of methods, as a route allows them.
public struct Methods: OptionSet, Sendable {
  public let rawValue: UInt64

  public init(rawValue: UInt64) { self.rawValue = rawValue }
  init(_ method: Method) { rawValue = 1 << UInt64(method.number) }

  /// GET, and HEAD with it.
  public static let get: Methods = [Methods(Method.get), Methods(Method.head)]
  /// POST.
  public static let post = Methods(Method.post)
  /// PUT.
  public static let put = Methods(Method.put)
  /// DELETE.
  public static let delete = Methods(Method.delete)
  /// PATCH.
  public static let patch = Methods(Method.patch)

  /// The value of an Allow field, such as `GET, HEAD, OPTIONS`. OPTIONS is always part of it: the mux answers it itself.
  var allow: String {
    let names = (UInt8(0)..<46).filter { rawValue & 1 << $0 != 0 }.map { Method(number: $0).name }
    return (names.sorted() + ["OPTIONS"]).joined(separator: ", ")
  }
}
