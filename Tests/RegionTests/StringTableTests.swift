// The string table: an appended string is found by its id, and no id, end or byte from outside makes the
// reader leave the area.
import TestSupport
import Testing

@testable import Region

@Suite("String table")
struct StringTableTests {
  /// A table of `bytes` that contains `strings`: its arena, the strings' ids, and the table's end.
  private func table(bytes: Int, _ strings: [String]) -> (arena: Arena, ids: [UInt64], end: Int) {
    let arena = Arena(words: bytes / 8)
    var ids: [UInt64] = []
    var end = 0
    for string in strings {
      guard let next = unsafe StringTable.append(string, to: arena.buffer, at: end) else { break }
      ids.append(UInt64(end) + 1)
      end = next
    }
    return (arena, ids, end)
  }

  private func string(_ id: UInt64, _ arena: Arena, below end: Int) -> String? {
    unsafe StringTable.string(id, in: UnsafeRawBufferPointer(arena.buffer), below: end)
  }

  @Test("strings come back by their id, empty and long ones, in any script")
  func stringsRoundTrip() {
    let names = ["main at main.swift:3", "", "дом 家 🏠", String(repeating: "x", count: 512)]

    let (arena, ids, end) = table(bytes: 4096, names)

    #expect(ids.map { string($0, arena, below: end) } == names)
    #expect(ids[0] == 1)
  }

  @Test("the length is two bytes, low first, before the bytes")
  func formatIsPinned() {
    let (arena, ids, end) = table(bytes: 4096, [String(repeating: "a", count: 300), "b"])

    #expect(unsafe Array(arena.buffer[0..<3]) == [44, 1, 97])
    #expect(ids == [1, 303])
    #expect(end == 305)
  }

  @Test("a string longer than the longest is cut there")
  func longStringsAreCut() {
    let (arena, ids, end) = table(bytes: 4096, [String(repeating: "y", count: 5000)])

    #expect(string(ids[0], arena, below: end) == String(repeating: "y", count: 512))
    #expect(end == 514)
  }

  @Test("a full table takes no more, keeps what it has, and is not written past its end")
  func fullTablesRefuse() {
    let (arena, ids, end) = table(bytes: 64, Array(repeating: "12345678", count: 9))

    #expect(ids.count == 6)
    #expect(end == 60)
    #expect(unsafe StringTable.append("abc", to: arena.buffer, at: end) == nil)
    #expect(unsafe StringTable.append("ab", to: arena.buffer, at: end) == 64)
    #expect(ids.allSatisfy { string($0, arena, below: 64) == "12345678" })
  }

  @Test("no string is read that does not lie wholly below the end")
  func endsAreRespected() {
    let (arena, ids, end) = table(bytes: 64, ["hello"])

    #expect(string(ids[0], arena, below: end) == "hello")
    for short in -1..<end { #expect(string(ids[0], arena, below: short) == nil) }
    #expect(string(0, arena, below: end) == nil)
  }

  @Test(
    "any id and any end over any bytes gives a string or nil, never a trap",
    arguments: [UInt64(1), 7, 42])
  func noiseIsHarmless(seed: UInt64) {
    let arena = Arena(words: 8)
    var dice = Dice(seed)
    for index in 0..<8 { arena.word(index).set(dice.next()) }

    for _ in 0..<2000 {
      let modulus: UInt64 = dice.next() % 2 == 0 ? 80 : .max
      let id = dice.next() % modulus
      let end = Int(truncatingIfNeeded: dice.next()) >> Int(dice.next() % 64)
      if let found = string(id, arena, below: end) {
        #expect(id > 0 && Int(id) <= 64)
        #expect(found.unicodeScalars.count <= 64)
      }
    }
    #expect(string(1, arena, below: .min) == nil)
    #expect(string(.max, arena, below: .max) == nil)
  }
}
