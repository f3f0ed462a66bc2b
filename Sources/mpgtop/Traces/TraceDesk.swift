// Traces of a Go program that is looked at by its memory: `:trace 2s`. Where the program listens the system tells; nothing is
// sent there before somebody said yes to that address. The trace is taken on a thread of its own, and is then shown in place of
// the present, until one goes to now. Gauges that a trace lacks come from the looks of those seconds (MemoryLooks).
import GoAttach
import Inspector
import TUI
import TraceSource

/// The traces of one target; the last one is kept. Not thread-safe.
struct TraceDesk {
  /// A trace, and where it lies among the looks.
  private struct Taken {
    var history: Handed<History>
    var place: TracePlace
    /// When it came, in nanoseconds of the clock here.
    var came: UInt64
    var looks = MemoryLooks()
    var words: String
  }

  private let waker: Waker
  private let limits: HistoryLimits
  private var thread: Background<Result<Taken, TraceTrouble>>
  /// Taking a trace; cancelled when nobody waits for it any more.
  private var effort = Effort()
  /// The address from which a trace is being taken, and the looks since it was begun; nil: none is.
  private var taking: (address: String, others: [String], looks: MemoryLooks)?
  private var taken: Taken?
  private var desk: PastDesk?
  /// The last look, which is of the time before the trace when that begins.
  private var lastLook: Snapshot?
  /// What is to be said of the last trace.
  private var announcement: Frame.Announcement?

  /// The port at which Go's own documentation lets net/http/pprof listen.
  private static let usualPort = ":6060"

  init(_ waker: Waker, _ limits: HistoryLimits) {
    (self.waker, self.limits, thread) = (waker, limits, Background(waker))
  }

  /// Whether the trace is shown.
  var isShown: Bool { desk != nil }

  /// Carries out a command.
  ///
  /// - Parameter host: the other machine on which the target runs; nil: it runs here.
  mutating func perform(
    _ command: TraceCommand, on source: any SchedulerSource, host: String?
  ) -> TraceOutcome {
    if let taking { return .said("a trace is being taken from \(taking.address) already") }
    if command == .last, let taken {
      show()
      return .said(taken.words)
    }
    guard host == nil, let pid = source.threads?.pid, GoProcess(pid: pid) != nil else {
      return .said(Self.refusal(source, host))
    }
    let addresses = Self.addresses(of: pid)
    switch command {
    case .last: return Self.ask(addresses, TraceCommand.usual, nil)
    case .want(let length, let port): return Self.ask(addresses, length, port)
    case .take(let question):
      guard addresses.contains(question.address) else {
        return .said("the program does not listen at \(question.address) any more; nothing was sent")
      }
      return .said(begin(question, of: source.identity))
    }
  }

  private static func refusal(_ source: any SchedulerSource, _ host: String?) -> String {
    if let host {
      return "a trace is taken where the program runs: ssh -L 6060:localhost:6060 \(host), "
        + "then mpgtop http://localhost:6060"
    }
    return source.knowledge.absenceOfEvents == nil
      ? "no trace is needed: this program tells its events by itself" : App.cannotTrace
  }

  /// Where a process listens, as a client here reaches it: the port that is usual for pprof first, then in the system's order.
  private static func addresses(of pid: Int32) -> [String] {
    let all = ListeningSockets.addresses(of: pid).map(LoadDesk.reachable)
    return all.filter { $0.hasSuffix(usualPort) } + all.filter { !$0.hasSuffix(usualPort) }
  }

  private static func ask(_ addresses: [String], _ length: UInt64, _ port: UInt16?) -> TraceOutcome {
    guard let first = addresses.first else {
      return .said(
        "it listens on no TCP port that is seen from here; its net/http/pprof needs one: http.ListenAndServe(\"localhost:6060\", nil)"
      )
    }
    guard let port else {
      return .ask(TraceQuestion(address: first, others: Array(addresses.dropFirst()), length: length))
    }
    guard let wanted = addresses.first(where: { $0.hasSuffix(":\(port)") }) else {
      return .said("the program does not listen on port \(port), but at \(addresses.joined(separator: ", "))")
    }
    return .ask(TraceQuestion(address: wanted, others: addresses.filter { $0 != wanted }, length: length))
  }

  // MARK: taking one

