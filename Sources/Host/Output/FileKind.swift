// If a file that the user named as a recording is none, its first bytes tell what it probably is instead. The error
// message then says what to do with it.
import Region

/// Tells kinds of files apart by their first bytes.
package enum FileKind {
  /// How many first bytes of a file `words(for:)` needs.
  package static let needed = 512

  /// A clause that says what a file is: `it looks like gzip; unpack it first: gunzip`.
  ///
  /// - Parameter start: the file's first bytes: `needed` of them, or all bytes of a shorter file.
  package static func words(for start: [UInt8]) -> String {
    if start.isEmpty { return "it is empty" }
    if let known = known.first(where: { start.starts(with: $0.magic) }) {
      return "it looks like " + known.words
    }
    if start.count >= 262, start[257..<262].elementsEqual("ustar".utf8) {
      return "it looks like a tar archive; unpack it first"
    }
    if start.starts(with: recordingMagic.prefix(start.count)) { return "it was cut off in its first bytes" }
    if isText(start) { return "it looks like " + textKind(start) }
    if isPerfetto(start) { return "it looks like a trace for Perfetto, such as export writes" }
    return "its first bytes are those of no file that is known here"
  }

  /// Whether a file may be a trace for Perfetto: each packet of a trace begins with this byte. Other binary files may
  /// begin with it as well.
  static func isPerfetto(_ start: [UInt8]) -> Bool { start.first == 0x0a && !isText(start) }

  private static let known: [(magic: [UInt8], words: String)] = [
    ([0x1f, 0x8b], "gzip; unpack it first: gunzip"),
    ([0x28, 0xb5, 0x2f, 0xfd], "zstd; unpack it first: unzstd"),
    ([0xfd] + Array("7zXZ".utf8), "xz; unpack it first: unxz"),
    (Array("BZh".utf8), "bzip2; unpack it first: bunzip2"),
    (Array("PK\u{3}\u{4}".utf8), "a zip archive; unpack it first"),
    ([0xd4, 0xc3, 0xb2, 0xa1], "a capture of packets (pcap)"),
    ([0xa1, 0xb2, 0xc3, 0xd4], "a capture of packets (pcap)"),
    ([0x4d, 0x3c, 0xb2, 0xa1], "a capture of packets (pcap)"),
    ([0x0a, 0x0d, 0x0d, 0x0a], "a capture of packets (pcapng)"),
    (Array("go 1.".utf8), "a trace of Go, such as export writes; go tool trace opens it"),
    ([0x7f] + Array("ELF".utf8), "a program, or a core dump (ELF)"),
    (Array("PERFILE2".utf8), "a profile of perf; perf report opens it"),
    (regionMagic, "the region of a process; mpgtop --post-mortem opens it"),
    (Array("#!".utf8), "a script"), (Array("%PDF".utf8), "a PDF document"),
    ([0x89] + Array("PNG".utf8), "a picture (PNG)"), (Array("SQLite format 3".utf8), "a database (SQLite)"),
  ]

  /// The first bytes of every recording (docs/recording.md).
  package static let recordingMagic = Array("MPGREC2\n".utf8)

  private static let regionMagic: [UInt8] = (0..<8).map {
    UInt8(truncatingIfNeeded: Layout.magic >> (8 * $0))
  }

  private static func isText(_ bytes: [UInt8]) -> Bool {
    !bytes.contains { ($0 < 0x20 && !(9...13).contains($0) && $0 != 0x1b) || $0 == 0x7f }
  }

  private static func textKind(_ bytes: [UInt8]) -> String {
    let first = bytes.first { !($0 == 0x20 || (9...13).contains($0)) }
    return switch first {
    case UInt8(ascii: "{"), UInt8(ascii: "["): "text (JSON)"
    case UInt8(ascii: "<"): "text (HTML or XML)"
    default: "text"
    }
  }
}
