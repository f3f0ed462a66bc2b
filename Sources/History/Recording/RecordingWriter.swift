// Writing a recording: segments of a history, one after the other. Each segment is in the file as soon as it is
// complete in memory. Whatever happens to the recorder, the file can be read up to there: as `PATH.part`, because a
// file takes its own name only when it is complete (OutputFile.swift).
import Host
import Observed

/// A recording that is being written. Not thread-safe.
public final class RecordingWriter {
  private let file: OutputFile
  private var namesWritten = 0
  /// The number of segments written so far.
  public private(set) var segments = 0
  /// The number of records written so far.
  public private(set) var records = 0
  /// The number of bytes written so far.
  public var bytes: Int { file.bytes }
  /// The path as the user wrote it.
  public var path: String { file.path }
  /// Whether the file is complete and has its final name.
  public var isWhole: Bool { file.isDone }
  /// Whether the recording replaces an existing file.
  public var replaces: Bool { file.replaces }
  /// Whether the recording is written to a pipe, a device or standard output.
  public var isStream: Bool { file.isStream }
  /// The ends of the last two complete segments, to which the file can be cut back when there is no room for more.
  private var ends: [(bytes: Int, segments: Int, records: Int)] = []

  /// Makes the file, readable only by its owner. Until it is finished it is visible as `PATH.part`.
  ///
  /// - Parameters:
  ///   - isNew: if true, an existing file is an error and stays as it is; otherwise it is replaced in the end.
  ///   - replaces: the kind of existing file that may be replaced.
  ///   - inputs: files that may not be written to.
  /// - Throws: an error if the file cannot be made, or if a parameter forbids it.
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

  /// Writes which process is recorded. Call this first of all.
  ///
  /// - Throws: an error if the file cannot be written.
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

  /// Writes what `history` has from a moment (in nanoseconds) up to the newest one of which everything is known.
  ///
  /// - Parameter breathe: called between two segments; the history may grow meanwhile.
  /// - Throws: `InspectorError` if the file cannot be written.
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

  /// Writes the end, and gives the file its final name.
  ///
  /// - Parameter ended: how the target ended, in words; nil: it did not end.
  ///
  /// - Throws: an error if that fails.
  public func finish(ended: String?) throws(InspectorError) {
    try writeEnd(ended)
    try commit()
  }

  /// Ends the file although not everything could be written. It is cut back to its last complete segment, so that it is
  /// a recording of what there was room for. An existing file is not replaced by such a part of a recording.
  ///
  /// - Returns: whether there is such a recording now.
  public func salvage(ended: String?) -> Bool {
    guard !file.replaces else { return false }
    for end in ends.reversed() where file.cut(to: end.bytes) {
      (segments, records) = (end.segments, end.records)
      // Writing the end may need one more block of the disk. Then the last segment has to go, to make room.
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

  /// Gives the file its final name. Call this when everything is written.
  package func commit() throws(InspectorError) { try file.commit() }

  /// Writes a chunk that was read from another recording.
  package func copy(_ kind: ChunkKind, _ body: [UInt8]) throws(InspectorError) {
    try write(Chunk.bytes(kind, body))
    if kind == .keyframe { segments += 1 }
  }

  private func write(_ bytes: [UInt8]) throws(InspectorError) { try file.write(bytes) }
}
