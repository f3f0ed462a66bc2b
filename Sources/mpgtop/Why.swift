// `mpgtop why`: explains from a history why Gs waited, and how the time of requests was spent; where there are no events,
// from what is seen now.
internal import Glibc
import Inspector

struct Why {
  let options: WhyOptions
  let output: StandardOutput

  /// At most this many lines of a request are printed as text.
  private static let mostLines = 200

  /// Watches a live process for a while, then answers.
  func run(_ source: any SchedulerSource) throws(Failure) {
    var sampler = Sampler(from: source, history: options.history.limits)
    guard let history = sampler.history else { return }
    let end = monotonicNow() + (options.duration?.nanoseconds ?? 2_000_000_000)
    var doubt = TroubleReport.doubt
    while monotonicNow() < end, sampler.ending == nil {
      let pause = try failing { () throws(InspectorError) in try sampler.step() }
      doubt.tell(sampler.doubt?.description)
      usleep(UInt32(clamping: min(pause, end - min(end, monotonicNow())) / 1000))
    }
    try failing { () throws(InspectorError) in try sampler.finish() }
    if sampler.explainsNow { return try answerNow(&sampler) }
    try answer(history)
  }

  /// Follows a Go program by its traces for a while, then answers.
  func run(_ follower: TraceFollower) throws(Failure) {
    let end = monotonicNow() + (options.duration?.nanoseconds ?? 2_000_000_000)
    repeat {
      do throws(Failure) { try follower.one() } catch {
        guard follower.traces > 0 else { throw error }
        complain(error.message)  // a gap: what came before it can be asked
        usleep(500_000)
      }
    } while monotonicNow() < end
    try answer(follower.copy())
  }

  /// Answers from what is seen now, where there are no events.
  private func answerNow(_ sampler: inout Sampler) throws(Failure) {
    var sampler = sampler
    var interest = Interest()
    (interest.goroutines, interest.why) = (true, options.g.map { .g($0) } ?? .scheduler)
    if options.g == nil, let absence = sampler.latest?.trace.absence {
      complain(absence)
      guard options.requests == nil, options.request == nil, options.follow == nil else { return }
    }
    // The first look finds the G's descriptor, and the second its socket.
    var frame = try failing { () throws(InspectorError) in try sampler.frame(interest) }
    if let g = options.g {
      let ids = frame.detail.goroutines?.all.map(\.id) ?? []
      guard ids.contains(g) else {
        let range = ids.first.flatMap { first in ids.last.map { "its Gs are among G\(first) to G\($0)" } }
        let isCut = frame.detail.goroutines?.isComplete == false
        let words = isCut ? "G\(g) is not among the \(ids.count) Gs that were read" : "there is no G\(g)"
        throw Failure(ExitCode.noSuchProcess, "\(words); \(range ?? "it has no Gs")")
      }
      frame = try failing { () throws(InspectorError) in try sampler.frame(interest) }
    }
    guard let answer = frame.detail.why else { return }
    try write(options.json ? [answer.json] : answer.lines.map(\.text))
  }

  func answer(_ history: History) throws(Failure) {
    guard let player = Player(history) else {
      throw Failure(ExitCode.layout, "there is nothing to look at: no whole piece of history")
    }
    if let absence = player.snapshot.trace.absence { return complain(absence) }
    if let number = options.request {
      guard let walk = player.walk(ofSpan: number) else {
        throw Failure(ExitCode.usage, "no request \(number) begins in this history; --requests lists some")
      }
      return try write(options.json ? [walk.json] : walk.lines(limit: Self.mostLines))
    }
    if let follow = options.follow { return try tell(follow, player) }
    if options.requests != nil {
      let spans = player.slowestSpans(options.count)
      if spans.isEmpty { complain("no requests, or other spans, in this history") }
      return try write(spans.map { options.json ? $0.json : $0.text })
    }
    try write(try waits(player).map(player.chain))
  }

  private func tell(_ follow: FollowedRequest, _ player: Player) throws(Failure) {
    switch follow {
    case .last:
      guard let walk = player.request(.last(by: player.time)) else {
        throw Failure(ExitCode.usage, "no request ends in this history")
      }
      try write(options.json ? [walk.json] : walk.lines)
    case .number(let number):
      guard let walk = player.request(.number(number)) else {
        throw Failure(ExitCode.usage, "no request \(number) begins in this history; --requests lists some")
      }
      try write(options.json ? [walk.json] : walk.lines)
    }
  }

  /// The waits that the options select.
  private func waits(_ player: Player) throws(Failure) -> [Wait] {
    guard let g = options.g else {
      let waits = player.slowestWaits(options.count, by: options.by)
      if waits.isEmpty { complain("no G waited in this history") }
      return waits
    }
    let waits = player.waits(of: g)
    guard !waits.isEmpty else { throw noWaits(of: g, player) }
    guard options.slowest != nil else { return Array(waits.suffix(options.count)) }
    func weight(_ wait: Wait) -> UInt64 {
      options.by == .delay ? wait.delay : wait.duration(until: player.time)
    }
    return Array(waits.sorted { weight($0) > weight($1) }.prefix(options.count))
  }

  private func noWaits(of g: UInt64, _ player: Player) -> Failure {
    let known = player.knownGs(asking: g)
    if known.hasIt { return Failure(ExitCode.usage, "no wait of G\(g) begins or ends in this history") }
    let range =
      known.range.map { "its Gs are among G\($0.lowerBound) to G\($0.upperBound)" } ?? "it has no Gs"
    return Failure(ExitCode.noSuchProcess, "G\(g) is not in this history; \(range)")
  }

  private func write(_ chains: [WaitChain]) throws(Failure) {
    if options.json { return try write(chains.map(\.json)) }
    try write([chains.map { $0.lines.joined(separator: "\n") }.joined(separator: "\n\n")])
  }

  private func write(_ lines: [String]) throws(Failure) {
    let text = lines.joined(separator: "\n")
    if text.isEmpty { return }
    try options.json ? output.writeExact(text + "\n") : output.write(text + "\n")
  }
}
