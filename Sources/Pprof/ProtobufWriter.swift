// The little of the protobuf encoding that a profile needs: numbers, texts and messages with their field's number.
//
// swift-protobuf would be a compiler for .proto files and a large library, in every build of the package, for seven messages
// that are only written, never read, and whose form has not changed since 2016.

/// Builds a protobuf message by appending fields to it.
package struct ProtobufWriter {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  private mutating func bytes(_ field: Int, _ content: some Collection<UInt8>) {
    varint(UInt64(field) << 3 | 2)
    varint(UInt64(content.count))
    bytes += content
  }

  /// Appends a field with a number. A reader takes a missing field for 0, so a field with 0 is not written.
  package mutating func number(_ field: Int, _ value: UInt64) {
    guard value != 0 else { return }
    varint(UInt64(field) << 3)
    varint(value)
  }

  package mutating func number(_ field: Int, _ value: Int) { number(field, UInt64(bitPattern: Int64(value))) }

  package mutating func text(_ field: Int, _ text: String) { bytes(field, text.utf8) }

  /// Appends a field with any number of numbers, packed into one run of bytes.
  package mutating func numbers(_ field: Int, _ values: [UInt64]) {
    var packed = ProtobufWriter()
    for value in values { packed.varint(value) }
    bytes(field, packed.bytes)
  }

  package mutating func message(_ field: Int, _ build: (inout ProtobufWriter) -> Void) {
    var inner = ProtobufWriter()
    build(&inner)
    bytes(field, inner.bytes)
  }
}
