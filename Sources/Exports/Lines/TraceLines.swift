// The events of a Go trace as lines for other programs: JSON, an object for each, or CSV. docs/go-traces.md lists keys and columns.
import GoTrace
import Host

/// Writes each event of a trace as a line.
public struct TraceLines: ~Copyable, TraceCopy {
  /// The forms of lines.
  public enum Form: Sendable {
    /// An object of JSON for each event, on a line of its own.
    case json
    /// Comma-separated values, below a line with the names of the columns.
    case csv
  }

  /// How many events were written.
  public private(set) var events: UInt64 = 0
  /// What is damaged in the trace, as far as it was read.
  public var damage: TraceDamage { reader.damage }

  private var reader: TraceReader
  private let form: Form
  private var batch: [TraceEvent] = []
  /// The index in `batch` of the next event to be written.
  private var position = 0
  private var first: Int64?
  /// Stacks as JSON, by their ids, in the present generation.
  private var stacks: [UInt64: String] = [:]
  private var bytesOfStacks = 0
  private var generation: UInt64 = 0

  /// Limits in bytes. A hostile trace may have a few long stacks that many events name, so only `mostOfStacks` bytes of
  /// stacks are kept, and `next` returns its text once that has `mostOfText` bytes.
  private static let (mostOfStacks, mostOfText) = (32 << 20, 1 << 20)

  /// The first line of a CSV file.
  package static let columns =
    "time_ns,offset_ns,wall_ns,event,m,p,g,subject_g,subject_p,subject_m,state,text,category,task,parent,value,"
    + "reclaimed_bytes,function,file,line"

  /// - Parameter reader: gives the trace.
  public init(_ reader: consuming TraceReader, as form: Form) {
    self.reader = reader
    self.form = form
  }

  /// The next lines; nil: there are no more.
  ///
  /// - Throws: `TraceError` if the trace cannot be read further.
  public mutating func next() throws(TraceError) -> [UInt8]? {
    var text = ""
    if first == nil, form == .csv { text = Self.columns + "\n" }
    if position == batch.count {
      position = 0
      guard try reader.next(into: &batch) else {
        batch = []
        // Also a trace without an event has a head.
        if first != nil || text.isEmpty { return nil }
        first = 0
        return Array(text.utf8)
      }
    }
    let (tables, clock) = (reader.tables, reader.clock)
    if generation != tables.generation { (stacks, bytesOfStacks, generation) = ([:], 0, tables.generation) }
    while position < batch.count, text.utf8.count < Self.mostOfText {
      let event = batch[position]
      first = first ?? event.time
      text += form == .json ? json(event, tables, clock) : csv(event, tables, clock)
      text += "\n"
      position += 1
      events += 1
    }
    return Array(text.utf8)
  }

  // MARK: JSON

  private mutating func json(_ event: TraceEvent, _ tables: TraceTables, _ clock: TraceClock?) -> String {
    var json = JSONText()
    let offset = event.time - (first ?? event.time)
    json.object { json in
      json.member("time_ns", event.time)
      json.member("offset_ns", offset)
      json.member("wall_ns", clock?.wall(event.time))
      json.member("event", "\(event.kind)")
      json.member("m", event.m)
      json.member("p", event.p)
      json.member("g", event.g)
      for (index, meaning) in event.kind.meanings.enumerated() {
        write(event[index], meaning, tables, to: &json)
      }
      if event.isDerived { json.member("derived", true) }
      if event.isOutOfOrder { json.member("out_of_order", true) }
    }
    return json.text
  }

  private mutating func write(
    _ value: UInt64, _ meaning: TraceArgument, _ tables: TraceTables, to json: inout JSONText
  ) {
    switch meaning.role {
    case .gSequence, .pSequence: return
    case .string: json.member(meaning.name, tables.string(value))
    case .gState: json.member(meaning.name, Self.goState(value))
    case .pState: json.member(meaning.name, Self.procState(value))
    case .m: json.member(meaning.name, value == .max ? nil : value)
    case .stack:
      json.key(meaning.name)
      json.json(stack(value, tables))
    case .number, .g, .p: json.member(meaning.name, value)
    }
  }

  private mutating func stack(_ id: UInt64, _ tables: TraceTables) -> String {
    if let known = stacks[id] { return known }
    var json = JSONText()
    if let frames = tables.stack(id) {
      json.array { json in
        for frame in frames {
          json.object { json in
            json.member("function", frame.function)
            json.member("file", frame.file)
            json.member("line", frame.line)
          }
        }
      }
    } else {
      json.null()
    }
    bytesOfStacks += json.text.utf8.count
    if bytesOfStacks > Self.mostOfStacks { (stacks, bytesOfStacks) = ([:], json.text.utf8.count) }
    stacks[id] = json.text
    return json.text
  }

  private static func goState(_ value: UInt64) -> String? {
    TraceGoState(rawValue: UInt8(clamping: value)).map { "\($0)" }
  }

  private static func procState(_ value: UInt64) -> String? {
    TraceProcState(rawValue: UInt8(clamping: value)).map { "\($0)" }
  }

  // MARK: CSV

  private func csv(_ event: TraceEvent, _ tables: TraceTables, _ clock: TraceClock?) -> String {
    var fields: [String: String] = [:]
    for (index, meaning) in event.kind.meanings.enumerated() {
      let value = event[index]
      switch meaning.role {
      case .gSequence, .pSequence: break
      case .string: fields[meaning.name == "category" ? "category" : "text"] = tables.string(value)
      case .gState: fields["state"] = Self.goState(value)
      case .pState: fields["state"] = Self.procState(value)
      case .m: fields["subject_m"] = value == .max ? nil : String(value)
      case .g, .p: fields[meaning.name] = String(value)
      case .stack where meaning.name == "start": break
      case .stack:
        guard let top = tables.top(value) else { continue }
        (fields["function"], fields["file"], fields["line"]) = (top.function, top.file, String(top.line))
      case .number:
        let own: Set = ["task", "parent", "reclaimed_bytes"]
        fields[own.contains(meaning.name) ? meaning.name : "value"] = String(value)
      }
    }
    fields["time_ns"] = String(event.time)
    fields["offset_ns"] = String(event.time - (first ?? event.time))
    fields["wall_ns"] = clock?.wall(event.time).map { String($0) }
    fields["event"] = "\(event.kind)"
    fields["m"] = event.m.map { String($0) }
    fields["p"] = event.p.map { String($0) }
    fields["g"] = event.g.map { String($0) }
    return Self.columns.split(separator: ",").map { Self.quoted(fields[String($0)] ?? "") }.joined(
      separator: ",")
  }

  /// A field as RFC 4180 has it: in quotation marks if it needs them.
  private static func quoted(_ field: String) -> String {
    guard field.utf8.contains(where: { [0x22, 0x2c, 0x0a, 0x0d].contains($0) }) else { return field }
    return "\"" + field.substituting("\"", by: "\"\"") + "\""
  }
}
