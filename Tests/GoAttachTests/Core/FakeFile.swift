// A small ELF file with what a Go executable has: build info, symbols, and the descriptor of a type.

enum FakeFile {
  /// The file. Its sections follow each other behind the header; names come last.
  static let bytes = make()

  private static func make() -> [UInt8] {
    var symbols = [UInt8](repeating: 0, count: 24)
    for (value, size) in [(1, 4), (1, 2), (3, 2), (0x60_0000, 8), (24, 8)] {
      symbols += number(UInt64(value), size)
    }
    let parts: [Part] = [
      Part("", 0, []), Part(".go.buildinfo", 0x50_0000, BuildInfoTests.section("go1.27.3")),
      Part(".symtab", 0, symbols, link: 3), Part(".strtab", 0, [0] + Array("runtime.allp".utf8) + [0]),
      Part(".go.type", FakeTypes.base, FakeTypes.bytes), Part(".shstrtab", 0, []),
    ]
    var names: [UInt8] = []
    for part in parts { names += Array(part.name.utf8) + [0] }
    var (body, table, name): ([UInt8], [UInt8], Int) = ([], [], 0)
    for part in parts {
      align(&body)
      let content = part.name == ".shstrtab" ? names : part.bytes
      table += numbers([
        (UInt64(name), 4), (1, 4), (2, 8), (part.address, 8), (UInt64(120 + body.count), 8),
        (UInt64(content.count), 8),
        (part.link, 4), (0, 4), (8, 8), (0, 8),
      ])
      body += content
      name += part.name.utf8.count + 1
    }
    align(&body)
    var head: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1]
    head += [UInt8](repeating: 0, count: 9)
    head += numbers([
      (2, 2), (62, 2), (1, 4), (0x40_1000, 8), (64, 8), (UInt64(120 + body.count), 8), (0, 4), (64, 2),
      (56, 2), (1, 2),
      (64, 2), (UInt64(parts.count), 2), (UInt64(parts.count - 1), 2),
    ])
    // One segment.
    head += numbers([(1, 4), (5, 4), (0, 8), (0x40_0000, 8), (0x40_0000, 8), (4096, 8), (4096, 8), (4096, 8)])
    return head + body + table
  }

  private struct Part {
    let name: String
    let address: UInt64
    let bytes: [UInt8]
    let link: UInt64

    init(_ name: String, _ address: UInt64, _ bytes: [UInt8], link: UInt64 = 0) {
      (self.name, self.address, self.bytes, self.link) = (name, address, bytes, link)
    }
  }

  private static func align(_ bytes: inout [UInt8]) { while bytes.count % 8 != 0 { bytes.append(0) } }

  private static func numbers(_ values: [(UInt64, Int)]) -> [UInt8] { values.flatMap { number($0.0, $0.1) } }

  static func number(_ value: UInt64, _ bytes: Int) -> [UInt8] {
    (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}

/// Type descriptors: `runtime.p` with the fields id and timers, and the type of timers with the field len.
enum FakeTypes {
  static let base: UInt64 = 0x70_0000
  private static let (p, timers, fields, inner, names): (UInt64, UInt64, UInt64, UInt64, UInt64) = (
    0x80, 0x100, 0x180, 0x200, 0x240
  )

  static let bytes = make()

  private static func make() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 0x300)
    func put(_ new: [UInt8], _ place: UInt64) {
      bytes.replaceSubrange(Int(place)..<Int(place) + new.count, with: new)
    }
    func word(_ value: UInt64, _ place: UInt64) { put(FakeFile.number(value, 8), place) }
    var next = names
    func name(_ text: String) -> UInt64 {
      put([0, UInt8(text.utf8.count)] + Array(text.utf8), next)
      defer { next += UInt64(text.utf8.count + 2) }
      return next
    }
    func structure(_ place: UInt64, _ typeName: String, _ list: UInt64, _ members: [(String, UInt64, UInt64)])
    {
      put([25], place + 23)
      put(FakeFile.number(name("*" + typeName), 4), place + 40)
      word(base + list, place + 56)
      word(UInt64(members.count), place + 64)
      for (index, member) in members.enumerated() {
        let field = list + UInt64(24 * index)
        word(base + name(member.0), field)
        word(member.1 == 0 ? 0 : base + member.1, field + 8)
        word(member.2, field + 16)
      }
    }
    structure(p, "runtime.p", fields, [("id", 0, 0), ("timers", timers, 8840)])
    structure(timers, "runtime.timers", inner, [("len", 0, 32)])
    return bytes
  }
}
