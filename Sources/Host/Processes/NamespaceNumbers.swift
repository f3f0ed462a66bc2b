// What a process is called in its own pid namespace.

/// What processes and threads are called in their own pid namespaces.
package struct NamespaceNumbers {
  /// The last number of the line `NSpid:` in the status file of a process or thread; nil: there is none.
  package static func last(of path: String) -> Int32? {
    guard let bytes = smallFile(path) else { return nil }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    return lines.first { $0.hasPrefix("NSpid:") }?.split(whereSeparator: \.isWhitespace).last.flatMap {
      Int32($0)
    }
  }
}
