// Lesson 2: the boot, before the first line of main.
import Inspector
import Region

extension Lesson {
  static let boot = Lesson(
    number: 2,
    title: "Boot before main",
    claim: "When the first line of main runs, the scheduler has booted, and four of its threads exist.",
    situation: """
      A program was started, and has come to the first line of its main. It has started nothing itself. Its main \
      is a G like any other.
      """,
    scenes: [Scene(name: "2", script: [.free(until: .atTheDoor), .ask, .prove])],
    question: { _ in
      Question(
        "How many threads (Ms) does the scheduler have before the first line of main runs?", .number(of: "M"))
    },
    judge: { (evidence) throws(Unproven) in
      let steps = BootStep.allCases
      let events = evidence.events { $0.record.kind == .boot }
      let order = events.compactMap { BootStep(rawValue: $0.detail) }
      guard order == steps else { throw Unproven("the steps of the boot were \(order)") }
      let threads = order.prefix { $0 != .main }.filter { $0.thread != nil }
      let proof = events.map { event in
        Proof(event, BootStep(rawValue: event.detail)?.thread ?? "")
      }
      return Outcome(
        .number(threads.count),
        "before main there are \(counted(threads.count, "thread")): \(threads.map { "\($0)" }.joined(separator: ", "))",
        proof)
    },
    why: """
      The runtime prepares itself before your code runs. First comes the region of memory in which it keeps its \
      state, then the Ps, then M0: the thread on which the process began. Then three threads that never run a G: \
      sysmon, which watches; the gc thread, which takes back stacks; and the netpoll thread, which asks the kernel \
      which sockets are ready. Then the main G is put on a queue, and M0 goes to look for work like any M. It \
      finds the main G.
      """,
    go: """
      In Go, rt0 and schedinit do the same: the Ps, then the main goroutine on a queue, then mstart. Sysmon is a \
      thread there as well. Otherwise: Go's garbage collector runs in goroutines, and Go has no thread for \
      netpoll: a thread that looks for work does that, too.
      """,
    notes: [
      "Every program on the runtime boots like this; mpgtop tells the boot of any of them, with its times.",
      "Which of these threads may run your code? Only M0: the other three never hold a P.",
    ])
}

extension BootStep {
  /// The thread that this step makes, in a few words; nil: it makes none.
  fileprivate var thread: String? {
    switch self {
    case .m0: "the process's first thread"
    case .sysmon, .gc, .netpoll: "a thread that never runs a G"
    case .region, .procs, .mainG, .main: nil
    }
  }
}

extension RunEvidence {
  /// Returns the events of the whole history for which `fits` is true, in the order of time.
  func events(where fits: (PlacedRecord) -> Bool) -> [Event] {
    guard let player = Player(history) else { return [] }
    var found: [Event] = []
    player.walk(from: history.firstNumber) { window, events in
      let wording = Wording(window.keyframe.clock, names: history.names, reasons: history.reasons)
      found += events.filter(fits).map { Event($0, wording) }
    }
    return found
  }
}
