// Names by id: what events and rows call files, functions and spans by.
import Host
import Region

/// Names by id, of a copied string table.
package struct StringBook: Equatable {
  package var bytes: [UInt8] = []

  package init(bytes: [UInt8] = []) {
    self.bytes = bytes
  }

  /// The string with `id`, fit for a terminal; nil for 0 and for ids that are none.
  package func string(_ id: UInt64) -> String? {
    unsafe bytes.withUnsafeBytes { unsafe StringTable.string(id, in: $0, below: $0.count) }.map(printable)
  }
}

/// Names by id, each made once.
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
