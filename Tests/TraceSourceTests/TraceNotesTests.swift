// What a trace tells beside moves: lines that the program logs, samples, labels, sweeping and the heap.
import GoTrace
import Host
import Region
import TestSupport
import Testing

@testable import History
@testable import Insight
@testable import Observed
@testable import TraceSource

/// The same, as the events of the trace say it.
private struct Told {
  var logs: [String] = []
  var samples: [String] = []
  var labels: [UInt64: [String]] = [:]
  var sweeps: [UInt64] = []
  var live, goal: UInt64?

  init(_ reader: consuming TraceReader) throws {
    var part: [TraceEvent] = []
    var began: [Int: Int64] = [:]
    while try reader.next(into: &part) {
      if reader.isGenerationStart, reader.isAfterGap { (began, live, goal) = ([:], nil, nil) }
      for event in part {
        let arguments = event.arguments
        func string(_ id: UInt64) -> String { reader.tables.string(id) ?? "" }
        switch event.kind {
        case .userLog:
          logs.append(
            "\(event.time) G\(event.g ?? 0) \(arguments.0) \(string(arguments.1)): \(string(arguments.2))")
        case .cpuSample:
          let top = reader.tables.top(arguments.0)?.function ?? ""
          samples.append("\(event.time) G\(event.g ?? 0) \(top)")
        case .goLabel:
          let (g, label) = (event.g ?? 0, string(arguments.0))
          if labels[g]?.last != label { labels[g, default: []].append(label) }
        case .gcSweepBegin: if let p = event.p { began[p] = event.time }
        case .gcSweepEnd:
          if let p = event.p, let begin = began.removeValue(forKey: p) {
            sweeps.append(UInt64(event.time - begin))
          }
        case .heapAlloc: live = arguments.0
        case .heapGoal: goal = arguments.0
        default: break
        }
      }
    }
  }
}

@Suite("What a Go trace tells beside moves")
struct TraceNotesTests {
  private func events(_ history: History) throws -> [Event] {
    try history.numbers.flatMap { number in
      let window = try #require(Window(number, of: history, RecordDecoder()))
      let clock = window.keyframe.clock
      return window.events[window.prefix...].map {
        Event($0, clock, names: history.names, reasons: history.reasons)
      }
    }
  }

  private func logs(_ events: [Event], _ names: StringBook) -> [String] {
    events.filter { $0.kind == .log }.map {
      "\($0.time) G\($0.g ?? 0) \($0.arg) \(names.string(UInt64($0.count)) ?? "")"
    }
  }

  @Test(
    "each line that is logged and each sample is an event, with its text and its task", arguments: Kept.all)
  func records(_ kept: Kept) throws {
    let (history, told) = (try kept.history(), try Told(kept.reader()))
    let events = try events(history)
    #expect(logs(events, history.names) == told.logs)
    let samples = events.filter { $0.kind == .cpuSample }
    #expect(samples.count == told.samples.count)
    for (sample, words) in zip(samples, told.samples) {
      let function = words.split(separator: " ").last.map(String.init) ?? ""
      #expect(
        words.hasPrefix("\(sample.time) G\(sample.g ?? 0) ") && sample.text.contains(function),
        "\(sample.text)")
    }
    if kept.description.hasPrefix("every") { #expect(told.logs.count == 4 && !told.samples.isEmpty) }
  }

  @Test("sweeps are lengths, the heap has its last size, and a G its last label", arguments: Kept.all)
  func collector(_ kept: Kept) throws {
    let (history, told) = (try kept.history(), try Told(kept.reader()))
    let sweeps = history.collectorRanges?.filter { $0.kind == .sweep }.map { $0.end - $0.begin }
    #expect(sweeps == told.sweeps)
    #expect(history.heapSizes.last?.live == told.live && history.heapSizes.last?.goal == told.goal)
    #expect(zip(history.heapSizes, history.heapSizes.dropFirst()).allSatisfy { $0.time <= $1.time })
    #expect(
      history.stacks.labels.mapValues { $0.map { history.names.string(UInt64($0.name)) ?? "" } }
        == told.labels)
    var player = try #require(Player(history))
    player.seekToEnd()
    let frame = PastFrames().frame(of: player, .recording)
    #expect(frame.instruments?.heapLive == told.live && frame.instruments?.heapGoal == told.goal)
    if kept.description.hasPrefix("every") {
      #expect(told.live != nil && !told.sweeps.isEmpty && !told.labels.isEmpty)
    }
    let shown = player.stacks(of: .all)?.labels ?? [:]
    for (g, labels) in told.labels where player.goroutines[g] != nil { #expect(shown[g] == labels.last) }
  }

  @Test("the telling of a task has its lines, with their offsets")
  func request() throws {
    let history = try Kept.named("every-1.27.3.trace").history()
    let player = try #require(Player(history))
    let line = try #require(
      try events(history).first { $0.kind == .log && player.request(.number($0.arg)) != nil })
    let walk = try #require(player.request(.number(line.arg)))
    let steps = walk.steps.filter { $0.title == "logs" }
    let text = try #require(history.names.string(UInt64(line.count)))
    let step = try #require(steps.first { $0.text.contains(text) })
    #expect(step.time == line.time && step.lasted == 0 && step.text.contains("after the span began"))
    var end = player
    end.seekToEnd()
    let whole = try #require(end.walk(ofSpan: line.arg))
    #expect(whole.logs.contains(SpanLog(g: line.g ?? 0, time: line.time, text: text)))
    #expect(whole.lines(limit: 1000).contains { $0.hasSuffix("G\(line.g ?? 0) logs: \(text)") })
    let did = walk.steps.filter { $0.kind == .did }
    #expect(did.reduce(0) { $0 + ($1.lasted ?? 0) } == walk.span.end.map { $0 - walk.span.begin })
    #expect(zip(did, did.dropFirst()).allSatisfy { ($0.time ?? 0) <= ($1.time ?? 0) })
  }

  @Test("a recording of a trace keeps lines and samples, and tells nothing of lengths that it does not keep")
  func recorded() throws {
    let history = try Kept.named("every-1.27.3.trace").history()
    let folder = try TemporaryFolder()
    let writer = try RecordingWriter(path: folder.path + "/a.rec")
    try writer.begin(Snapshot.Target(name: "every"), history)
    try writer.write(history, since: 0)
    try writer.finish(ended: nil)
    let recording = try Recording(path: folder.path + "/a.rec")
    let (before, after) = (try events(history), try events(recording.history))
    #expect(
      logs(after, recording.history.names) == logs(before, history.names)
        && !logs(after, recording.history.names).isEmpty)
    #expect(
      after.filter { $0.kind == .cpuSample }.map(\.text)
        == before.filter { $0.kind == .cpuSample }.map(\.text))
    #expect(recording.history.collectorRanges == nil && recording.history.heapSizes.isEmpty)
  }

  @Test("a recording has a map of all of it: its keyframes tell how busy the Ps were")
  func map() throws {
    let history = try Kept.named("long-1.27.3.trace").history()
    let folder = try TemporaryFolder()
    let writer = try RecordingWriter(path: folder.path + "/a.rec")
    try writer.begin(Snapshot.Target(name: "long"), history)
    try writer.write(history, since: 0)
    try writer.finish(ended: nil)
    let course = try Recording(path: folder.path + "/a.rec").history.course
    #expect(course.points(10).contains { $0.isKnown && $0.running > 0 })
  }
}
