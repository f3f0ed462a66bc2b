// Copies a trace without the names in it, so that it can be shown to others.
//
// §1 All that a program calls anything stands in the tables of strings, and everything else refers to these by numbers. So the
// copy has the same batches of events, stacks, samples and clocks, byte by byte, and other strings in the tables: it is of the
// same form, and has the same events at the same times.
//
// §2 A name becomes `func_`, `file_` or `text_`, by its use in stacks, and a number made from it with a key that is drawn anew
// for each copy and kept nowhere. So the same name has the same number throughout a copy, and nobody can find the name by trying
// names; and nothing has to be remembered, however many texts a program logs.
//
// §3 Go's own words stay: why a G waits, why the world is stopped. They are in every program, and tools know them.
//
// §4 What is not understood is left out, for it may be a name: batches of experiments, and what is no event or no entry of a
// table, because the file is damaged. Program counters, numbers of threads, Gs and tasks, and times stay.

/// Copies a trace without the names of functions, files, labels, tasks, regions and logs. Ask for its bytes until there are no
/// more. Not thread-safe.
public struct TraceScrubber: ~Copyable, TraceCopy {
  /// How many strings were replaced. One that several generations have counts in each.
  public private(set) var replaced: UInt64 = 0
  /// Bytes that were left out, since they are none of what a trace may have.
  public private(set) var leftOut: UInt64 = 0
  /// How many batches of experiments were left out.
  public private(set) var experimentalBatches = 0
  /// What is damaged in the original, as far as it was read.
  public var damage: TraceDamage { batches.damage }

  private var batches: BatchReader
  private let key = (UInt64.random(in: 0 ... .max), UInt64.random(in: 0 ... .max))
  private var hasHeader = false

  /// The most bytes of a batch of strings.
  private static let mostOfBatch = 60_000

  /// Reads the header of a trace.
  ///
  /// - Throws: `TraceError` if this is no trace that can be read.
  public init(_ input: TraceInput) throws(TraceError) { batches = try BatchReader(input) }

  /// The next bytes of the copy, those of one generation; nil: there are no more.
  ///
  /// - Throws: `TraceError` if the original cannot be read further.
  public mutating func next() throws(TraceError) -> [UInt8]? {
    guard let raw = try batches.generation() else { return nil }
    var out = hasHeader ? [] : Self.header(batches.version)
    hasHeader = true
    experimentalBatches += raw.experimental
    var uses: [UInt64: Use] = [:]
    for batch in raw.tables where kind(of: batch, raw) == .stacks { note(&uses, batch, raw) }
    for batch in raw.events { copyEvents(batch, raw, to: &out) }
    for batch in raw.tables {
      switch kind(of: batch, raw) {
      case .strings: copyStrings(batch, raw, uses, to: &out)
      case let kind?: copyTable(kind, batch, raw, to: &out)
      case nil: leftOut += UInt64(batch.range.count)
      }
    }
    // Before 1.26 nothing ends a generation but the beginning of the next.
    if raw.isWhole, batches.version >= 26 { out.append(TraceKind.endOfGeneration.rawValue) }
    return out
  }

  private static func header(_ version: Int) -> [UInt8] { Array("go 1.\(version) trace\0\0\0".utf8) }

  private func kind(of batch: Batch, _ raw: RawGeneration) -> TraceKind? {
    batch.range.isEmpty || batch.range.lowerBound >= raw.bytes.count
      ? nil : TraceKind(rawValue: raw.bytes[batch.range.lowerBound])
  }

  private func write(
    _ bytes: some Collection<UInt8>, _ batch: Batch, _ raw: RawGeneration, to out: inout [UInt8]
  ) {
    out.append(TraceKind.eventBatch.rawValue)
    for value in [raw.number, batch.m, batch.time, UInt64(bytes.count)] {
      GenerationWriter.append(value, to: &out)
    }
    out += bytes
  }

  // MARK: events and tables without strings

