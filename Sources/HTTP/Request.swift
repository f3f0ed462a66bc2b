// A request as a handler sees it: a view of the connection's buffer that cannot outlive the handler's call.

import CLLHTTP

/// The request that a handler answers.
///
/// It is lent to the handler: it points into the connection's buffer and cannot be copied, so a handler cannot keep it or
/// take it into another G. A handler that needs a part for longer reads it out: `path`, `field` and `body` return copies.
@safe
public struct Request: ~Copyable {
  /// The bytes of the message. The connection owns them, and neither moves nor changes them while a handler runs.
  private let message: UnsafeBufferPointer<UInt8>
  private let fieldTable: FieldTable
  private let head: Head
  private let bodyRange: Range<Int>

  init(_ message: UnsafeBufferPointer<UInt8>, _ parser: borrowing RequestParser) {
    unsafe self.message = message
    fieldTable = parser.fieldTable
    head = parser.head
    bodyRange = parser.body
  }

  /// The method; one that the server does not know gets 501 before any handler.
  public var method: Method { head.method }

  /// The path with its percent escapes decoded; `/` for an absolute target that has no path; `*` for OPTIONS of the server as
  /// a whole.
  public var path: String {
    if isAboutServer { return "*" }
    if head.path.isEmpty { return "/" }
    return head.decodedPath.map { String(decoding: $0, as: UTF8.self) } ?? text(head.path)
  }

  /// The request's target, as it was sent: a path with its query, an absolute URL, or `*`.
  public var target: String { text(head.target) }

  /// The first value of `name` in the query, decoded (`+` is a blank); nil when the query does not have the name, empty when
  /// no `=` follows it.
  ///
  /// - Throws: a 400 when the value, or a name before it, has a wrong percent escape.
  public func parameter(_ name: StaticString) throws(HTTPError) -> String? {
    guard let query = head.query else { return nil }
    let bytes = unsafe message.span
    var start = query.lowerBound
    while start < query.upperBound {
      let end = find(UInt8(ascii: "&"), bytes, start..<query.upperBound) ?? query.upperBound
      let equal = find(UInt8(ascii: "="), bytes, start..<end) ?? end
      if try isName(bytes, start..<equal, name) {
        guard let value = percentDecode(bytes, min(equal + 1, end)..<end, plusIsBlank: true)
        else { throw HTTPError(.badRequest, "\(name): its value has a wrong percent escape") }
        return String(decoding: value, as: UTF8.self)
      }
      start = end + 1
    }
    return nil
  }

  /// Whether the part `range` of the query equals `name`, after it is decoded in the same way as a value.
  private func isName(
    _ bytes: Span<UInt8>, _ range: Range<Int>, _ name: StaticString
  ) throws(HTTPError) -> Bool {
    guard range.contains(where: { bytes[$0] == UInt8(ascii: "%") || bytes[$0] == UInt8(ascii: "+") })
    else { return matches(bytes, range, name) }
    guard let decoded = percentDecode(bytes, range, plusIsBlank: true)
    else { throw HTTPError(.badRequest, "a name in the query has a wrong percent escape") }
    return matches(decoded.span, 0..<decoded.count, name)
  }

  /// The value of the first header field with this name, in which case does not matter; nil when there is none.
  public func field(_ name: StaticString) -> String? {
    let bytes = unsafe message.span
    for index in 0..<fieldTable.count {
      let (fieldName, value) = fieldTable.field(index, in: bytes)
      if equals(bytes, fieldName, name) { return text(value) }
    }
    return nil
  }

  /// All header fields, in the order in which the client sent them.
  public var fields: [(name: String, value: String)] {
    (0..<fieldTable.count).map {
      let (name, value) = unsafe fieldTable.field($0, in: message.span)
      return (text(name), text(value))
    }
  }

  /// A copy of the whole body, without chunk framing.
  public var body: [UInt8] { unsafe Array(message[bodyRange]) }

  /// The size of the body in bytes.
  public var bodyCount: Int { bodyRange.count }

  /// Whether the request is about the server as a whole, and not about a path.
  var isAboutServer: Bool { head.isAboutServer }

  /// Whether the decoded path is `pattern`.
  func pathEquals(_ pattern: [UInt8]) -> Bool {
    if head.isAboutServer { return pattern == [UInt8(ascii: "*")] }
    if head.path.isEmpty { return pattern == [UInt8(ascii: "/")] }
    if let decoded = head.decodedPath { return decoded == pattern }
    guard head.path.count == pattern.count else { return false }
    for offset in 0..<pattern.count {
      guard unsafe message[head.path.lowerBound + offset] == pattern[offset] else { return false }
    }
    return true
  }

  private func text(_ range: Range<Int>) -> String {
    unsafe String(decoding: UnsafeBufferPointer(rebasing: message[range]), as: UTF8.self)
  }
}

/// An error that a handler throws to answer with a status and one line of text.
public struct HTTPError: Error {
  /// The status of the answer.
  public let status: Status
  /// The line of text that is the body of the answer.
  public let message: String

  /// An answer of `status`, with `message` and a line end as its body.
  public init(_ status: Status, _ message: String) {
    self.status = status
    self.message = message
  }
}

/// The header fields that the C parser found.
///
/// Memory: the `RequestParser` owns `machine`, and outlives every request.
@safe
struct FieldTable {
  private let machine: OpaquePointer

  init(_ machine: OpaquePointer) { unsafe self.machine = machine }

  var count: Int { Int(unsafe cllhttp_field_count(machine)) }

  /// The places of the name and the value of a field in the message `bytes`. Blanks around the value are left
  /// out.
  func field(_ index: Int, in bytes: Span<UInt8>) -> (name: Range<Int>, value: Range<Int>) {
    precondition(index < count)
    let field = unsafe cllhttp_fields(machine)[index]
    let name = Int(field.name)..<Int(field.name + field.name_length)
    let start = Int(field.value)
    var end = start + Int(field.value_length)
    while end > start, isBlank(bytes[end - 1]) { end -= 1 }
    return (name, start..<end)
  }
}
