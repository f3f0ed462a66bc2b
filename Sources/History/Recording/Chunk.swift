// The chunks that the file of a recording is made of. docs/recording.md is the specification.
//
//     file  = "MPGREC2\n", chunk, chunk…
//     chunk = kind (1 byte), length of the body (4 bytes, low first), checksum (4 bytes, low first), body
//
// The checksum is the CRC-32 of kind, length and body. Chunks of unknown kinds are skipped, so that the format can
// grow. A change that older readers would get wrong changes the first line.
import Host
import Region

/// The kind of a chunk's contents.
package enum ChunkKind: UInt8 {
  /// The process that was recorded.
  case about = 1
  /// More names of the string table, beyond those of the chunks before.
  case names = 2
  /// A keyframe, with which a segment begins.
  case keyframe = 3
  /// The table of Gs near the keyframe that comes before this chunk.
  case goroutines = 4
  /// Records of one lane.
  case block = 5
  /// The end of the recording. It is missing if the recorder did not finish.
  case end = 6
}

enum Chunk {
  static let magic = FileKind.recordingMagic
  /// The versions that can be read. Version 1 knew fewer forms of an arg.
  static let versions: [UInt8] = [UInt8(ascii: "1"), UInt8(ascii: "2")]
  static let head = 9
  /// A chunk whose body has more bytes than this counts as damaged.
  static let longest = 1 << 24

  /// Makes the bytes of a complete chunk.
  static func bytes(_ kind: ChunkKind, _ body: [UInt8]) -> [UInt8] {
    var out = ByteWriter()
    out.append([kind.rawValue])
    out.word32(UInt32(body.count))
    var checksum = Checksum()
    checksum.add(out.bytes)
    checksum.add(body)
    out.word32(checksum.value)
    out.append(body)
    return out.bytes
  }

  /// The bytes that stand before a block's records.
  static func blockHead(_ block: EventBlock) -> [UInt8] {
    var out = ByteWriter()
    out.number(UInt64(block.lane.number))
    for value in [block.first, UInt64(block.count), block.firstTime, block.lastTime] { out.number(value) }
    return out.bytes
  }
}

/// The process that was recorded, and the meaning of raw values in the build that wrote the file.
package struct RecordingAbout {
  package var pid: Int32 = 0
  package var name = ""
  /// Our name for each raw value of a wait reason.
  package var reasons: [WaitReason?] = WaitReason.all

  package var bytes: [UInt8] {
    var out = ByteWriter()
    out.number(UInt64(UInt32(bitPattern: pid)))
    out.text(name)
    for (raw, reason) in reasons.enumerated() {
      guard let reason else { continue }
      out.number(UInt64(raw))
      out.text("\(reason)")
    }
    return out.bytes
  }

  init(pid: Int32, name: String, reasons: [WaitReason?]) {
    (self.pid, self.name, self.reasons) = (pid, name, reasons)
  }

  init?(_ bytes: [UInt8]) {
    var reader = ByteReader(bytes)
    guard let pid = reader.number(upTo: Int(Int32.max)), let name = reader.text() else { return nil }
    (self.pid, self.name) = (Int32(pid), name)
    reasons = Array(repeating: nil, count: 256)
    while !reader.isAtEnd {
      guard let raw = reader.number(upTo: 255), let word = reader.text() else { return nil }
      reasons[raw] = WaitReason.allCases.first { "\($0)" == word }
    }
  }
}
