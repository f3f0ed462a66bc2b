// One request of a scraper: llhttp reads it, as it comes, and what matters of it is taken out.
internal import CLLHTTP

/// The request of one connection; there is only one.
///
/// Memory: owns the C parser, and frees it.
@safe
struct ScrapeRequest: ~Copyable {
  enum Progress: Equatable {
    case incomplete
    /// Whole; what was asked for, and the header `Accept`.
    case complete(method: String, path: String, accept: String)
    /// The status to answer with, such as `400 Bad Request`.
    case refused(String)
  }

  /// Bytes that a request may have. Prometheus sends about 300.
  static let most = 8192

  private let machine: OpaquePointer
  private var bytes: [UInt8] = []

  /// nil: out of memory.
  init?() {
    guard let machine = unsafe cllhttp_create(0, 0) else { return nil }
    unsafe self.machine = machine
  }

  deinit { unsafe cllhttp_destroy(machine) }

  /// Takes in what has come.
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

  /// A part of the request; "" where it lies outside.
  private func text(_ start: UInt32, _ length: UInt32) -> String {
    let range = Int(start)..<Int(start) + Int(length)
    return range.upperBound <= bytes.count ? String(decoding: bytes[range], as: UTF8.self) : ""
  }
}
