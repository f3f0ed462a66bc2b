// Offsets of fields by their names, of which a layout is made (GoLayout.swift), and what a source of such offsets must tell.

/// Tells where the fields of the runtime's structs are. All offsets in one struct come from one such source.
package protocol FieldSource {
  /// The offset of a field in a struct of the runtime; nil: the source knows no such field. `path` may lead through a
  /// struct that is a field itself: `["timers", "len"]`.
  func offset(of path: [String], in structure: String) -> Int?
}

/// The kind of source that told the offsets of the runtime's fields in a target.
public enum LayoutOrigin: String, Sendable {
  /// The executable's DWARF tells every field.
  case dwarf = "DWARF"
  /// Go's own type descriptors tell the fields of g, m and p; the scheduler's own struct has none, and is taken from a
  /// table by version.
  case descriptors = "type descriptors"
}

/// The offsets of the fields of one struct.
struct FieldReader<Source: FieldSource> {
  let source: Source
  let structure: String

  /// The offset of a field without which nothing can be shown.
  func required(_ path: String) throws(GoRefusal) -> Int {
    guard let offset = optional(path) else {
      throw .field("\(structure.dropFirst("runtime.".count)).\(path)")
    }
    return offset
  }

  /// The offset of a field that not every version has.
  func optional(_ path: String) -> Int? {
    guard let offset = source.offset(of: path.split(separator: ".").map(String.init), in: structure) else {
      return nil
    }
    // No struct of the runtime is larger: p, the largest, has some 16,000 bytes.
    return (0..<1 << 17).contains(offset) ? offset : nil
  }
}
