// A stream: what a source tells, as bytes on their way to a viewer on another machine. docs/stream.md is the specification.
//
// §1 The problem. A viewer needs what the source needs: gauges several times a second, every event, the table of Gs. A shared
// mapping does not reach over a network. What goes over it must be small, must cost the machine that is watched next to
// nothing, and must make sense though the link may be slow, may end anywhere, and may bring damaged bytes.
//
// §2 The design. What a `SchedulerSource` tells a viewer is sent: observations, batches of events, tables and names. So
// the other side has a source again, and all code that reads a source works there as it does here, from the same
// values.
// Events are packed as history packs them (RecordCodec), gauges as keyframes are (Keyframe), so nothing is encoded in two ways.
//
//     stream  = "MPGWIRE1\n", packet, packet, …
//     packet  = form (1 byte), length (4 bytes, low first), checksum (4 bytes, low first), payload
//     payload = message, message, …       as they are (form 0), or compressed (form 1)
//     message = kind, length, body        numbers in LEB128, as in a recording
//
// §3 Compression. All payloads of form 1 are one stream of zstd that is flushed at the end of each packet: the window goes on,
// so the twentieth table of Gs costs little more than what is new in it. A flush costs little where a packet has thousands of
// bytes, and much where it has a line; so packets are few (`Sender`).
//
// §4 Order. The events before an observation stand before it. So a reader that hands over events only up to the next
// observation can begin a segment of its history there (StreamSource §2).
//
// §5 Trust. A reader survives any bytes: it checks each packet before it looks into it, takes at most `longest` bytes for a
// packet and `mostExpanded` for what is in it, and stops at the first thing that is wrong. After that nothing is known, because
// the window of the compression is lost too.

import History

/// The kind of a message. A reader skips kinds that it does not know.
package enum MessageKind: UInt64 {
  /// Who sends, who is observed, and what can be known. It is the first message of all.
  case hello = 1
  /// The sender's clock, and up to which moment all lanes are known. It is in every packet but the first, before the packet's events.
  case pulse
  /// More names, which go on behind those of the messages before.
  case names
  /// One look at all gauges.
  case observation
  /// Records of one lane.
  case block
  /// The table of Gs.
  case table
  /// How the observed process ended. It is the last message.
  case end
  /// Stacks that were asked for.
  case stacks
  /// The answer to a command of control.
  case control
  /// What the operating system tells of the process.
  case system
  /// What the descriptors lead to for which Gs wait, and which sockets hold bytes.
  case sockets
}

package enum WireFormat {
  package static let magic = Array("MPGWIRE1\n".utf8)
  /// The version of the format: the digit in the stream's first line, in ASCII.
  static let version: UInt8 = UInt8(ascii: "1")
  static let head = 9
  /// A packet whose payload has more bytes than this counts as damaged.
  package static let longest = 1 << 26
  /// A packet whose messages have more bytes than this gets no more messages.
  static let enough = 1 << 22
  /// A packet with more messages than this counts as damaged.
  static let mostMessages = 1 << 17
  /// A packet whose payload expands to more bytes than this counts as damaged.
  package static let mostExpanded = 1 << 26
  /// A stream whose names have more bytes than this counts as damaged.
  static let mostNames = 1 << 22

  /// How a payload is written.
  enum Form: UInt8 { case plain, zstd }

  /// The bytes of a complete packet.
  static func packet(_ form: Form, _ payload: [UInt8]) -> [UInt8] {
    var out = [form.rawValue]
    out.reserveCapacity(head + payload.count)
    append(UInt32(payload.count), to: &out)
    var checksum = Checksum()
    checksum.add(out)
    checksum.add(payload)
    append(checksum.value, to: &out)
    return out + payload
  }

  private static func append(_ word: UInt32, to out: inout [UInt8]) {
    for shift in stride(from: UInt32(0), to: 32, by: 8) {
      out.append(UInt8(truncatingIfNeeded: word >> shift))
    }
  }
}