  private mutating func copyEvents(_ batch: Batch, _ raw: RawGeneration, to out: inout [UInt8]) {
    var reader = VarintReader(raw.bytes, batch.range)
    var end = reader.next
    while !reader.isAtEnd, let count = TraceKind.argumentCount(reader.byte()) {
      for _ in 0...count { _ = reader.number() }
      guard !reader.isBroken else { break }
      end = reader.next
    }
    leftOut += UInt64(max(0, batch.range.upperBound - end))
    if end > batch.range.lowerBound { write(raw.bytes[batch.range.lowerBound..<end], batch, raw, to: &out) }
  }

  /// Copies the entries of a table that are whole.
  private mutating func copyTable(
    _ kind: TraceKind, _ batch: Batch, _ raw: RawGeneration, to out: inout [UInt8]
  ) {
    var reader = VarintReader(raw.bytes, batch.range)
    // The batch of the clock before 1.25 is the frequency alone.
    if kind != .frequency { _ = reader.byte() }
    var end = reader.next
    while !reader.isAtEnd {
      switch (kind, TraceKind(rawValue: reader.byte())) {
      case (.stacks, .stack): readStack(&reader) { _, _ in }
      case (.cpuSamples, .cpuSample): for _ in 0..<5 { _ = reader.number() }
      case (.sync, .frequency), (.frequency, .frequency): _ = reader.number()
      case (.sync, .clockSnapshot): for _ in 0..<4 { _ = reader.number() }
      default: _ = reader.raw(.max)
      }
      if !reader.isBroken { end = reader.next }
    }
    leftOut += UInt64(max(0, batch.range.upperBound - end))
    write(raw.bytes[batch.range.lowerBound..<end], batch, raw, to: &out)
  }

  /// Reads one stack, and tells the function and file of each frame.
  private func readStack(_ reader: inout VarintReader, _ frame: (UInt64, UInt64) -> Void) {
    _ = reader.number()
    var left = reader.number()
    while left > 0, !reader.isBroken {
      _ = reader.number()
      let (function, file) = (reader.number(), reader.number())
      _ = reader.number()
      if !reader.isBroken { frame(function, file) }
      left -= 1
    }
  }

  // MARK: strings

  /// What kind of thing a string names. The raw value begins the name that replaces it.
  private enum Use: String {
    case function = "func_"
    case file = "file_"
    case other = "text_"
  }

  private func note(_ uses: inout [UInt64: Use], _ batch: Batch, _ raw: RawGeneration) {
    var reader = VarintReader(raw.bytes, batch.range)
    _ = reader.byte()
    while !reader.isAtEnd, reader.byte() == TraceKind.stack.rawValue {
      readStack(&reader) { function, file in
        uses[function] = .function
        if uses[file] == nil { uses[file] = .file }
      }
    }
  }

  private mutating func copyStrings(
    _ batch: Batch, _ raw: RawGeneration, _ uses: [UInt64: Use], to out: inout [UInt8]
  ) {
    var reader = VarintReader(raw.bytes, batch.range)
    var table = [reader.byte()]
    var end = reader.next
    while !reader.isAtEnd, reader.byte() == TraceKind.string.rawValue {
      let (id, count) = (reader.number(), reader.number())
      guard let text = reader.raw(count) else { break }
      end = reader.next
      table.append(TraceKind.string.rawValue)
      let new = replacement(text, uses[id] ?? .other)
      for value in [id, UInt64(new.count)] { GenerationWriter.append(value, to: &table) }
      table += new
      if table.count > Self.mostOfBatch {
        write(table, batch, raw, to: &out)
        table = [TraceKind.strings.rawValue]
      }
    }
    leftOut += UInt64(max(0, batch.range.upperBound - end))
    if table.count > 1 { write(table, batch, raw, to: &out) }
  }

  private mutating func replacement(_ text: ArraySlice<UInt8>, _ use: Use) -> [UInt8] {
    if text.isEmpty || TraceWords.all.contains(String(decoding: text, as: UTF8.self)) { return Array(text) }
    replaced += 1
    var hasher = Hasher()
    hasher.combine(key.0)
    hasher.combine(key.1)
    for byte in text { hasher.combine(byte) }
    let digits = String(UInt64(truncatingIfNeeded: hasher.finalize()), radix: 16)
    return Array((use.rawValue + String(repeating: "0", count: 16 - digits.count) + digits).utf8)
  }
}
