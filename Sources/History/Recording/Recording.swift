// Reading a recording: its chunks become the segments of a history. Their records stay in the file until they are
// wanted.
//
// The file may come from another person, may have been cut while it was written, or may lie on a failing disk. So all of
// it is read once, in order, and checked. The recording ends where the first thing is wrong, and says so. Nothing in
// the file makes us take more memory than a small multiple of what the file holds.
import Host
import Observed
import Region

/// An open recording. Not thread-safe, because its history is not.
public struct Recording {
  /// The history that was recorded. Its records are read from the file when they are wanted.
  public let history: History
  /// The path of the recording's file.
  package let path: String
  /// How the target ended, in words; nil: it did not end while it was recorded.
  public private(set) var ended: String?
  /// The first fault of the file, and its place; nil: there is none.
  public private(set) var damage: String?
  package private(set) var about: RecordingAbout
  private var course = KeyframeCourse()

  /// Opens the recording in the file at `path`.
  ///
  /// - Throws: `notARecording` if it does not contain even one keyframe, and other errors if the file cannot be
  ///   read.
  public init(path: String) throws(InspectorError) {
    let history = History()
    (self.history, self.path) = (history, path)
    about = RecordingAbout(pid: 0, name: "", reasons: WaitReason.all)
    var reader = try RecordingReader(path: path)
    var builder = SegmentBuilder(reader.file)
    while let chunk = reader.next() {
      if let wrong = take(chunk, &builder) {
        reader.stop("\(wrong) at byte \(chunk.offset)")
        break
      }
    }
    builder.finish(into: history)
    history.course = course.course
    history.reasons = about.reasons
    damage = reader.damage ?? (reader.isFinished ? nil : "it was cut off: it has no end")
    guard !history.numbers.isEmpty else {
      throw .notARecording(path: path, reason: damage ?? "there is nothing in it")
    }
  }

  /// Adds one chunk, and returns what is wrong with it; nil: nothing.
  private mutating func take(_ chunk: RecordingReader.Piece, _ builder: inout SegmentBuilder) -> String? {
    switch chunk.kind {
    case .about:
      guard let about = RecordingAbout(chunk.body) else { return "a damaged beginning" }
      self.about = about
    case .names:
      guard history.names.bytes.count + chunk.body.count <= RecordingReader.mostNames else {
        return "too many names"
      }
      history.names.bytes += chunk.body
    case .keyframe:
      guard let keyframe = Keyframe(chunk.body) else { return "a damaged keyframe" }
      course.take(keyframe)
      builder.begin(keyframe, chunk, into: history)
    case .goroutines:
      guard GoroutineList(chunk.body) != nil else { return "a damaged table of Gs" }
      builder.add(goroutines: chunk)
    case .block: return builder.add(block: chunk) ? nil : "a damaged block"
    case .end:
      var body = ByteReader(chunk.body)
      _ = (body.number(), body.number())
      ended = body.text().flatMap { $0.isEmpty ? nil : $0 }
    case nil: break
    }
    return nil
  }
}

/// Puts chunks together into segments.
private struct SegmentBuilder {
  private let file: RecordingFile
  private var segment: Segment?

  init(_ file: RecordingFile) { self.file = file }

  mutating func begin(_ keyframe: Keyframe, _ chunk: RecordingReader.Piece, into history: History) {
    finish(into: history)
    let payload = payload(chunk)
    segment = Segment(
      start: keyframe.start, time: keyframe.snapshot.time, keyframe: payload, isComplete: true)
  }

  mutating func add(goroutines chunk: RecordingReader.Piece) {
    let payload = payload(chunk)
    segment?.goroutines = payload
  }

  mutating func add(block chunk: RecordingReader.Piece) -> Bool {
    var body = ByteReader(chunk.body)
    guard let lane = body.number(upTo: Lane.highest), let first = body.number(),
      let count = body.number(upTo: RecordEncoder.most), let firstTime = body.number(),
      let lastTime = body.number(), count > 0, first <= .max - UInt64(count)
    else { return false }
    let skipped = chunk.body.count - body.left
    let payload = Payload.file(file, offset: chunk.offset + UInt64(Chunk.head + skipped), count: body.left)
    let block = EventBlock(
      lane: Lane(number: lane), first: first, count: count, firstTime: firstTime, lastTime: lastTime,
      payload: payload)
    segment?.blocks.append(block)
    return segment != nil
  }

  mutating func finish(into history: History) {
    if let segment { history.append(segment) }
    segment = nil
  }

  private func payload(_ chunk: RecordingReader.Piece) -> Payload {
    .file(file, offset: chunk.offset + UInt64(Chunk.head), count: chunk.body.count)
  }
}
