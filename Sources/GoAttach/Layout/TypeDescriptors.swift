// Fields by Go's own type descriptors, which stripping keeps.
//
// p, m and g are allocated on the heap, so the garbage collector needs a descriptor of each type, and the descriptor has the
// names and offsets of all fields. Descriptors are read from the target's memory, where their pointers already are addresses of
// the loaded program. A type is found in two steps. First its name is searched for: a flag byte, a length,
// and a text such as `*runtime.p`. Then the descriptor that holds, at byte 40, the distance of this name
// from the place where all types begin.

/// Finds fields in the type descriptors of one target. Not thread-safe.
package final class TypeDescriptors: FieldSource {
  private let memory: any TargetMemory
  /// The address at which the types begin. A name's distance counts from here.
  private let base: UInt64
  private let bytes: [UInt8]
  private var known: [String: [String: Field]] = [:]

  private struct Field {
    var offset: Int
    var type: UInt64
  }

  /// The number that marks a struct, in the byte of a descriptor whose low five bits hold the kind of type.
  private static let structKind: UInt8 = 25
  private static let (kindMask, headerSize): (UInt8, Int) = (31, 80)

  /// Reads the part of memory in which the types lie.
  package init(_ memory: any TargetMemory, types: Range<UInt64>) throws(GoRefusal) {
    (self.memory, base) = (memory, types.lowerBound)
    guard types.count <= mostBytes else { throw .contradiction("its types take \(types.count) bytes") }
    do throws(MemoryProblem) {
      bytes = try memory.bytes(at: types.lowerBound, types.count)
    } catch {
      throw .memory(error)
    }
  }

  package func offset(of path: [String], in structure: String) -> Int? {
    guard let first = path.first, var field = fields(of: structure)[first] else { return nil }
    var offset = field.offset
    for name in path.dropFirst() {
      guard let next = fields(at: field.type)[name] else { return nil }
      field = next
      offset += field.offset
    }
    return offset
  }

  private func fields(of structure: String) -> [String: Field] {
    if let fields = known[structure] { return fields }
    let fields = descriptors(named: structure).lazy.map { self.fields(at: $0) }.first { !$0.isEmpty } ?? [:]
    known[structure] = fields
    return fields
  }

  /// The addresses of the structs that may have this name. A descriptor names its struct by the text for the pointer's type,
  /// such as `*runtime.p`, and the star does not count.
  private func descriptors(named name: String) -> [UInt64] {
    let text = Array("*\(name)".utf8)
    var addresses: [UInt64] = []
    var from = 0
    while let place = bytes.find([UInt8(text.count)] + text, from: from), addresses.count < 64 {
      from = place + 1
      guard place > 0 else { continue }
      addresses += descriptors(ofName: place - 1)
    }
    return addresses
  }

  private func descriptors(ofName place: Int) -> [UInt64] {
    let distance = (0..<4).map { UInt8(truncatingIfNeeded: place >> (8 * $0)) }
    var addresses: [UInt64] = []
    var from = 0
    while let found = bytes.find(distance, from: from), addresses.count < 64 {
      from = found + 1
      let start = found - 40
      guard start >= 0, start + Self.headerSize <= bytes.count, (base &+ UInt64(start)) & 7 == 0,
        bytes[start + 23] & Self.kindMask == Self.structKind
      else { continue }
      addresses.append(base &+ UInt64(start))
    }
    return addresses
  }

  /// The fields of the struct whose descriptor lies at `address`; empty: there is no such struct.
  private func fields(at address: UInt64) -> [String: Field] {
    guard let header = read(address, Self.headerSize), header[23] & Self.kindMask == Self.structKind else {
      return [:]
    }
    let (list, count) = (header.word(56), header.word(64))
    guard count > 0, count <= 512, let table = read(list, Int(count) * 24) else { return [:] }
    var fields: [String: Field] = [:]
    for start in stride(from: 0, to: table.count, by: 24) {
      guard let name = name(at: table.word(start)), let offset = Int(exactly: table.word(start + 16)) else {
        return [:]
      }
      fields[name] = Field(offset: offset, type: table.word(start + 8))
    }
    return fields
  }

  private func name(at address: UInt64) -> String? {
    guard let start = read(address, 3) else { return nil }
    let isLong = start[1] >= 128
    let length = isLong ? Int(start[1] & 127) | Int(start[2]) << 7 : Int(start[1])
    guard length <= 256, let text = read(address &+ (isLong ? 3 : 2), length) else { return nil }
    return String(decoding: text, as: UTF8.self)
  }

  private func read(_ address: UInt64, _ count: Int) -> [UInt8]? {
    if address >= base, address - base <= UInt64(bytes.count), Int(address - base) + count <= bytes.count {
      let start = Int(address - base)
      return Array(bytes[start..<start + count])
    }
    guard isPlausible(address: address) else { return nil }
    return try? memory.bytes(at: address, count)
  }
}
