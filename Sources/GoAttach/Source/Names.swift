// Names by id, as rows of Gs carry them.
import Observed
import Region

/// A book of names that grows. Not thread-safe.
struct Names {
  private(set) var book = StringBook()
  private var ids: [UInt64: UInt64] = [:]
  private let program: GoProgram

  /// No more bytes of names than this are kept; a name that finds no room is not known.
  private static let most = 4 << 20

  init(_ program: GoProgram) { self.program = program }

  /// The id of the name of the place at an address of code; 0: it has none.
  mutating func id(of address: UInt64) -> UInt64 {
    guard address != 0 else { return 0 }
    if let id = ids[address] { return id }
    let id = program.place(of: address).flatMap { append($0) } ?? 0
    ids[address] = id
    return id
  }

  private mutating func append(_ name: String) -> UInt64? {
    let text = Array(name.utf8.prefix(StringTable.longest))
    guard book.bytes.count + 2 + text.count <= Self.most else { return nil }
    let id = UInt64(book.bytes.count) + 1
    book.bytes.append(UInt8(truncatingIfNeeded: text.count))
    book.bytes.append(UInt8(truncatingIfNeeded: text.count >> 8))
    book.bytes += text
    return id
  }
}

extension GoProgram {
  /// The place at an address of code, for people; nil: no function lies there.
  package func place(of address: UInt64) -> String? { functions.name(at: address) }
}
