// The wire format of Go's execution traces, version 2 as of Go 1.26: its event numbers, batches and tables.
//
// A trace is a sequence of *generations*, each complete in itself: the status of every G and P at its
// beginning, then batches of events, each of one thread, a table of strings, a table of stacks, and the
// clock. Times in a batch are differences. Go describes the format in its sources, internal/trace/tracev2.
import History

/// The events of the format that are written here, by their numbers.
enum GoEvent: UInt8 {
  case eventBatch = 1
  case stacks, stack, strings, string
  case frequency = 8
  case procsChange, procStart, procStop, procSteal, procStatus
  case goCreate, goCreateSyscall, goStart, goDestroy
  case goStop = 19
  case goBlock, goUnblock, goSyscallBegin, goSyscallEnd, goSyscallEndBlocked, goStatus
  case goStatusStack = 48
  case sync = 50
  case clockSnapshot, endOfGeneration
}

/// The bytes of one generation, which grow event by event.
struct GoGeneration {
  /// The most bytes of a batch. Go refuses batches of more than 64 KB.
  private static let mostOfBatch = 60_000
  /// The most bytes of a string. Go refuses strings of more than 1 KB.
  private static let mostOfString = 500

  private struct Batch {
    var bytes = ByteWriter()
    var start: UInt64
    var last: UInt64
  }

  let number: UInt64
  let start: UInt64
  private(set) var events = 0
  private var out = ByteWriter()
  private var batches: [Int: Batch] = [:]
  private var strings: [String: UInt64] = [:]
  private var stacks: [String: UInt64] = [:]
  private var stringTable = ByteWriter()
  private var stackTable = ByteWriter()

  init(_ number: UInt64, at start: UInt64) { (self.number, self.start) = (number, start) }

  /// Whether a new generation should begin, because this one takes much memory.
  var isLarge: Bool { out.bytes.count > 64_000_000 }

  /// Adds an event of a thread. The times of a thread must not go back.
  mutating func add(_ event: GoEvent, m: Int, at time: UInt64, _ arguments: UInt64...) {
    events += 1
    var batch = batches.removeValue(forKey: m) ?? Batch(start: time, last: time)
    batch.bytes.append([event.rawValue])
    batch.bytes.number(time - batch.last)
    for argument in arguments { batch.bytes.number(argument) }
    batch.last = time
    if batch.bytes.bytes.count > Self.mostOfBatch {
      write(batch.bytes.bytes, m: UInt64(m), at: batch.start)
    } else {
      batches[m] = batch
    }
  }

  private mutating func write(_ batch: [UInt8], m: UInt64, at time: UInt64) {
    out.append([GoEvent.eventBatch.rawValue])
    for value in [number, m, time] { out.number(value) }
    out.raw(batch)
  }

  /// Returns the id of a string. Adds the string to the table if it is new.
  mutating func string(_ text: String) -> UInt64 {
    if let id = strings[text] { return id }
    let id = UInt64(strings.count + 1)
    strings[text] = id
    stringTable.append([GoEvent.string.rawValue])
    stringTable.number(id)
    stringTable.raw(Array(text.utf8.prefix(Self.mostOfString)))
    if isFull(stringTable) {
      writeTable(stringTable, .strings)
      stringTable = ByteWriter()
    }
    return id
  }

  /// Returns the id of a stack with one frame, such as `work at Main.swift:12`; 0: no stack.
  mutating func stack(_ entry: String?) -> UInt64 {
    guard let entry else { return 0 }
    if let id = stacks[entry] { return id }
    let id = UInt64(stacks.count + 1)
    stacks[entry] = id
    let place = EntryPoint(entry)
    let (function, file) = (string(place.function), string(place.file))
    stackTable.append([GoEvent.stack.rawValue])
    for value in [id, 1, id, function, file, place.line] { stackTable.number(value) }
    if isFull(stackTable) {
      writeTable(stackTable, .stacks)
      stackTable = ByteWriter()
    }
    return id
  }

  /// Whether a table must be written now. Tables are written as batches, which must not become too large.
  private func isFull(_ table: ByteWriter) -> Bool {
    table.bytes.count > Self.mostOfBatch - 4 * Self.mostOfString
  }

  private mutating func writeTable(_ table: ByteWriter, _ kind: GoEvent) {
    if !table.bytes.isEmpty { write([kind.rawValue] + table.bytes, m: .max, at: start) }
  }

  /// Ends the generation and returns its bytes.
  mutating func finished() -> [UInt8] {
    for (m, batch) in batches.sorted(by: { $0.key < $1.key }) {
      write(batch.bytes.bytes, m: UInt64(m), at: batch.start)
    }
    batches = [:]
    var clock = ByteWriter()
    clock.append([GoEvent.sync.rawValue, GoEvent.frequency.rawValue])
    clock.number(1_000_000_000 as UInt64)
    // The wall clock is not known, because no record tells it. So 0 is written in its place.
    clock.append([GoEvent.clockSnapshot.rawValue])
    for value in [0, start, 0, 0] { clock.number(value) }
    write(clock.bytes, m: .max, at: start)
    writeTable(stringTable, .strings)
    writeTable(stackTable, .stacks)
    return out.bytes + [GoEvent.endOfGeneration.rawValue]
  }
}

/// The parts of an entry such as `function at File.swift:31`.
struct EntryPoint: Equatable {
  var function: String
  var file = ""
  var line: UInt64 = 0

  init(_ entry: String) {
    function = entry
    guard let place = entry.split(separator: " ").last, let colon = place.lastIndex(of: ":"),
      let line = UInt64(place[place.index(after: colon)...]), entry.hasSuffix(" at " + place)
    else { return }
    (function, file, self.line) = (String(entry.dropLast(place.count + 4)), String(place[..<colon]), line)
  }
}
