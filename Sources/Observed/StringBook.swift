// Names by id. Events and rows refer by such an id to a place in the source code or to a label.
import Host
import Region

/// Names by id, in a copy of the target's string table.
package struct StringBook: Equatable {
  package var bytes: [UInt8] = []

  package init(bytes: [UInt8] = []) {
    self.bytes = bytes
  }

  /// The string with `id`, fit for a terminal; nil if `id` is 0 or belongs to no string.
  package func string(_ id: UInt64) -> String? {
    unsafe bytes.withUnsafeBytes { unsafe StringTable.string(id, in: $0, below: $0.count) }.map(printable)
  }

  /// Appends a string, cut to what a table takes.
  ///
  /// - Returns: its id; nil: with it the book would have more than `most` bytes.
  package mutating func append(_ string: String, most: Int) -> UInt64? {
    let text = Array(string.utf8.prefix(StringTable.longest))
    guard bytes.count + 2 + text.count <= most else { return nil }
    let id = UInt64(bytes.count) + 1
    bytes.append(UInt8(truncatingIfNeeded: text.count))
    bytes.append(UInt8(truncatingIfNeeded: text.count >> 8))
    bytes += text
    return id
  }
}

/// Names by id, of which each is made once and then kept. Not thread-safe.
package final class NameBook {
  private let book: StringBook
  private var known: [UInt64: String?] = [:]
  package init(_ book: StringBook) { self.book = book }
  package func name(_ id: UInt64) -> String? {
    if let name = known[id] { return name }
    let name = book.string(id)
    known[id] = name
    return name
  }
}
