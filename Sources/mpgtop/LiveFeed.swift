// Frames of a live process for the screen.
import Inspector
import TUI

/// A sampler that never throws: it keeps the error, and shows it as the end of the target. If the screen wants a past
/// moment, a separate thread makes the frames from a copy of the history, and the sampler keeps draining.
struct LiveFeed {
  @CopyOnWrite private var sampler: Sampler
  private let limits: HistoryLimits
  private let waker: Waker
  private let host: String?
  private var last: Frame?
  private var past: PastDesk
  private var isPast = false
  private var requests: RequestDesk
  private var stages: StageDesk
  private var recorder = ScreenRecorder()
  private var paceDesk = PaceDesk()
  private var loadDesk = LoadDesk()
  private var traces: TraceDesk
  var interest = Interest.none
  private(set) var failure: InspectorError?

  /// - Parameter host: the other machine on which the target runs; nil: it runs here, or nobody said where.
  init(_ source: any SchedulerSource, _ limits: HistoryLimits, _ waker: Waker, host: String? = nil) {
    sampler = Self.sampler(source, limits)
    (self.limits, self.waker, self.host) = (limits, waker, host)
    (past, requests, stages) = (Self.past(waker), RequestDesk(waker), StageDesk(waker))
    traces = TraceDesk(waker, limits)
  }

  /// A sampler that interrupts a long reading when the user presses a key.
  private static func sampler(_ source: any SchedulerSource, _ limits: HistoryLimits) -> Sampler {
    var sampler = Sampler(from: source, history: limits)
    sampler.isCalledAway = { NCursesTerminal.isTyped }
    return sampler
  }

  private static func past(_ waker: Waker) -> PastDesk {
    PastDesk(waker) { history in
      guard var player = Player(history) else { return nil }
      player.seekToNewest()
      return TimeTravel(player, .live)
    }
  }

  var pid: Int32 { sampler.identity.pid }

  var ending: TargetEnding? { sampler.ending }

  /// Lets the sampler do what is due. Returns the nanoseconds until something is due again; nil: nothing, after an
  /// error.
  @discardableResult
  mutating func poll() -> UInt64? {
    guard failure == nil else { return nil }
    do {
      let pause = try sampler.step()
      traces.look(sampler.latest, isAtNow: !isPast)
      return pause
    } catch {
      failure = error
      return nil
    }
  }

  mutating func travel(_ command: TimeCommand) {
    if traces.isShown { return traces.travel(command) }
    isPast = command != .now && command != .resume
    if isPast { past.perform(command) } else { past.leave() }
  }

  mutating func record(_ command: RecordCommand) -> String {
    guard let history = sampler.history else { return "there is no history to record" }
    var recorder = recorder
    let words = recorder.perform(command, history, of: sampler.identity) { poll() }
    self.recorder = recorder
    return words
  }

  /// Ends the current recording, if there is one, after reading the rest of the rings. Returns a line that says the result.
  mutating func finishRecording() -> String? {
    guard let history = sampler.history, recorder.isRecording else { return nil }
    if failure == nil { do { try sampler.finish() } catch { failure = error } }
    return recorder.finish(history, ended: ending?.description)
  }

  /// Holds, steps or slows the target's scheduler. Returns the outcome in a few words.
  mutating func pace(_ command: PaceCommand) -> String {
    // The command acts on the scheduler as it is now, so the screen must not show the past.
    traces.travel(.now)
    travel(.now)
    return paceDesk.perform(command, on: sampler.source)
  }

  /// Starts or ends a load on the target. Returns the outcome in a few words.
  mutating func load(_ command: LoadCommand) -> String { loadDesk.perform(command) }

  /// Asks whether a trace may be taken, takes it, or shows the last one.
  mutating func trace(_ command: TraceCommand) -> TraceOutcome {
    let outcome = traces.perform(command, on: sampler.source, host: host)
    // The trace takes the place of the present, and while one is taken the present is shown.
    isPast = false
    past.leave()
    return outcome
  }

  /// Ends all loads that were started here.
  mutating func endLoads() { loadDesk.end() }

