// The number that a process or thread has in its own pid namespace.

/// Reads the numbers that processes and threads have in their own pid namespaces.
package struct NamespaceNumbers {
  /// The last number of the line `NSpid:` in a status file below /proc: the number in the innermost namespace; nil:
  /// there is no such line.
  package static func last(of path: String) -> Int32? {
    guard let bytes = smallFile(path) else { return nil }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    return lines.first { $0.hasPrefix("NSpid:") }?.split(whereSeparator: \.isWhitespace).last.flatMap {
      Int32($0)
    }
  }
}
