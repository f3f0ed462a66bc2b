// Writes generations of execution traces in the form of Go 1.26: batches, tables and the clock.
//
// A trace is the header, then generations, each complete in itself: the status of every G and P at its beginning, then
// batches of events, each of one thread, a table of strings, a table of stacks, and the clock. Times in a batch are
// differences.

/// The bytes of one generation, which grow event by event.
///
/// Go's reader refuses a trace in which an event does not fit those before it. Nothing here checks that; the caller
/// has to.
public struct GenerationWriter {
  /// The bytes with which a trace begins.
  public static let header = Array("go 1.26 trace\0\0\0".utf8)
  /// The most bytes of a batch. Go refuses batches of more than 64 KB.
  private static let mostOfBatch = 60_000
  /// The most bytes of a string. Go writes no longer ones, and refuses them.
  private static let mostOfString = 1024
  /// The most frames of a stack. Go refuses stacks of more than 128.
  private static let mostOfStack = 128

  private struct Batch {
    var bytes: [UInt8] = []
    var start: UInt64
    var last: UInt64
  }

  /// The generation's number: one more than that of the generation before it.
  public let number: UInt64
  /// The time at which the generation begins, in ticks of its clock.
  public let start: UInt64
  /// How many events were added.
  public private(set) var events = 0
  private var out: [UInt8] = []
  private var batches: [UInt64: Batch] = [:]
  private var strings: [String: UInt64] = [:]
  private var stacks: [[TraceFrame]: UInt64] = [:]
  private var stringTable: [UInt8] = []
  private var stackTable: [UInt8] = []
  private var sampleTable: [UInt8] = []

  /// An empty generation that begins at a time in ticks of the clock that `finished` will tell.
  public init(_ number: UInt64, at start: UInt64) { (self.number, self.start) = (number, start) }

  /// Whether a new generation should begin, because this one takes much memory.
  public var isLarge: Bool { out.count > 64_000_000 }

  /// Adds an event of a thread. The times of a thread must not go back.
  ///
  /// - Parameter arguments: those that the kind has, in the order of ``TraceKind``.
  public mutating func add(_ kind: TraceKind, m: UInt64, at time: UInt64, _ arguments: UInt64...) {
    add(kind, m: m, at: time, list: arguments)
  }

  /// Adds a sample of the CPU profiler. Samples are in no order with events.
  ///
  /// - Parameter p: the P, or all ones: none.
  mutating func addSample(m: UInt64, p: UInt64, g: UInt64, at time: UInt64, stack: UInt64) {
    sampleTable.append(TraceKind.cpuSample.rawValue)
    for value in [time, m, p, g, stack] { Self.append(value, to: &sampleTable) }
    if sampleTable.count > Self.mostOfBatch {
      writeTable(sampleTable, .cpuSamples)
      sampleTable = []
    }
  }

  mutating func add(_ kind: TraceKind, m: UInt64, at time: UInt64, list arguments: [UInt64]) {
    events += 1
    var batch = batches.removeValue(forKey: m) ?? Batch(start: time, last: time)
    batch.bytes.append(kind.rawValue)
    Self.append(time - min(time, batch.last), to: &batch.bytes)
    for argument in arguments { Self.append(argument, to: &batch.bytes) }
    batch.last = time
    if batch.bytes.count > Self.mostOfBatch {
      write(batch.bytes, m: m, at: batch.start)
    } else {
      batches[m] = batch
    }
  }

  private mutating func write(_ batch: [UInt8], m: UInt64, at time: UInt64) {
    out.append(TraceKind.eventBatch.rawValue)
    for value in [number, m, time, UInt64(batch.count)] { Self.append(value, to: &out) }
    out += batch
  }

  static func append(_ value: UInt64, to bytes: inout [UInt8]) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  /// Returns the id of a string. Adds the string to the table if it is new; a long one is cut.
  public mutating func string(_ text: String) -> UInt64 {
    if let id = strings[text] { return id }
    let id = UInt64(strings.count + 1)
    strings[text] = id
    let bytes = Array(text.utf8.prefix(Self.mostOfString))
    stringTable.append(TraceKind.string.rawValue)
    for value in [id, UInt64(bytes.count)] { Self.append(value, to: &stringTable) }
    stringTable += bytes
    if stringTable.count > Self.mostOfBatch - 4 * Self.mostOfString {
      writeTable(stringTable, .strings)
      stringTable = []
    }
    return id
  }

  /// Returns the id of a stack, whose innermost frame comes first; 0: no stack. Adds the stack to the table if it is new. A
  /// deep one is cut at its outer end.
  public mutating func stack(_ all: [TraceFrame]) -> UInt64 {
    let frames = Array(all.prefix(Self.mostOfStack))
    guard !frames.isEmpty else { return 0 }
    if let id = stacks[frames] { return id }
    let id = UInt64(stacks.count + 1)
    stacks[frames] = id
    var entry = [TraceKind.stack.rawValue]
    for value in [id, UInt64(frames.count)] { Self.append(value, to: &entry) }
    for frame in frames {
      for value in [frame.pc, string(frame.function), string(frame.file), frame.line] {
        Self.append(value, to: &entry)
      }
    }
    if stackTable.count + entry.count > Self.mostOfBatch {
      writeTable(stackTable, .stacks)
      stackTable = []
    }
    stackTable += entry
    return id
  }

  private mutating func writeTable(_ table: [UInt8], _ kind: TraceKind) {
    if !table.isEmpty { write([kind.rawValue] + table, m: .max, at: start) }
  }

  /// Ends the generation and returns its bytes.
  ///
  /// - Parameter clock: the clock of the times that were added; by default, one of nanoseconds that tells nothing of the
  ///   wall clock, for which there are zeros then.
  public mutating func finished(clock: TraceClock = TraceClock(frequency: 1_000_000_000)) -> [UInt8] {
    for (m, batch) in batches.sorted(by: { $0.key < $1.key }) { write(batch.bytes, m: m, at: batch.start) }
    batches = [:]
    let moment = clock.snapshot ?? .init(ticks: start, monotonic: start, seconds: 0, nanoseconds: 0)
    let base = min(start, moment.ticks)
    var sync = [TraceKind.sync.rawValue, TraceKind.frequency.rawValue]
    Self.append(clock.frequency, to: &sync)
    sync.append(TraceKind.clockSnapshot.rawValue)
    for value in [moment.ticks - base, moment.monotonic, moment.seconds, moment.nanoseconds] {
      Self.append(value, to: &sync)
    }
    write(sync, m: .max, at: base)
    writeTable(stringTable, .strings)
    writeTable(stackTable, .stacks)
    writeTable(sampleTable, .cpuSamples)
    return out + [TraceKind.endOfGeneration.rawValue]
  }
}
