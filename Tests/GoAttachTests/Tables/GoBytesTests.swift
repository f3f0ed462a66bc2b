// Bytes that nobody promises to make sense: no read leaves them.
import Foundation
import GoAttach
import Testing

@Suite("Bytes of a target")
struct GoBytesTests {
  static let bytes = GoBytes([1, 2, 3, 4, 5, 6, 7, 8, 0x61, 0x62, 0, 0x63])

  @Test("reads inside are numbers and texts, and reads that leave the bytes are nil")
  func reads() {
    #expect(Self.bytes.byte(at: 0) == 1)
    #expect(Self.bytes.word32(at: 1) == 0x0504_0302)
    #expect(Self.bytes.word64(at: 0) == 0x0807_0605_0403_0201)
    #expect(Self.bytes.text(at: 8) == "ab")
    #expect(Self.bytes.text(at: 8, limit: 2) == nil)
    #expect(Self.bytes.text(at: 11) == nil)
    for offset in [-1, 12, .max, .min] {
      #expect(Self.bytes.byte(at: offset) == nil)
      #expect(Self.bytes.word32(at: offset) == nil)
      #expect(Self.bytes.word64(at: offset) == nil)
      #expect(Self.bytes.text(at: offset) == nil)
    }
    #expect(Self.bytes.word32(at: 9) == nil)
    #expect(Self.bytes.word64(at: 5) == nil)
    #expect(GoBytes([]).word32(at: 0) == nil)
  }

  @Test("a slice ends where it was told to, and never behind the bytes")
  func slices() {
    let slice = Self.bytes.slice(from: 8, count: 2)
    #expect(slice.count == 2)
    #expect(slice.byte(at: 1) == 0x62)
    #expect(slice.byte(at: 2) == nil)
    #expect(Self.bytes.slice(from: 10).count == 2)
    #expect(Self.bytes.slice(from: 10, count: 99).count == 2)
    #expect(Self.bytes.slice(from: 13).count == 0)
    #expect(Self.bytes.slice(from: -1).count == 0)
    #expect(Self.bytes.slice(from: 0, count: -1).count == 0)
  }

  @Test("a part of a file is mapped, wherever it begins, and only if it is there")
  func mapping() throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "go-bytes-\(getpid())")
    defer { try? FileManager.default.removeItem(at: url) }
    try Data((0..<10_000).map { UInt8(truncatingIfNeeded: $0) }).write(to: url)
    let file = try FileHandle(forReadingFrom: url)
    let mapped = try #require(GoBytes(mapping: file.fileDescriptor, offset: 5001, count: 100))
    try file.close()
    #expect(mapped.count == 100)
    #expect(mapped.byte(at: 0) == UInt8(truncatingIfNeeded: 5001))
    #expect(mapped.byte(at: 99) == UInt8(truncatingIfNeeded: 5100))
    #expect(mapped.byte(at: 100) == nil)
    let again = try FileHandle(forReadingFrom: url)
    #expect(GoBytes(mapping: again.fileDescriptor, offset: 9950, count: 100) == nil)
    #expect(GoBytes(mapping: again.fileDescriptor, offset: -1, count: 100) == nil)
    #expect(GoBytes(mapping: -1, offset: 0, count: 1) == nil)
  }
}
