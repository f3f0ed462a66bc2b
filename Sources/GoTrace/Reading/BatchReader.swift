// Takes a trace apart into generations, of which one at a time is in memory.
//
// §1 A trace is a row of generations, about one a second, each of which can be understood without the others. A generation
// is a row of batches of at most 64 KB. Each batch has the generation's number, the number of a thread, a time and a
// length in front, so that batches are found without reading what is in them. Batches of all threads lie mixed. The tables
// come last, so that no event of a generation can be understood before its last batch was read.
//
// §2 Where a generation ends: since 1.26 a byte of its own says so. Before, the first batch with the next number does, and
// nothing says so of the last generation in the file.
//
// §3 Damage. If the file ends in a batch, what is there of the batch is given to the caller, since the events in it that are
// whole count. If the bytes where a batch should begin are none, there is no way to find the next one: reading ends there.

/// Reads generations from an input, in their order.
struct BatchReader {
  /// The largest batch that the format allows.
  static let mostOfBatch: UInt64 = 64 << 10
  /// A generation with more bytes than this is not read further: a real one is flushed after about a second.
  static let mostOfGeneration = 2 << 30

  let version: Int
  private let input: TraceInput
  /// Bytes that were read, and not given away with an earlier generation.
  private var buffer: [UInt8]
  /// The place in `buffer` where the generation that is being read begins.
  private var first = 0
  /// The place in `buffer` up to which batches were found.
  private var next: Int
  private var isAtEnd = false
  /// The offset in the trace of the first byte of `buffer`.
  private var base: UInt64 = 0
  private var lastNumber: UInt64 = 0
  /// What was not read, and why.
  private(set) var damage = TraceDamage()

  /// Reads the header.
  init(_ input: TraceInput) throws(TraceError) {
    var start: [UInt8] = []
    while start.count < 16, try input.read(into: &start) {}
    (self.input, version, buffer, next) = (input, try Self.version(start), start, 16)
  }

  /// The minor version of Go in a header, such as 26.
  private static func version(_ bytes: [UInt8]) throws(TraceError) -> Int {
    let words = String(decoding: bytes.prefix(16), as: UTF8.self).split(separator: " ")
    guard bytes.count >= 16, bytes.starts(with: "go 1.".utf8), words.count == 3,
      words[2] == "trace\0\0\0", let minor = Int(words[1].dropFirst(2))
    else { throw .notATrace }
    switch minor {
    case 22, 23, 25, 26: return minor
    case ...21: throw .oldVersion(minor)
    default: throw .unknownVersion(minor)
    }
  }

  /// The time of the first batch, in ticks; nil: there is none.
  var firstTime: UInt64? {
    mutating get { (try? ensure(next + 1)) == true ? (try? head())?.batch.time : nil }
  }

  /// The next generation; nil: there are no more.
  mutating func generation() throws(TraceError) -> RawGeneration? {
    first = next
    var generation = RawGeneration(number: 0, offset: base + UInt64(first))
    while try ensure(next + 1) {
      guard buffer[next] != TraceKind.endOfGeneration.rawValue else {
        next += 1
        if generation.number == 0 { continue }
        generation.isWhole = true
        return take(&generation)
      }
      guard let head = try head() else { break }
      if generation.number == 0 {
        if head.generation == lastNumber {
          try stop("another generation should begin")
          break
        }
        generation.number = head.generation
        generation.start = head.batch.time
      } else if head.generation != generation.number {
        generation.isWhole = version < 26
        if version >= 26 { damage.unended += 1 }
        return take(&generation)
      }
      guard try add(head, to: &generation) else { break }
    }
    if generation.number == 0 { return nil }
    // Before 1.26 nothing ends the last generation; whether all of it is there, only its tables can say.
    if !isCut { generation.isWhole = version < 26 || generation.isWhole }
    return take(&generation)
  }

  private var isCut: Bool { damage.unread > 0 || damage.isCut || input.isPackingDamaged }

