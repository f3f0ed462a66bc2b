// Writing a recording: segments of a history, one after the other, each of them whole in the file as soon as it is
// whole in memory. Whatever becomes of the recorder, the file up to there can be read: as `PATH.part`, since a file has
// its own name only when it is whole (OutputFile.swift).
import Host
import Observed

/// A recording that is being written.
public final class RecordingWriter {
  private let file: OutputFile
  private var namesWritten = 0
  /// Segments, records and bytes so far.
  public private(set) var segments = 0
  public private(set) var records = 0
  public var bytes: Int { file.bytes }
  public var path: String { file.path }
  /// Whether it has its name, with all that was written; whether it replaces a file; whether it goes down a pipe.
  public var isWhole: Bool { file.isDone }
  public var replaces: Bool { file.replaces }
  public var isStream: Bool { file.isStream }
  /// The ends of the last two whole segments: what can be gone back to where there is no room for more.
  private var ends: [(bytes: Int, segments: Int, records: Int)] = []

  /// Makes the file, for its owner alone, and shows what there is of it as `PATH.part` until it is finished.
  ///
  /// - Parameters:
  ///   - isNew: a file that is there is left alone, and an error; else it is replaced in the end.
  ///   - replaces: what a file that is there must be.
  ///   - inputs: files that may not be written to.
  public convenience init(
    path: String, isNew: Bool = false, replaces: OutputKind = .recording, inputs: [FileIdentity?] = []
  ) throws(InspectorError) {
    var rules = OutputRules()
    (rules.isPrivate, rules.isShown, rules.isNew, rules.inputs) = (true, true, isNew, inputs)
    rules.replaces = replaces
    try self.init(path: path, rules)
  }

  package init(path: String, _ rules: OutputRules) throws(InspectorError) {
    file = try OutputFile(path: path, rules)
    try write(Chunk.magic)
  }

  /// Says who is recorded; first of all.
  public func begin(_ target: Snapshot.Target, _ history: History) throws(InspectorError) {
    let about = RecordingAbout(pid: target.pid, name: target.name, reasons: history.reasons)
    try write(Chunk.bytes(.about, about.bytes))
  }

  package func write(_ segment: Segment, of history: History) throws(InspectorError) {
    let names = history.names.bytes
    if names.count > namesWritten {
      try write(Chunk.bytes(.names, Array(names[namesWritten...])))
      namesWritten = names.count
    }
    try write(Chunk.bytes(.keyframe, segment.keyframe.bytes ?? []))
    if let goroutines = segment.goroutines?.bytes { try write(Chunk.bytes(.goroutines, goroutines)) }
    for block in segment.blocks {
      try write(Chunk.bytes(.block, Chunk.blockHead(block) + (block.payload.bytes ?? [])))
      records += block.count
    }
    segments += 1
    ends = ends.suffix(1) + [(bytes, segments, records)]
  }

  /// Writes what `history` has since a moment (nanoseconds), up to its very end.
  ///
  /// - Parameter breathe: called between two segments; the history may grow meanwhile.
  public func write(
    _ history: History, since time: UInt64, breathe: () -> Void = {}
  ) throws(InspectorError) {
    history.flush()
    let first = history.number(atTime: time) ?? 0
    for number in history.numbers where number >= first {
      if let segment = history.segment(number) { try write(segment, of: history) }
      breathe()
    }
  }

  /// The end, on purpose; `ended`: how the target ended, if it did. The file takes its name.
  public func finish(ended: String?) throws(InspectorError) {
    try writeEnd(ended)
    try commit()
  }

  /// Ends the file although not all could be written: it goes back to the last segment that is whole, so that what there
  /// was room for is a recording. A file that was to be replaced is not given up for less than all of it.
  ///
  /// - Returns: whether there is such a recording now.
  public func salvage(ended: String?) -> Bool {
    guard !file.replaces else { return false }
    for end in ends.reversed() where file.cut(to: end.bytes) {
      (segments, records) = (end.segments, end.records)
      // The end may want a block of the disk, and then the segment before has to go.
      guard (try? writeEnd(ended)) != nil else { continue }
      return (try? commit()) != nil
    }
    return false
  }

  private func writeEnd(_ ended: String?) throws(InspectorError) {
    var out = ByteWriter()
    out.number(UInt64(segments))
    out.number(UInt64(records))
    out.text(ended ?? "")
    try write(Chunk.bytes(.end, out.bytes))
  }

  /// All is written: the file takes its name.
  package func commit() throws(InspectorError) { try file.commit() }

  /// Writes a chunk that was read elsewhere.
  package func copy(_ kind: ChunkKind, _ body: [UInt8]) throws(InspectorError) {
    try write(Chunk.bytes(kind, body))
    if kind == .keyframe { segments += 1 }
  }

  private func write(_ bytes: [UInt8]) throws(InspectorError) { try file.write(bytes) }
}
