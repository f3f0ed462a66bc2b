// Recordings that the user makes on the screen: `w` writes the last half minute, `a` begins and ends a recording. Each gets
// a new file in the current folder; existing files are never touched.
internal import Glibc
import Inspector
import TUI

struct ScreenRecorder {
  /// How much history the key `w` writes, in nanoseconds.
  static let last: UInt64 = 30_000_000_000
  /// The most file names that are tried for recordings of the same second.
  private static let mostNames = 100

  private var writer: RecordingWriter?
  /// A recording that ended by an error; nil again when the next one begins.
  private var broken: Frame.Recording?
  /// The first failure of any recording.
  private(set) var failure: Failure?

  /// Does the command, and returns one line that says the result.
  ///
  /// - Parameter breathe: is called from time to time during long work, so that the caller can drain the rings.
  mutating func perform(
    _ command: RecordCommand, _ history: History, of target: Snapshot.Target, breathe: () -> Void
  ) -> String {
    broken = nil
    do throws(InspectorError) {
      switch command {
      case .writeLast:
        let writer = try Self.begin(target, history)
        return try ending(writer) { () throws(InspectorError) in
          let newest = history.reach?.last ?? monotonicNow()
          let since = newest - min(newest, Self.last)
          try writer.write(history, since: since, breathe: breathe)
          try writer.finish(ended: nil)
          return "wrote \(writer.records) events to \(writer.path)"
        }
      case .toggle where writer != nil: return finish(history, ended: nil) ?? ""
      case .toggle:
        let writer = try Self.begin(target, history)
        history.record(to: writer, fromNow: true)
        self.writer = writer
        return "recording to \(writer.path); a again ends it"
      }
    } catch {
      return failed(error, "not recorded: \(error.description)")
    }
  }

  var isRecording: Bool { writer != nil }

  /// Ends the current recording, and returns one line that says the result; nil: there is none.
  mutating func finish(_ history: History, ended: String?) -> String? {
    guard let writer else { return nil }
    self.writer = nil
    do throws(InspectorError) {
      return try ending(writer) { () throws(InspectorError) in
        try history.finishRecording()
        try writer.finish(ended: ended)
        return "recorded \(writer.records) events in \(writer.path)"
      }
    } catch {
      return failed(error, "not recorded: \(error.description)")
    }
  }

  /// Runs `body`, which ends a recording. If that fails, keeps the part that was written.
  private mutating func ending(
    _ writer: RecordingWriter, _ body: () throws(InspectorError) -> String
  ) throws(InspectorError) -> String {
    do throws(InspectorError) {
      return try body()
    } catch {
      guard writer.salvage(ended: nil) else { throw error }
      return failed(error, "\(error.description); the first \(writer.records) events are in \(writer.path)")
    }
  }

  private mutating func failed(_ error: InspectorError, _ words: String) -> String {
    if failure == nil { failure = Failure(Failure(error).code, words) }
    return words
  }

  /// The state of the current recording. If it has failed, ends it, and returns the problem.
  mutating func status(_ history: History) -> Frame.Recording? {
    if let writer, history.recordingError != nil {
      var recording = Frame.Recording(path: writer.path)
      recording.problem = finish(history, ended: nil).map { "the recording has ended: \($0)" }
      (recording.records, recording.bytes) = (writer.records, writer.bytes)
      broken = recording
    }
    guard let writer else { return broken }
    var recording = Frame.Recording(path: writer.path)
    (recording.records, recording.bytes) = (writer.records, writer.bytes)
    return recording
  }

  private static func begin(_ target: Snapshot.Target, _ history: History) throws(InspectorError)
    -> RecordingWriter
  {
    let name = "mpgtop-\(target.pid)-\(now)"
    for number in 1..<mostNames {
      let path = name + (number == 1 ? "" : "-\(number)") + ".mpgrec"
      if FileIdentity(path: path + ".part") != nil { continue }  // taken by a current recording
      do throws(InspectorError) {
        let writer = try RecordingWriter(path: path, isNew: true)
        try writer.begin(target, history)
        return writer
      } catch .system(_, _, EEXIST) {
        continue
      } catch {
        throw error
      }
    }
    throw .system(call: "open", path: name, errno: EEXIST)
  }

  /// The local time: `20261126-173512`.
  private static var now: String {
    var seconds = time(nil)
    var parts = unsafe tm()
    unsafe localtime_r(&seconds, &parts)
    var text = [UInt8](repeating: 0, count: 32)
    let count = unsafe text.withUnsafeMutableBytes {
      unsafe strftime($0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count, "%Y%m%d-%H%M%S", &parts)
    }
    return String(decoding: text.prefix(count), as: UTF8.self)
  }
}
