// What the events of a generation refer to: strings, stacks, CPU samples and the clock.

/// One frame of a stack; the innermost stands first.
public struct TraceFrame: Sendable, Equatable, Hashable {
  /// The program counter.
  public var pc: UInt64
  /// The function, such as `main.work`.
  public var function: String
  /// The source file, with its folder.
  public var file: String
  /// The line in the file.
  public var line: UInt64

  /// A frame from its parts.
  public init(pc: UInt64, function: String, file: String, line: UInt64) {
    (self.pc, self.function, self.file, self.line) = (pc, function, file, line)
  }
}

/// The clock of a generation.
public struct TraceClock: Sendable, Equatable {
  /// Ticks of the trace's clock in a second.
  public var frequency: UInt64
  /// A moment told by three clocks; nil: Go before 1.25 does not tell.
  public var snapshot: Snapshot?

  /// One moment, as several clocks tell it.
  public struct Snapshot: Sendable, Equatable {
    /// The moment in ticks of the trace's clock.
    public var ticks: UInt64
    /// The moment in nanoseconds of the system's monotonic clock.
    public var monotonic: UInt64
    /// The moment by the wall clock: seconds since 1970, and nanoseconds.
    public var seconds, nanoseconds: UInt64

    /// Makes a moment from what each clock says of it.
    public init(ticks: UInt64, monotonic: UInt64, seconds: UInt64, nanoseconds: UInt64) {
      (self.ticks, self.monotonic) = (ticks, monotonic)
      (self.seconds, self.nanoseconds) = (seconds, nanoseconds)
    }
  }

  /// Makes a clock with so many ticks in a second; `snapshot`, if known, says what other clocks told at one
  /// moment.
  public init(frequency: UInt64, snapshot: Snapshot? = nil) {
    (self.frequency, self.snapshot) = (max(1, frequency), snapshot)
  }

  /// Nanoseconds of so many ticks, rounded as Go's reader rounds them.
  func time(_ ticks: UInt64) -> Int64 {
    let time = Double(ticks) * (1 / (Double(frequency) / 1e9))
    return time < 9.2e18 ? Int64(time) : .max / 2
  }

  /// The moment of the wall clock that a time of an event is, in nanoseconds since 1970; nil: not known.
  public func wall(_ time: Int64) -> Int64? {
    guard let snapshot, snapshot.seconds < 1 << 33, snapshot.seconds > 0, snapshot.nanoseconds < 1_000_000_000
    else {
      return nil
    }
    let wall = Int64(snapshot.seconds) * 1_000_000_000 + Int64(snapshot.nanoseconds)
    return wall &+ (time &- self.time(snapshot.ticks))
  }

  /// The moment of the system's monotonic clock that a time of an event is, in nanoseconds; nil: not known.
  public func monotonic(_ time: Int64) -> Int64? {
    snapshot.map { Int64(clamping: $0.monotonic) &+ (time &- self.time($0.ticks)) }
  }
}

/// The tables of one generation. A value: it stays as it is when the reader goes on.
public struct TraceTables: Sendable {
  /// The generation's number.
  public internal(set) var generation: UInt64 = 0
  /// The clock of the generation; nil: the generation tells none.
  public internal(set) var clock: TraceClock?
  private var strings: [UInt64: String] = [:]
  private var stacks: [UInt64: Range<Int>] = [:]
  private var frames: [Frame] = []
  /// CPU samples in the order of their times, which are still in ticks.
  private(set) var samples: [Sample] = []
  /// How many bytes of the tables could not be read; an entry of a wrong kind counts as one.
  private(set) var malformed: UInt64 = 0
  /// Whether all tables of the generation seem to be there.
  private(set) var isWhole = true

  private struct Frame {
    var pc, function, file, line: UInt64
  }

  struct Sample {
    var time, m, p, g, stack: UInt64
  }

  /// The string with an id; nil: the table has none. The id 0 is the empty string.
  public func string(_ id: UInt64) -> String? { id == 0 ? "" : strings[id] }

  /// The frames of the stack with an id, the innermost first; nil: the table has none, or the id is 0, which is no stack.
  public func stack(_ id: UInt64) -> [TraceFrame]? {
    stacks[id].map { frames[$0].map(frame) }
  }

