// Writing a recording: segments of a history, one after the other, each of them whole in the file as soon as it is
// whole in memory. Whatever becomes of the recorder, the file up to there can be read.

/// A recording that is being written.
public final class RecordingWriter {
  private let file: OutputFile
  private var namesWritten = 0
  /// Segments, records and bytes so far.
  public private(set) var segments = 0
  public private(set) var records = 0
  public var bytes: Int { file.bytes }
  public var path: String { file.path }

  /// Makes the file, for its owner alone.
  ///
  /// - Parameter isNew: a file that is there is left alone, and an error; else it is replaced.
  public init(path: String, isNew: Bool = false) throws(InspectorError) {
    file = try OutputFile(path: path, isNew: isNew)
    try write(Chunk.magic)
  }

  /// Says who is recorded; first of all.
  public func begin(_ target: Target, _ history: History) throws(InspectorError) {
    let about = RecordingAbout(pid: target.process.pid, name: target.name, reasons: history.reasons)
    try write(Chunk.bytes(.about, about.bytes))
  }

  func write(_ segment: Segment, of history: History) throws(InspectorError) {
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

  /// The end, on purpose; `ended`: how the target ended, if it did.
  public func finish(ended: String?) throws(InspectorError) {
    var out = ByteWriter()
    out.number(UInt64(segments))
    out.number(UInt64(records))
    out.text(ended ?? "")
    try write(Chunk.bytes(.end, out.bytes))
  }

  /// Writes a chunk that was read elsewhere.
  func copy(_ kind: ChunkKind, _ body: [UInt8]) throws(InspectorError) {
    try write(Chunk.bytes(kind, body))
  }

  private func write(_ bytes: [UInt8]) throws(InspectorError) { try file.write(bytes) }
}