  private mutating func begin(_ question: TraceQuestion, of target: Snapshot.Target) -> String {
    let address: TraceAddress
    do throws(TraceTrouble) {
      address = try TraceAddress("http://\(question.address)?seconds=\(Double(question.length) / 1e9)")
    } catch {
      return error.words
    }
    var looks = MemoryLooks()
    if let lastLook { looks.note(lastLook) }
    (taking, effort) = ((question.address, question.others, looks), Effort())
    let (limits, name, effort, length) = (limits, target.name, effort, question.length)
    thread.begin {
      do throws(TraceTrouble) {
        return Handed(.success(try Self.take(address, name, length, limits, effort)))
      } catch {
        return Handed(.failure(error))
      }
    }
    return ""
  }

  private static func take(
    _ address: TraceAddress, _ name: String, _ length: UInt64, _ limits: HistoryLimits, _ effort: Effort
  ) throws(TraceTrouble) -> Taken {
    let asked = monotonicNow()
    var request = TraceRequest(address) { effort.isCancelled }
    let answer = try request.answer()
    let chain = TraceChain(name: name, limits: limits)
    do throws(InspectorError) {
      try chain.append(answer.bytes)
    } catch {
      throw TraceTrouble(.notUnderstood, error.description)
    }
    guard let reach = chain.history.reach, reach.first <= reach.last else {
      throw TraceTrouble(.notUnderstood, "the trace from \(address.server) has no events")
    }
    let place = TracePlace(
      offset: chain.monotonicOffset, reach: reach.first...reach.last, asked: asked...max(asked, answer.came))
    var words = "a trace of \(TimeText.short(length)) from \(address.server); n goes to now"
    if case .unknown(let why) = place { words += "; no gauges of memory in it: \(why)" }
    if let cut = answer.cut { words += "; \(cut.words)" }
    if !chain.warnings.isEmpty { words += "; damaged: \(chain.warnings.joined(separator: "; "))" }
    return Taken(history: Handed(chain.history.copy()), place: place, came: answer.came, words: words)
  }

  /// Notes a look at memory, and takes over a trace that has come.
  ///
  /// - Parameter isAtNow: whether the screen shows the present, so that the trace may take its place.
  mutating func look(_ look: Snapshot?, isAtNow: Bool) {
    if let look {
      if taking != nil { taking?.looks.note(look) }
      // The looks are to reach beyond the end of the trace, so one more is added after it has come.
      if let taken, !taken.looks.reaches(taken.came) { self.taken?.looks.note(look) }
      lastLook = look
    }
    guard let taking, let result = thread.take() else { return }
    self.taking = nil
    switch result {
    case .success(var taken):
      taken.looks = taking.looks
      self.taken = taken
      if isAtNow { show() }
      announce(isAtNow ? taken.words : "the trace has come: :trace shows it")
    case .failure(let trouble):
      let other = taking.others.first?.split(separator: ":").last.map {
        "; or from the other port: :trace 2s \($0)"
      }
      announce(trouble.words + (other ?? ""))
    }
  }

  private mutating func announce(_ words: String) {
    announcement = Frame.Announcement(number: (announcement?.number ?? 0) + 1, words: words)
  }

  /// Gives up a trace that is being taken.
  func end() { effort.cancel() }

  // MARK: showing it

  private mutating func show() {
    desk = PastDesk(waker) { history in
      guard var player = Player(history) else { return nil }
      player.seekToNewest()
      return TimeTravel(player, .live)
    }
  }

  /// Moves in the trace. Going to now leaves it.
  mutating func travel(_ command: TimeCommand) {
    if command == .now || command == .resume { desk = nil } else { desk?.perform(command) }
  }

  /// A frame of the trace, with the gauges of the look before its moment; nil: none is ready yet.
  mutating func next(_ interest: Interest, _ target: Snapshot.Target) -> Frame? {
    guard let taken, var desk else { return nil }
    let history = taken.history
    let made = desk.next(interest, ended: nil) { history.value.copy() }
    self.desk = desk
    guard var frame = made else { return nil }
    let moment = taken.place.moment(frame.snapshot.time)
    frame.reading = "trace alone"
    if let moment {
      frame.snapshot.target = target
      if let found = taken.looks.last(before: moment) {
        frame.snapshot.fill(from: found.look, age: found.age)
        frame.look = Frame.Look(age: found.age, sampled: found.look.sampled)
        frame.reading = "trace, sampled \(TimeText.short(found.age)) ago"
      }
    }
    return frame
  }

  /// Adds to a frame of any moment what is to be said of the trace.
  func complete(_ frame: inout Frame) {
    if let taking { frame.reading = "tracing from \(taking.address)" }
    frame.announcement = announcement
  }
}
