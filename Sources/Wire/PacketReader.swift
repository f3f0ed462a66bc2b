// The packets of a stream, read from bytes that come in pieces of any size.
import History
import Host

/// What is wrong with a stream, in words that follow "the stream".
package struct WireProblem: Error, Equatable {
  package let words: String
}

/// Takes bytes apart into messages. After a problem nothing more is read. Not thread-safe.
package final class PacketReader {
  /// One message of a packet whose checksum was right.
  package struct Message {
    /// The kind of the message; nil: this build does not know it.
    package var kind: MessageKind?
    package var body: [UInt8]
  }

  private var bytes: [UInt8] = []
  private var next = 0
  private var hasBegun = false
  private var expander: PayloadExpander?
  /// How many bytes were read in whole packets.
  package private(set) var offset: UInt64 = 0

  package init() {}

  /// Whether bytes of a packet have come whose rest has not.
  package var isInsideOfPacket: Bool { next < bytes.count }

  package func add(_ more: some Collection<UInt8>) {
    if next > 1 << 16 || next == bytes.count {
      bytes.removeSubrange(..<next)
      next = 0
    }
    bytes.append(contentsOf: more)
  }

  /// The messages of the next packet; nil: not all of it has come.
  ///
  /// - Throws: what is wrong with the bytes.
  package func packet() throws(WireProblem) -> [Message]? {
    if !hasBegun {
      guard try begin() else { return nil }
    }
    guard bytes.count - next >= WireFormat.head else { return nil }
    let head = Array(bytes[next..<next + WireFormat.head])
    var reader = ByteReader(head)
    guard let form = reader.byte(), let length = reader.word32(), let checksum = reader.word32() else {
      return nil
    }
    guard length <= UInt32(WireFormat.longest) else { throw damage("a packet that is too long") }
    guard bytes.count - next - WireFormat.head >= Int(length) else { return nil }
    let payload = Array(bytes[next + WireFormat.head..<next + WireFormat.head + Int(length)])
    var check = Checksum()
    check.add(head[..<5])
    check.add(payload)
    guard check.value == checksum else { throw damage("a wrong checksum") }
    let messages = try messages(in: expanded(payload, form))
    next += WireFormat.head + Int(length)
    offset += UInt64(WireFormat.head) + UInt64(length)
    return messages
  }

  /// Reads the first line of the stream; false: not all of the line has come.
  private func begin() throws(WireProblem) -> Bool {
    let magic = WireFormat.magic
    let start = bytes[next...].prefix(magic.count)
    let isOurs = start.prefix(7).elementsEqual(magic.prefix(min(7, start.count)))
    guard isOurs else {
      // The other side may have sent text for people instead of a stream, such as that it knows no
      // such command.
      throw WireProblem(
        words: "is none: \(FileKind.words(for: Array(bytes[next...].prefix(FileKind.needed))))")
    }
    guard start.count == magic.count else { return false }
    guard start.elementsEqual(magic) else {
      let version = printable(String(decoding: start.dropFirst(7).dropLast(), as: UTF8.self))
      throw WireProblem(
        words: "is of version '\(version)', and this build reads 1; install the same mpgtop on both sides")
    }
    (hasBegun, next, offset) = (true, next + magic.count, UInt64(magic.count))
    return true
  }

  private func expanded(_ payload: [UInt8], _ form: UInt8) throws(WireProblem) -> [UInt8] {
    switch WireFormat.Form(rawValue: form) {
    case .plain: return payload
    case .zstd:
      if expander == nil { expander = PayloadExpander() }
      guard let expander else {
        throw WireProblem(
          words: "is compressed by zstd, which this machine lacks; install libzstd1, or stream with --plain")
      }
      guard !payload.isEmpty, let bytes = expander.expand(payload, limit: WireFormat.mostExpanded) else {
        throw damage("a packet that cannot be expanded")
      }
      return bytes
    case nil: throw damage("a packet of an unknown form")
    }
  }

  private func messages(in payload: [UInt8]) throws(WireProblem) -> [Message] {
    var (reader, messages) = (ByteReader(payload), [Message]())
    while !reader.isAtEnd {
      guard let kind = reader.number(), let body = reader.raw() else { throw damage("a damaged message") }
      messages.append(Message(kind: MessageKind(rawValue: kind), body: Array(body)))
      guard messages.count <= WireFormat.mostMessages else { throw damage("a packet of too many messages") }
    }
    return messages
  }

  private func damage(_ words: String) -> WireProblem {
    WireProblem(words: "is damaged: \(words) at byte \(offset)")
  }
}

/// Puts messages together into packets. Not thread-safe.
package final class PacketWriter {
  private let compressor: PayloadCompressor?
  private var messages = ByteWriter()
  private var hasBegun = false
  /// Packets that are complete, because they had enough messages.
  private var complete: [UInt8] = []

  /// - Parameter compresses: whether payloads are compressed, if this machine has libzstd.
  package init(compresses: Bool) { compressor = compresses ? PayloadCompressor() : nil }

  package var isEmpty: Bool { messages.bytes.isEmpty && complete.isEmpty }

  package func add(_ kind: MessageKind, _ body: [UInt8]) {
    messages.number(kind.rawValue)
    messages.raw(body)
    if messages.bytes.count > WireFormat.enough { complete += next() }
  }

  /// Returns all messages that were added since the last call as one packet, or as several where
  /// there are many. The first line of the stream stands before its first packet.
  package func packet() -> [UInt8] {
    let packets = complete
    complete = []
    return !packets.isEmpty && messages.bytes.isEmpty ? packets : packets + next()
  }

  private func next() -> [UInt8] {
    let payload = messages.bytes
    messages = ByteWriter()
    let start = hasBegun ? [] : WireFormat.magic
    hasBegun = true
    if let compressor, !payload.isEmpty, let small = compressor.compress(payload) {
      return start + WireFormat.packet(.zstd, small)
    }
    return start + WireFormat.packet(.plain, payload)
  }
}