  /// The innermost frame of a stack, which is found without the others; nil: there is none.
  public func top(_ id: UInt64) -> TraceFrame? {
    stacks[id].flatMap { $0.isEmpty ? nil : frame(frames[$0.lowerBound]) }
  }

  /// The outermost frame of a stack: where the G began; nil: there is none.
  public func bottom(_ id: UInt64) -> TraceFrame? {
    stacks[id].flatMap { $0.isEmpty ? nil : frame(frames[$0.upperBound - 1]) }
  }

  /// The ids of all strings, in no order.
  public var stringIDs: some Collection<UInt64> { strings.keys }

  /// The ids of all stacks, in no order.
  public var stackIDs: some Collection<UInt64> { stacks.keys }

  private func frame(_ frame: Frame) -> TraceFrame {
    TraceFrame(
      pc: frame.pc, function: string(frame.function) ?? "?", file: string(frame.file) ?? "?", line: frame.line
    )
  }

  init() {}

  /// Reads the tables of a generation.
  init(_ raw: RawGeneration, version: Int) {
    generation = raw.number
    for batch in raw.tables where !batch.range.isEmpty {
      var reader = VarintReader(raw.bytes, batch.range)
      switch TraceKind(rawValue: reader.byte()) {
      case .strings: addStrings(&reader)
      case .stacks: addStacks(&reader)
      case .cpuSamples: addSamples(&reader)
      case .sync: addClock(&reader, batch.time)
      default:
        reader = VarintReader(raw.bytes, batch.range)
        addClock(&reader, batch.time)
      }
      if reader.isBroken { malformed += UInt64(max(0, batch.range.upperBound - reader.next)) }
    }
    isWhole = clock != nil && (raw.isWhole || (!strings.isEmpty && malformed == 0 && version < 26))
    samples.sort { $0.time < $1.time }
  }

  /// Whether an entry of a table begins here. What stands here and is none is counted.
  private mutating func isEntry(_ kind: TraceKind, _ reader: inout VarintReader) -> Bool {
    let isEntry = reader.byte() == kind.rawValue
    if !isEntry { malformed += 1 }
    return isEntry
  }

  private mutating func addStrings(_ reader: inout VarintReader) {
    while !reader.isAtEnd {
      guard isEntry(.string, &reader) else { return }
      let (id, count) = (reader.number(), reader.number())
      guard let bytes = reader.raw(count) else { return }
      if strings[id] == nil { strings[id] = String(decoding: bytes, as: UTF8.self) }
    }
  }

  private mutating func addStacks(_ reader: inout VarintReader) {
    while !reader.isAtEnd {
      guard isEntry(.stack, &reader) else { return }
      let (id, count) = (reader.number(), reader.number())
      let first = frames.count
      var left = count
      while left > 0, !reader.isBroken {
        let (pc, function) = (reader.number(), reader.number())
        frames.append(Frame(pc: pc, function: function, file: reader.number(), line: reader.number()))
        left -= 1
      }
      guard !reader.isBroken else { return }
      if stacks[id] == nil { stacks[id] = first..<frames.count }
    }
  }

  private mutating func addSamples(_ reader: inout VarintReader) {
    while !reader.isAtEnd {
      guard isEntry(.cpuSample, &reader) else { return }
      let (time, m, p) = (reader.number(), reader.number(), reader.number())
      let sample = Sample(time: time, m: m, p: p, g: reader.number(), stack: reader.number())
      if !reader.isBroken { samples.append(sample) }
    }
  }

  private mutating func addClock(_ reader: inout VarintReader, _ start: UInt64) {
    var told = clock?.snapshot
    defer { clock?.snapshot = told }
    while !reader.isAtEnd {
      switch TraceKind(rawValue: reader.byte()) {
      case .frequency:
        let frequency = reader.number()
        if frequency > 0, clock == nil { clock = TraceClock(frequency: frequency) }
      case .clockSnapshot:
        let snapshot = TraceClock.Snapshot(
          ticks: start &+ reader.number(), monotonic: reader.number(), seconds: reader.number(),
          nanoseconds: reader.number())
        if !reader.isBroken, told == nil { told = snapshot }
      default:
        malformed += 1
        return
      }
    }
  }
}