  private mutating func take(_ generation: inout RawGeneration) -> RawGeneration {
    if lastNumber != 0, generation.number > lastNumber, generation.number - lastNumber > 1 {
      damage.gaps += 1
    }
    generation.followsLast = lastNumber != 0 && generation.number == lastNumber &+ 1
    lastNumber = generation.number
    if buffer.count - next <= next {
      generation.bytes = buffer
      buffer = Array(buffer[next...])
      base += UInt64(next)
      next = 0
    } else {
      // Much was read ahead. If that were copied for each small generation, the time would grow with the square of
      // the number of generations.
      generation.bytes = Array(buffer[first..<next])
      generation.shift(by: first)
    }
    return generation
  }

  private struct Head {
    var generation: UInt64
    var batch: Batch
    var size: Int
    var isExperimental: Bool
  }

  /// The head of the batch at `next`, whose content need not be there; nil: there is no head, and `damage` says so.
  private mutating func head() throws(TraceError) -> Head? {
    // A head has at most two bytes and four numbers of ten bytes.
    _ = try ensure(next + 42)
    let kind = buffer[next]
    let isExperimental = kind == TraceKind.experimentalBatch.rawValue
    guard isExperimental || kind == TraceKind.eventBatch.rawValue else {
      try stop("a batch should begin")
      return nil
    }
    var reader = VarintReader(buffer, next + 1..<buffer.count)
    if isExperimental { _ = reader.byte() }
    let (generation, m, time, size) = (reader.number(), reader.number(), reader.number(), reader.number())
    guard !reader.isBroken else {
      // If the file ends here, the head is cut off, and not wrong.
      if buffer.count - next < 42 { try cut() } else { try stop("a batch's head should stand") }
      return nil
    }
    guard size <= Self.mostOfBatch, generation > 0, generation >= lastNumber || lastNumber == 0 else {
      try stop("a batch's head should stand")
      return nil
    }
    let batch = Batch(m: m, time: time, range: reader.next..<reader.next + Int(size))
    return Head(generation: generation, batch: batch, size: Int(size), isExperimental: isExperimental)
  }

  /// Adds a batch, as far as it is there.
  ///
  /// - Returns: false: the file ends in it.
  private mutating func add(_ head: Head, to generation: inout RawGeneration) throws(TraceError) -> Bool {
    var batch = head.batch
    let isThere = try ensure(batch.range.upperBound)
    if batch.time < generation.start || generation.start == 0 { generation.start = batch.time }
    if !isThere {
      batch.range = batch.range.lowerBound..<max(batch.range.lowerBound, buffer.count)
      batch.isCut = true
    }
    let isTable: Bool =
      switch batch.range.isEmpty ? nil : TraceKind(rawValue: buffer[batch.range.lowerBound]) {
      case .stacks, .strings, .cpuSamples: true
      case .frequency: version < 25
      case .sync: version >= 25
      default: false
      }
    if head.isExperimental {
      generation.experimental += 1
    } else if isTable {
      generation.tables.append(batch)
    } else {
      generation.events.append(batch)
    }
    next = batch.range.upperBound
    if !isThere { damage.isCut = true }
    if next - first > Self.mostOfGeneration {
      try stop("a generation of this size should have ended")
      return false
    }
    return isThere
  }

  /// Reads until `buffer` has so many bytes.
  ///
  /// - Returns: false: the input ends before.
  private mutating func ensure(_ count: Int) throws(TraceError) -> Bool {
    while buffer.count < count, !isAtEnd { isAtEnd = try !input.read(into: &buffer) }
    if isAtEnd, input.isPackingDamaged { damage.isPackingDamaged = true }
    return buffer.count >= count
  }

  /// Notes that the file ends within a batch's head. The bytes of the head that are there count as unread.
  private mutating func cut() throws(TraceError) {
    damage.isCut = true
    damage.unread += UInt64(buffer.count - next)
    next = buffer.count
  }

  /// Gives the rest of the file up: where something should be is something else.
  private mutating func stop(_ what: String) throws(TraceError) {
    damage.place = base + UInt64(next)
    damage.expected = what
    damage.unread += UInt64(buffer.count - next)
    buffer.removeSubrange(next...)
    var rest: [UInt8] = []
    while !isAtEnd, try input.read(into: &rest) {
      damage.unread += UInt64(rest.count)
      rest.removeAll(keepingCapacity: true)
    }
    isAtEnd = true
  }
}
