// Writing a recording: segments of a history, one after the other, each of them whole in the file as soon as it is
// whole in memory. Whatever becomes of the recorder, the file up to there can be read.
internal import Glibc

/// A recording that is being written.
public final class RecordingWriter {
  public let path: String
  private let descriptor: Int32
  private var namesWritten = 0
  /// Segments, records and bytes so far.
  public private(set) var segments = 0
  public private(set) var records = 0
  public private(set) var bytes = 0

  /// Makes the file, for its owner alone; one that is there is replaced.
  public init(path: String) throws(InspectorError) {
    self.path = path
    descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw InspectorError(SystemCallError(call: "open", errno: errno), path: path)
    }
    try write(Chunk.magic)
  }

  deinit { _ = close(descriptor) }

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
  public func write(_ history: History, since time: UInt64) throws(InspectorError) {
    history.flush()
    let first = history.number(atTime: time) ?? 0
    for number in history.numbers where number >= first {
      if let segment = history.segment(number) { try write(segment, of: history) }
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

  private func write(_ bytes: [UInt8]) throws(InspectorError) {
    var done = 0
    while done < bytes.count {
      let written = unsafe bytes.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress! + done, bytes.count - done)
      }
      if written < 0, errno == EINTR { continue }
      guard written > 0 else {
        throw InspectorError(SystemCallError(call: "write", errno: errno), path: path)
      }
      done += written
    }
    self.bytes += bytes.count
  }
}
