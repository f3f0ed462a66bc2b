// Names by id: a row of a G carries the id in place of the text.
import Observed
import Region

/// A book of names that grows. Not thread-safe.
struct Names {
  private(set) var book = StringBook()
  private var known: [UInt64: (id: UInt64, text: String)] = [:]
  private var words: [String: UInt64] = [:]
  private var frames: GoFrameCache

  /// No more bytes of names than this are kept; a name that finds no room is not known.
  private static let most = 4 << 20

  init(_ program: GoProgram) { frames = GoFrameCache(program.tables) }

  /// The id of the name of the place at an address of code; 0: the place has no name.
  mutating func id(of address: UInt64) -> UInt64 { place(of: address)?.id ?? 0 }

  /// The name of the place at an address of code, such as `main.serve at main.go:31`; nil: no function lies there.
  mutating func text(of address: UInt64) -> String? { place(of: address)?.text }

  private mutating func place(of address: UInt64) -> (id: UInt64, text: String)? {
    guard address != 0 else { return nil }
    if let place = known[address] { return place.id == 0 ? nil : place }
    let name = frames.creator(at: address).map { frame in
      let file = frame.file?.split(separator: "/").last
      return frame.function + (file.map { " at \($0):\(frame.line ?? 0)" } ?? "")
    }
    let place = (name.flatMap { id(of: $0) } ?? 0, name ?? "")
    known[address] = place
    return place.0 == 0 ? nil : place
  }

  /// The id of a text; nil: there is no room.
  mutating func id(of word: String) -> UInt64? {
    if let id = words[word] { return id }
    let text = Array(word.utf8.prefix(StringTable.longest))
    guard book.bytes.count + 2 + text.count <= Self.most else { return nil }
    let id = UInt64(book.bytes.count) + 1
    book.bytes.append(UInt8(truncatingIfNeeded: text.count))
    book.bytes.append(UInt8(truncatingIfNeeded: text.count >> 8))
    book.bytes += text
    words[word] = id
    return id
  }
}
