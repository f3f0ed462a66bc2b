// Reads one request of a scraper with llhttp, and extracts what the server needs.
internal import CLLHTTP

/// The only request of a connection.
///
/// Memory: owns the C parser, and frees it.
@safe
struct ScrapeRequest: ~Copyable {
  enum Progress: Equatable {
    case incomplete
    /// The request is complete: its method, its path, and the header `Accept`.
    case complete(method: String, path: String, accept: String)
    /// The request is wrong: the status to answer with, such as `400 Bad Request`.
    case refused(String)
  }

  /// The largest request in bytes. Prometheus sends about 300.
  static let most = 8192

  private let machine: OpaquePointer
  private var bytes: [UInt8] = []

  /// Makes an empty request; nil: out of memory.
  init?() {
    guard let machine = unsafe cllhttp_create(0, 0) else { return nil }
    unsafe self.machine = machine
  }

  deinit { unsafe cllhttp_destroy(machine) }

  /// Parses the bytes that have arrived.
  mutating func take(_ more: some Sequence<UInt8>) -> Progress {
    let old = bytes.count
    bytes += more
    let (machine, count) = unsafe (machine, min(bytes.count, Self.most))
    let event = unsafe bytes.withUnsafeMutableBufferPointer { bytes in
      unsafe bytes.baseAddress.map { unsafe cllhttp_feed(machine, $0, old, count) } ?? cllhttp_more
    }
    switch event {
    case cllhttp_more: return bytes.count < Self.most ? .incomplete : Self.tooLarge
    case cllhttp_complete: return complete()
    case cllhttp_too_many_fields: return Self.tooLarge
    case cllhttp_body_too_large, cllhttp_too_much_framing: return .refused("413 Content Too Large")
    default: return .refused("400 Bad Request")
    }
  }

  private static let tooLarge = Progress.refused("431 Request Header Fields Too Large")

  private func complete() -> Progress {
    let line = bytes.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }
    let words = line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
    guard words.count == 3 else { return .refused("400 Bad Request") }
    let path = String(words[1].prefix { $0 != "?" })
    var accept: [String] = []
    for index in 0..<Int(unsafe cllhttp_field_count(machine)) {
      let field = unsafe cllhttp_fields(machine)[index]
      guard text(field.name, field.name_length).lowercased() == "accept" else { continue }
      accept.append(text(field.value, field.value_length))
    }
    return .complete(method: words[0], path: path, accept: accept.joined(separator: ","))
  }

  /// A part of the request as text; "" if the range is outside of the request.
  private func text(_ start: UInt32, _ length: UInt32) -> String {
    let range = Int(start)..<Int(start) + Int(length)
    return range.upperBound <= bytes.count ? String(decoding: bytes[range], as: UTF8.self) : ""
  }
}
