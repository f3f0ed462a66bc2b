// Answers about now, of a source without events: what is known is said, and what cannot be known too.
import Region
import Testing

@testable import Host
@testable import Insight
@testable import Observed

@Suite("Explanations of now")
struct LiveExplainTests {
  private let knowledge = Knowledge(
    gauges: .sampled, absenceOfEvents: "no events: none are kept", hasStacks: true,
    beyond: "A trace tells more.")

  private var frame: Frame {
    var snapshot = Snapshot()
    (snapshot.time, snapshot.procs) = (20_000_000_000, 1)
    snapshot.gs.waiting = [.netpollRead: 1]
    var m = Snapshot.M()
    (m.id, m.tid, m.locked, m.callsToC, m.state) = (4, 400, 7, 1, .syscall)
    snapshot.ms = [m]
    var frame = Frame(snapshot: snapshot)
    var g = Goroutine()
    (g.id, g.state, g.reason, g.words, g.fd) = (7, .waiting, .netpollRead, "IO wait", 5)
    (g.since, g.isOlder, g.entry, g.parent) = (8_000_000_000, true, "main.start at main.go:9", 1)
    frame.detail.goroutines = Goroutines(all: [g], isComplete: true)
    var socket = Socket()
    (socket.local, socket.peer, socket.unread, socket.unacknowledged) = ("a:1", "b:2", 300, 0)
    frame.detail.sockets = [5: socket]
    let call = StackFrame(function: "main.read", file: "main.go", line: 3, isInlined: true)
    frame.detail.stacks = Stacks(
      outcomes: [7: .stack(0), 8: .moved],
      distinct: [CallStack(frames: [call], cut: "more frames were not read")],
      labels: [7: "k=v"])
    return frame
  }

  private func lines(_ subject: Subject, _ frame: Frame? = nil) -> [String] {
    Explanation.ofNow(subject, in: frame ?? self.frame, knowledge).lines.map(\.text)
  }

  @Test(
    "a G: its wait in its own words, at least how long, its creator, socket, thread and stack, and what is not known"
  )
  func goroutine() {
    let lines = lines(.g(7))
    #expect(
      lines.first
        == "G7 waits for IO wait, fd 5, for at least 12.0 s. (So long it has been seen there; it may be longer.)"
    )
    for part in [
      "main.start at main.go:9 spawned it, in G1.", "Its labels: k=v.",
      "fd 5, a:1 to b:2: 300 bytes to read (Recv-Q), 0 bytes not acknowledged by the other end (Send-Q).",
      "M4 (thread 400) is locked to G7", "    main.read  main.go:3 (inlined)",
      "    more frames were not read",
      "No events: none are kept.", "A trace tells more.",
    ] {
      #expect(lines.contains { $0.hasPrefix(part) }, "\(part)")
    }
  }

  @Test("a G that is gone, one that moved, and an M in C")
  func others() {
    #expect(lines(.g(9)).first == "G9 is gone.")
    #expect(lines(.stack(8)).contains { $0.contains("moved: it went on") })
    #expect(lines(.stack(9)).contains(LiveExplainer.noStacks))
    let m = lines(.m(4))
    #expect(m.contains { $0.contains("in a call to C") } && m.contains { $0.contains("locked to G7") })
    #expect(lines(.m(5)).first == "There is no M5 now.")
  }

  @Test("the scheduler: its findings, or that there are none, and how long Gs were ready")
  func scheduler() {
    var frame = frame
    #expect(lines(.scheduler).contains { $0.hasPrefix("No finding") })
    #expect(lines(.latency(.runQueue)).first == "How long Gs were ready before they ran is not known.")
    frame.instruments = Instruments()
    frame.instruments?.findings = [Finding(lint: "convoy", message: "a queue", value: 9, threshold: 8)]
    frame.snapshot.sampled = Snapshot.Sampled()
    frame.snapshot.sampled?.runLatency = Snapshot.Latency(
      count: 9, p50: 1000, p90: 2000, p99: 3000, max: 4000)
    #expect(lines(.scheduler, frame).contains("! a queue"))
    #expect(
      lines(.scheduler, frame).contains { $0.contains("half of 9 Gs that were measured ran within 1.00 µs") })
  }

  @Test("what an answer is made from is asked for, beside what the screen asks")
  func interest() {
    var interest = Interest()
    interest.stacks = .some([1, 2])
    #expect(interest.widened(nil) == interest)
    interest.why = .g(7)
    let wide = interest.widened(frame.detail.goroutines)
    #expect(wide.stacks == .some([1, 2, 7]) && wide.sockets == [5] && wide.goroutines && wide.threads)
    interest.stacks = .all
    #expect(interest.widened(nil).stacks == .all)
  }
}
