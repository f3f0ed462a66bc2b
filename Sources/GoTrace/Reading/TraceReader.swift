// Reads a Go execution trace: the events of all threads in one order, a few thousand at a time.
//
// §1 What is in memory is one generation as it lies in the file, about a second of the traced program's life, and what is
// known of the Gs, Ps and threads that live. So a long trace takes no more memory than a short one.
//
// §2 The reading goes by three parts: `BatchReader` finds generations and batches, `TraceTables` reads what events refer to,
// and `Ordering` gives the events of all threads one order, which it takes from `Frontier`. No object is made for an event.
//
// §3 Times. Go's own reader gives no two events the same time: one that is not later than the one before it is moved to a
// nanosecond after it. This one does the same, at the same events, so that both tell the same times.
//
// §4 A reader that is not strict gives whatever is whole, and says in `damage` what is not.

/// Reads a Go execution trace of version 2, which Go 1.22 and later write. Not thread-safe.
///
/// ```swift
/// var reader = try TraceReader(TraceInput(path: "a.trace"))
/// var events: [TraceEvent] = []
/// while try reader.next(into: &events) {
///   for event in events where event.kind == .goBlock {
///     print(event.time, event.g ?? 0, reader.tables.string(event.arguments.0) ?? "?")
///   }
/// }
/// for sentence in reader.damage.sentences { print(sentence) }
/// ```
public struct TraceReader: ~Copyable {
  /// The minor version of Go in the header, such as 26 for `go 1.26 trace`, which Go 1.26 and 1.27 write.
  public var version: Int { batches.version }
  /// The tables for the events that were given last.
  public private(set) var tables = TraceTables()
  /// The clock of the events that were given last: their generation's, or else the one before it.
  public private(set) var clock: TraceClock?
  /// The moment at which the generation of the last events begins.
  public private(set) var generationStart: Int64 = 0
  /// Whether the last events are the first ones of a generation.
  public private(set) var isGenerationStart = false
  /// Whether the last events are the first ones after a gap, or of the whole trace: nothing that was known of Gs and Ps
  /// holds.
  public private(set) var isAfterGap = false
  /// How many generations were read.
  public private(set) var generations = 0
  /// How many batches with events of experiments were skipped.
  public private(set) var experimentalBatches = 0
  /// Where, in bytes of the unpacked trace, the generation of the last events begins.
  public private(set) var offset: UInt64 = 0

  /// What is damaged, as far as was read. The sum over all files, if there are several.
  public var damage: TraceDamage {
    var all = own
    all.add(batches.damage)
    return all
  }

  private let isStrict: Bool
  private var batches: BatchReader
  private var laterPaths: [String]
  private var own = TraceDamage()
  private var ordering = Ordering()
  private var run: GenerationRun?
  /// The number and beginning of the last generation, so that none is read again from a file that overlaps.
  private var latest: (number: UInt64, start: UInt64)?
  private var isLatestWhole = true
  /// Whether no generation of the file that is being read was given yet.
  private var isFileStart = false

  /// About how many events are given at once.
  private static let most = 4096

  /// Reads the header of a trace.
  ///
  /// - Parameter isStrict: stops with `TraceError.damaged` at the first damage, instead of going on with what is whole.
  /// - Throws: `TraceError` if this is no trace that can be read.
  public init(_ input: TraceInput, isStrict: Bool = false) throws(TraceError) {
    (batches, self.isStrict, laterPaths) = (try BatchReader(input), isStrict, [])
  }

  /// Reads the traces of a folder as one, in the order of their times, as a flight recorder leaves them. Generations that are
  /// in several of them are given once. Files that are no traces are left alone.
  public init(folder: String, isStrict: Bool = false) throws(TraceError) {
    var paths = try TraceFolder.traces(in: folder)
    guard !paths.isEmpty else { throw .noTraces(path: folder) }
    batches = try BatchReader(TraceInput(path: paths.removeFirst()))
    (laterPaths, self.isStrict) = (paths, isStrict)
  }

  /// Puts the next events in place of those in `events`. All are of one generation, whose names are in `tables`.
  ///
  /// - Returns: false: there are no more.
  public mutating func next(into events: inout [TraceEvent]) throws(TraceError) -> Bool {
    events.removeAll(keepingCapacity: true)
    (isGenerationStart, isAfterGap) = (false, false)
    while true {
      if run == nil, try !begin() { return false }
      guard var current = run.take() else { return false }
      swap(&ordering.events, &events)
      ordering.events.reserveCapacity(Self.most + 4)
      let misfit = current.fill(&ordering, Self.most, isStrict: isStrict)
      swap(&ordering.events, &events)
      own.outOfOrder += current.takeForced()
      if let misfit, isStrict { throw .damaged(misfit) }
      if current.isAtEnd {
        own.malformed += current.malformed
        own.unread += current.cut
      } else {
        run = consume current
      }
      if !events.isEmpty { return true }
    }
  }

  /// Begins the next generation that has a clock.
  private mutating func begin() throws(TraceError) -> Bool {
    while let raw = try generation() {
      let tables = TraceTables(raw, version: version)
      own.malformed += tables.malformed
      experimentalBatches += raw.experimental
      if !tables.isWhole { own.withoutTables += 1 }
      if isStrict, let sentence = damage.sentences.first { throw .damaged(sentence) }
      guard let clock = tables.clock ?? clock else {
        own.withoutClock += 1
        isLatestWhole = false
        continue
      }
      if tables.clock == nil { own.borrowedClocks += 1 }
      (self.clock, self.tables, offset) = (clock, tables, raw.offset)
      if generations == 0 || !raw.followsLast || !isLatestWhole { reset() }
      isLatestWhole = raw.isWhole
      generations += 1
      isGenerationStart = true
      ordering.generation = raw.number
      // Go's reader gives an event of its own at each beginning of a generation, so one time is used up here, too.
      ordering.last = max(clock.time(raw.start), ordering.last &+ 1)
      generationStart = ordering.last
      run = GenerationRun(raw, tables.samples, clock, &ordering)
      return true
    }
    if isStrict, let sentence = damage.sentences.first { throw .damaged(sentence) }
    return false
  }

  /// Forgets what is known of Gs, Ps and threads.
  private mutating func reset() {
    let (events, last) = (ordering.events, ordering.last)
    ordering = Ordering()
    (ordering.events, ordering.last) = (events, last)
    isAfterGap = true
  }

  /// The next generation that was not given yet, of this file or the next one.
  private mutating func generation() throws(TraceError) -> RawGeneration? {
    if generations > 0 { ordering.isFirst = false }
    while true {
      while var raw = try batches.generation() {
        if let latest {
          if raw.number <= latest.number, raw.start <= latest.start { continue }
          raw.followsLast = raw.number == latest.number &+ 1
          // Between two files of a folder nothing else tells that some are missing.
          if isFileStart, raw.number > latest.number, !raw.followsLast { own.gaps += 1 }
        }
        latest = (raw.number, raw.start)
        isFileStart = false
        return raw
      }
      guard !laterPaths.isEmpty else { return nil }
      own.add(batches.damage)
      batches = try BatchReader(TraceInput(path: laterPaths.removeFirst()))
      isFileStart = true
    }
  }
}
