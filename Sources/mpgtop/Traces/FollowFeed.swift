// Frames of a Go program that is traced again and again, for the screen. The newest trace is shown at its end, as a live
// process is; what came before can be looked at meanwhile, as its past.
import Inspector
import TUI

struct FollowFeed {
  private let follower: TraceFollower
  private var desk: PastDesk
  private var recorder = ScreenRecorder()
  /// How many traces the shown frame knows; −1: none.
  private var seen = -1
  private var isPast = false
  /// The last frame of now.
  private var last: Frame?
  var interest = Interest.none

  init(_ follower: TraceFollower, _ waker: Waker) {
    self.follower = follower
    desk = PastDesk(waker) { history in
      guard var player = Player(history) else { return nil }
      player.seekToNewest()
      return TimeTravel(player, .live)
    }
  }

  mutating func travel(_ command: TimeCommand) {
    isPast = command != .now && command != .resume
    guard isPast else {
      desk.leave()
      seen = -1
      return
    }
    desk.perform(command)
  }

  /// The frame of the newest moment, or of the wanted past one; nil: none is ready yet.
  mutating func next() -> Frame? {
    let traces = follower.traces
    if !isPast, traces != seen {
      seen = traces
      desk.perform(.now)
    }
    let follower = follower
    guard var frame = desk.next(interest, ended: nil, { follower.copy() }) ?? (isPast ? nil : last) else {
      return last
    }
    if isPast {
      let reach = follower.withHistory { history, _ in history.reach.map { [$0.first, $0.last] } }
      if let reach, var past = frame.past {
        (past.first, past.last) = (reach[0], max(reach[1], past.time))
        frame.past = past
      }
    } else {
      frame.past = nil
      last = frame
    }
    frame.doubt = follower.trouble.map { "\($0); trying again" }
    // The line of the doubt is only on the Overview; that there is one is seen on each screen.
    frame.reading = frame.doubt != nil ? "no trace comes" : follower.isDamaged ? "damaged" : nil
    frame.recording = recordingStatus()
    return frame
  }

  // MARK: recordings

  mutating func record(_ command: RecordCommand) -> String {
    withRecorder { $0.perform(command, $1, of: $2) {} }
  }

  private mutating func recordingStatus() -> Frame.Recording? {
    withRecorder { recorder, history, _ in recorder.status(history) }
  }

  /// Ends the current recording, if there is one. Returns a line that says the result.
  mutating func finishRecording() -> String? {
    guard recorder.isRecording else { return nil }
    return withRecorder { recorder, history, _ in recorder.finish(history, ended: nil) }
  }

  /// The first failure of any recording.
  var recordingFailure: Failure? { recorder.failure }

  private mutating func withRecorder<Value: Sendable>(
    _ body: (inout ScreenRecorder, History, Snapshot.Target) -> Value
  ) -> Value {
    var recorder = recorder
    defer { self.recorder = recorder }
    return follower.withHistory { history, target in body(&recorder, history, target) }
  }
}
