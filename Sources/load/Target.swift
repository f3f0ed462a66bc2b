// The server that is asked, the paths, and the bytes of a request.

import ArgumentParser

/// A server, and the path in its URL.
struct Target: Equatable, Sendable {
  /// A name or an address; an IPv6 address is without its brackets.
  let host: String
  let port: UInt16
  let path: String
  /// Whether the URL names a path other than `/`, which also stands for no path.
  let hasPath: Bool

  init(parsing text: String) throws {
    var rest = text[...]
    // Not by `firstRange(of:)`, which would bring Swift's regular expressions, a megabyte, into the program.
    let scheme = rest.prefix(while: \.isLetter)
    if rest[scheme.endIndex...].hasPrefix("://") {
      guard scheme.lowercased() == "http" else { throw ValidationError("only http:// is spoken") }
      rest = rest[scheme.endIndex...].dropFirst("://".count)
    }
    let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
    let place = rest[..<end]
    let tail = String(rest[end...])
    path = tail.hasPrefix("/") ? tail : "/" + tail
    hasPath = path != "/"
    try Self.check(path: path)
    guard !place.contains("@") else { throw ValidationError("users and passwords are not sent") }
    (host, port) = try Self.hostAndPort(place)
  }

  private static func hostAndPort(_ place: Substring) throws -> (String, UInt16) {
    var (host, port) = (place, Substring("80"))
    if place.hasPrefix("["), let end = place.firstIndex(of: "]") {
      host = place[place.index(after: place.startIndex)..<end]
      let rest = place[place.index(after: end)...]
      if !rest.isEmpty { port = rest.hasPrefix(":") ? rest.dropFirst() : "" }
    } else if let colon = place.firstIndex(of: ":") {
      (host, port) = (place[..<colon], place[place.index(after: colon)...])
    }
    guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      throw ValidationError("a host is wanted: http://127.0.0.1:8080/")
    }
    guard let number = UInt16(port), number > 0 else {
      throw ValidationError("its port is not in 1 to 65535")
    }
    return (String(host), number)
  }

  /// Refuses a path that cannot stand in a request line.
  static func check(path: String) throws {
    guard path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "#") }) else {
      throw ValidationError("blanks, '#' and what is not ASCII must be percent-encoded in a path")
    }
  }

  /// Host and port as they stand in URLs and in the field Host.
  var authority: String {
    (host.contains(":") ? "[\(host)]" : host) + (port == 80 ? "" : ":\(port)")
  }

  func request(for path: String, keepAlive: Bool) -> RequestBytes {
    RequestBytes(
      "GET \(path) HTTP/1.1\r\nHost: \(authority)\r\nUser-Agent: mpg-load\r\n"
        + (keepAlive ? "\r\n" : "Connection: close\r\n\r\n"))
  }
}

/// A path of `--path`, and its weight: how often it comes, compared with the other paths.
struct WeightedPath: Equatable {
  let weight: Int
  let path: String

  init(weight: Int, path: String) { (self.weight, self.path) = (weight, path) }

  init(parsing text: String) throws {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    if text.hasPrefix("/") {
      (weight, path) = (1, text)
    } else {
      guard parts.count == 2, parts[1].hasPrefix("/") else {
        throw ValidationError("a path begins with /, and may have a weight before it: 9:/about")
      }
      guard let weight = Int(parts[0]), (1...1000).contains(weight) else {
        throw ValidationError("its weight is not in 1 to 1000")
      }
      (self.weight, path) = (weight, String(parts[1]))
    }
    try Target.check(path: path)
  }
}

/// The bytes of a request.
///
/// Memory: allocated once and never freed, since requests live as long as the process. The bytes are not in an Array, because a
/// G may park while it writes them, and an Array lends its memory only during a call.
@safe
struct RequestBytes: @unchecked Sendable {
  // Safe because: the memory is not written to again.
  let bytes: UnsafeRawBufferPointer

  init(_ text: String) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: text.utf8.count, alignment: 1)
    unsafe copy.copyBytes(from: text.utf8)
    unsafe bytes = UnsafeRawBufferPointer(copy)
  }
}
