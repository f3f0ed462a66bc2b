// Function tables made by hand, as the linker would write them: small, and with everything in them that tests need.

/// Builds `.gopclntab` and the details of functions.
struct TableBuilder {
  struct Function {
    var name: String
    var size = 64
    var id: UInt8 = 0
    var flags: UInt8 = 0
    var startLine: Int32 = 1
    /// Values, each with the bytes of code for which it holds.
    var frameSizes: [(value: Int32, bytes: Int)] = [(0, 64)]
    var lines: [(value: Int32, bytes: Int)] = [(1, 64)]
    var files: [(value: Int32, bytes: Int)] = [(0, 64)]
    var inlined: [(value: Int32, bytes: Int)] = []
    var calls: [Call] = []
  }

  /// An inlined call: what was inlined, and a place of its caller.
  struct Call {
    var name: String
    var place: Int32
    var id: UInt8 = 0
    var startLine: Int32 = 1
  }

  var functions: [Function] = []
  var files = ["/src/main.go", "/src/other.go"]
  var magic: UInt32 = 0xffff_fff1
  /// Whether the runtime's function is there by which the number of wrappers is known: 22.
  var knowsWrappers = true

  init(_ functions: [Function]) { self.functions = functions }

  func bytes() -> (pclntab: [UInt8], details: [UInt8]) {
    var areas = Areas()
    var list: [UInt8] = []
    var records: [UInt8] = []
    var special = Function(name: "runtime.systemstack_switch")
    special.id = 21
    let all = functions + (knowsWrappers ? [special] : [])
    let listBytes = all.count * 8 + 8
    var entry = 0
    for function in all {
      list.append32(UInt32(entry))
      list.append32(UInt32(listBytes + records.count))
      areas.append(function, entry: entry, to: &records)
      entry += function.size
    }
    list.append32(UInt32(entry))
    list.append32(0)
    var unit: [UInt8] = []
    var names: [UInt8] = []
    for file in files {
      unit.append32(UInt32(names.count))
      names += Array(file.utf8) + [0]
    }
    return (header(all.count, [areas.names, unit, names, areas.values, list + records]), areas.details)
  }

  private func header(_ count: Int, _ areas: [[UInt8]]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append32(magic)
    bytes += [0, 0, 1, 8]
    bytes.append64(UInt64(count))
    bytes.append64(UInt64(files.count))
    bytes.append64(0)
    var place = 32 + 8 * areas.count
    for area in areas {
      bytes.append64(UInt64(place))
      place += area.count
    }
    return bytes + areas.flatMap(\.self)
  }

  /// The areas to which functions append.
  private struct Areas {
    var names: [UInt8] = [0]
    // Place 0 means that there are no values.
    var values: [UInt8] = [0]
    var details: [UInt8] = []

    mutating func append(_ function: Function, entry: Int, to records: inout [UInt8]) {
      records.append32(UInt32(entry))
      records.append32(name(function.name))
      records.append32(0)
      records.append32(0)
      records.append32(values(function.frameSizes))
      records.append32(values(function.files))
      records.append32(values(function.lines))
      records.append32(3)
      records.append32(0)
      records.append32(UInt32(bitPattern: function.startLine))
      records += [function.id, function.flags, 0, 4]
      for table in [0, 0, values(function.inlined)] { records.append32(table) }
      for place in [.max, .max, .max, calls(function.calls)] { records.append32(place) }
    }

    private mutating func name(_ name: String) -> UInt32 {
      defer { names += Array(name.utf8) + [0] }
      return UInt32(names.count)
    }

    private mutating func values(_ steps: [(value: Int32, bytes: Int)]) -> UInt32 {
      guard !steps.isEmpty else { return 0 }
      let place = values.count
      var last: Int32 = -1
      for step in steps {
        let change = step.value &- last
        values.appendNumber(UInt32(bitPattern: (change << 1) ^ (change >> 31)))
        values.appendNumber(UInt32(step.bytes))
        last = step.value
      }
      values.append(0)
      return UInt32(place)
    }

    private mutating func calls(_ calls: [Call]) -> UInt32 {
      guard !calls.isEmpty else { return .max }
      let place = details.count
      for call in calls {
        details += [call.id, 0, 0, 0]
        details.append32(name(call.name))
        details.append32(UInt32(bitPattern: call.place))
        details.append32(UInt32(bitPattern: call.startLine))
      }
      return UInt32(place)
    }
  }
}

extension [UInt8] {
  mutating func append32(_ value: UInt32) {
    for shift in stride(from: UInt32(0), to: 32, by: 8) { append(UInt8(truncatingIfNeeded: value >> shift)) }
  }

  mutating func append64(_ value: UInt64) {
    for shift in stride(from: UInt64(0), to: 64, by: 8) { append(UInt8(truncatingIfNeeded: value >> shift)) }
  }

  fileprivate mutating func appendNumber(_ value: UInt32) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
  }
}
