// Writes protocol buffers: the few wire types that a Perfetto trace needs.
//
// Numbers are encoded as in our own files (LEB128). So a library would save some thirty lines, but would
// bring Foundation and generated code along. `make test-exports` reads the traces that this code writes with
// Google's library and Perfetto's own schema.
import History

/// The bytes of a message, which grow field by field.
struct ProtobufMessage {
  private(set) var out = ByteWriter()
  var bytes: [UInt8] { out.bytes }

  private mutating func key(_ field: UInt64, _ wireType: UInt64) { out.number(field << 3 | wireType) }

  mutating func number(_ field: UInt64, _ value: UInt64) {
    key(field, 0)
    out.number(value)
  }

  mutating func fixed64(_ field: UInt64, _ value: UInt64) {
    key(field, 1)
    out.word32(UInt32(truncatingIfNeeded: value))
    out.word32(UInt32(truncatingIfNeeded: value >> 32))
  }

  mutating func text(_ field: UInt64, _ text: String) {
    key(field, 2)
    out.text(text)
  }

  mutating func message(_ field: UInt64, _ body: (inout ProtobufMessage) -> Void) {
    var message = ProtobufMessage()
    body(&message)
    key(field, 2)
    out.raw(message.bytes)
  }
}