  /// Switches to the youngest live process of the same name, if there is one.
  mutating func again() -> Again {
    do throws(InspectorError) {
      guard let next = try sampler.source.successor() else {
        return .not("no live process is called \(sampler.identity.name); r looks again")
      }
      let words = finishRecording().map { "; \($0)" } ?? ""
      sampler = Self.sampler(next, limits)
      past.leave()
      (past, requests, stages) = (Self.past(waker), RequestDesk(waker), StageDesk(waker))
      loadDesk.end()
      traces.end()
      traces = TraceDesk(waker, limits)
      (paceDesk, loadDesk) = (PaceDesk(), LoadDesk())
      (last, isPast, failure) = (nil, false, nil)
      return .attached("looking at process \(next.identity.pid) now\(words)")
    } catch {
      return .not(error.description)
    }
  }

  /// The first failure of any recording, whether the user saw it on the screen or not.
  var recordingFailure: Failure? { recorder.failure }

  /// The frame of the present moment, or of the wanted past moment. After an error: the last frame, marked as
  /// ended.
  mutating func next() -> Frame? {
    traces.look(sampler.latest, isAtNow: !isPast)
    let ofTrace = traces.isShown ? traces.next(interest, sampler.identity) : nil
    var frame = ofTrace ?? (isPast ? nextOfPast() : nextOfNow())
    if var shown = frame {
      if traces.isShown, ofTrace == nil { shown.reading = "looking into the trace" }
      traces.complete(&shown)
      frame = shown
    }
    if let history = sampler.history { frame?.recording = recorder.status(history) }
    frame?.host = host
    frame?.loads = loadDesk.status(failure == nil && ending == nil ? sampler.source.threads?.pid : nil)
    return frame
  }

  private mutating func nextOfNow() -> Frame? {
    if failure == nil {
      // Another thread looks for requests, so the sampler does not. In the sampler's thread the search would take so
      // long that the rings would overwrite unread records.
      var interest = interest
      (interest.request, interest.stage) = (nil, nil)
      do { last = try sampler.frame(interest) } catch { failure = error }
    }
    if let choice = interest.request, let history = sampler.history {
      last?.detail.request = requests.answer(choice) { history.copy() }
    }
    if let question = interest.stage, let history = sampler.history {
      let isPaced = last?.snapshot.pace?.isOn == true
      let stage = stages.stage(question, isPaced: isPaced) { history.copy() }
      last?.detail.stage = stage
    }
    if let failure { last?.ended = failure.description }
    return last
  }

  /// A frame of the past. Until the first one is ready, it is the last frame that was shown before.
  private mutating func nextOfPast() -> Frame? {
    guard let history = sampler.history else { return last }
    let (ended, isOver) = (ending?.description, failure != nil)
    var problem: InspectorError?
    var sampler = sampler
    let frame = past.next(interest, ended: ended) {
      if !isOver { do throws(InspectorError) { try sampler.finish() } catch { problem = error } }
      return history.copy()
    }
    self.sampler = sampler
    if let problem { failure = problem }
    guard var frame else {
      last?.looking = past.looking
      return last
    }
    // The history has grown since the frame was made, so its first and last moment have changed.
    if var moved = frame.past, let reach = history.reach {
      (moved.first, moved.last) = (reach.first, max(reach.last, moved.time))
      frame.past = moved
    }
    return frame
  }
}

/// Finds the request that a view of the present shows. The request may not have ended, or not even begun. So the desk
/// looks again and again, on a separate thread.
private struct RequestDesk {
  /// The time between two looks, in nanoseconds.
  private static let pause: UInt64 = 250_000_000

  private var thread: Background<RequestAnswer>
  private var last: RequestAnswer?
  private var effort: Effort?
  private var choice: RequestChoice?
  private var next: UInt64 = 0

  init(_ waker: Waker) { thread = Background(waker) }

  mutating func answer(_ choice: RequestChoice, _ history: () -> History) -> RequestAnswer? {
    if self.choice != choice {
      effort?.cancel()
      (self.choice, last, next) = (choice, nil, 0)
    }
    if let answer = thread.take(), effort?.isCancelled == false { last = answer }
    guard last?.walk?.span.end == nil, !thread.isBusy, monotonicNow() >= next else { return last }
    next = monotonicNow() + Self.pause
    let (effort, given) = (Effort(), Handed(history()))
    self.effort = effort
    thread.begin {
      Handed(RequestAnswer(choice: choice, walk: Player(given.value)?.request(choice, effort: effort)))
    }
    return last
  }
}
