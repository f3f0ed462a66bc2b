// Offsets of fields, as the executable's DWARF tells them. libdw reads DWARF.
internal import CGoAttach

/// The library that reads DWARF.
package enum DWARFLibrary {
  /// Whether this build can use libdw: its headers were there when this was built.
  package static var isBuiltIn: Bool { cgoattach_dwarf_is_built_in() }
  /// The version of the library on this machine; nil: it has none, or this build cannot use it.
  package static var version: String? { unsafe cgoattach_dwarf_version().map { unsafe String(cString: $0) } }
}

/// The fields of some structs of the runtime, as DWARF tells them. A plain value.
package struct DWARFFields: FieldSource, Sendable {
  private struct Field {
    var offset: Int
    var type: String?
  }

  private var fields: [String: [String: Field]] = [:]

  private static let wanted =
    " runtime.p runtime.m runtime.g runtime.schedt runtime.gQueue runtime.gobuf runtime.stack runtime.timers "
    + "runtime.pollDesc runtime.gcControllerState "

  private final class Collector {
    var fields: [String: [String: Field]] = [:]
  }

  /// Reads a file's DWARF; nil: it has none, or there is no libdw to read it.
  package init?(_ file: FileBytes) {
    let collector = Collector()
    let context = unsafe Unmanaged.passUnretained(collector).toOpaque()
    let walked = unsafe cgoattach_dwarf_walk(file.descriptor, Self.wanted, context) {
      context, structure, _, member, offset, type in
      guard let context = unsafe context, let structure = unsafe structure, let member = unsafe member,
        let offset = Int(exactly: offset)
      else { return }
      let collector = unsafe Unmanaged<Collector>.fromOpaque(context).takeUnretainedValue()
      let type = unsafe type.map { unsafe String(cString: $0) }
      unsafe collector.fields[String(cString: structure), default: [:]][String(cString: member)] = Field(
        offset: offset, type: type)
    }
    guard walked == cgoattach_dwarf_walked, collector.fields["runtime.g"] != nil else { return nil }
    fields = collector.fields
  }

  package func offset(of path: [String], in structure: String) -> Int? {
    var (offset, structure) = (0, structure)
    for (index, name) in path.enumerated() {
      guard let field = fields[structure]?[name] else { return nil }
      offset += field.offset
      guard index + 1 < path.count else { break }
      guard let type = field.type else { return nil }
      structure = type
    }
    return offset
  }
}
