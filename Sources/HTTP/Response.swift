// A response: a handler fills it, and the server makes the bytes to send from it.

/// The response that a handler fills.
///
/// It is lent to the handler, like the request, and cannot be kept. Content-Length is the size of the written body; the
/// server adds the fields Date and Connection.
public struct Response: ~Copyable {
  /// The status of the answer.
  public var status = Status.ok
  /// The value of the field Content-Type.
  public var contentType: StaticString = "text/plain; charset=utf-8"
  private var body = ByteBuffer(capacity: 256)
  private var fields = ByteBuffer(capacity: 0)

  init() {}

  /// Appends `text` to the body.
  public mutating func write(_ text: String) { body.append(text) }

  /// Appends `bytes` to the body.
  public mutating func write(_ bytes: [UInt8]) {
    unsafe bytes.withUnsafeBytes { unsafe body.append($0) }
  }

  /// Adds a header field. Control bytes in the value become blanks: otherwise a line break in a value could smuggle in another
  /// field.
  public mutating func add(_ name: StaticString, _ value: String) {
    fields.append(name)
    fields.append(": ")
    for byte in value.utf8 {
      fields.append(byte < 0x20 && byte != UInt8(ascii: "\t") || byte == 0x7f ? UInt8(ascii: " ") : byte)
    }
    fields.append("\r\n")
  }

  /// Makes this an empty response again, for the next request.
  mutating func reset() {
    status = .ok
    contentType = "text/plain; charset=utf-8"
    body.clear(keeping: 4 << 10)
    fields.clear(keeping: 1 << 10)
  }

  /// Replaces the whole response by an error: a status and one line of text.
  mutating func replace(_ status: Status, _ line: String) {
    reset()
    self.status = status
    write(line)
    write("\n")
  }

  /// The value of the field Connection; `unsaid`: no such field.
  enum Connection { case unsaid, keepAlive, close }

  /// The bytes with which every answer begins. `Watch` may send them before the answer is there.
  static let beginning = Array("HTTP/1.1 ".utf8)

  /// Appends head and body to `output`.
  func render(into output: inout ByteBuffer, date: String, _ connection: Connection, isHead: Bool) {
    unsafe Self.beginning.withUnsafeBytes { unsafe output.append($0) }
    output.append(decimal: Int(status.code))
    output.append(" ")
    output.append(status.reason)
    output.append("\r\nDate: ")
    output.append(date)
    switch connection {
    case .unsaid: output.append("\r\n")
    case .keepAlive: output.append("\r\nConnection: keep-alive\r\n")
    case .close: output.append("\r\nConnection: close\r\n")
    }
    unsafe output.append(UnsafeRawBufferPointer(fields.bytes))
    if status.forbidsBody {
      output.append("\r\n")
      return
    }
    output.append("Content-Type: ")
    output.append(contentType)
    output.append("\r\nContent-Length: ")
    output.append(decimal: body.count)
    output.append("\r\n\r\n")
    if !isHead { unsafe output.append(UnsafeRawBufferPointer(body.bytes)) }
  }
}
