// Explains a target that has no events from what is seen of it now: the state of a G, its socket, its stack, and what
// cannot be known. `Explainer` explains moments whose events are known.
import Host
import Observed
import Region

extension Explanation {
  /// Explains a subject from a frame of now, with the details that `Interest.widened` asks for.
  package static func ofNow(_ subject: Subject, in frame: Frame, _ knowledge: Knowledge) -> Explanation {
    LiveExplainer(frame: frame, knowledge: knowledge).explain(subject)
  }
}

extension Interest {
  /// Returns the interest, extended by the details that are needed to explain the subject `why`.
  ///
  /// - Parameter known: the last table of Gs; nil: none was read yet.
  package func widened(_ known: Goroutines?) -> Interest {
    guard let why else { return self }
    var wide = self
    (wide.goroutines, wide.threads) = (true, true)
    guard let g = why.g else { return wide }
    switch stacks {
    case .all: break
    case .some(.some(let seen)): wide.stacks = StackQuestion.some(seen.contains(g) ? seen : seen + [g])
    case nil: wide.stacks = StackQuestion.some([g])
    }
    if let fd = known?[g]?.fd, !sockets.contains(fd) { wide.sockets.append(fd) }
    return wide
  }
}

extension Explanation {
  /// Maximum number of calls of a stack that an answer lists.
  private static let mostCalls = 200

  /// Adds the calls of a stack, the innermost first.
  mutating func add(_ stack: CallStack) {
    for call in stack.frames.prefix(Self.mostCalls) {
      let place = "\(call.file ?? "?"):\(call.line.orDash)" + (call.isInlined ? " (inlined)" : "")
      add(call.isLibrary ? .libraryCall : .call, "    \(call.function)  \(place)")
    }
    if stack.frames.count > Self.mostCalls {
      add(.text, "    and \(stack.frames.count - Self.mostCalls) more")
    }
    if let cut = stack.cut { add(.text, "    \(cut)") }
  }
}

extension Subject {
  /// The G that the subject is about; nil: it is about none.
  package var g: UInt64? {
    switch self {
    case .g(let g), .stack(let g), .descriptor(_, let g): g
    default: nil
    }
  }
}

extension Goroutines {
  /// The G with an id; nil: it is not listed.
  package subscript(id: UInt64) -> Goroutine? {
    let place = all.firstPlace { $0.id < id }
    return place < all.count && all[place].id == id ? all[place] : nil
  }
}

/// Makes answers from one frame.
struct LiveExplainer {
  let frame: Frame
  let knowledge: Knowledge
  private var snapshot: Snapshot { frame.snapshot }
  private var rules: Rules { Rules(snapshot.ruleNumbers) }

  /// The answer to a question about a stack, if the source has no stacks.
  static let noStacks =
    "There is no stack to show: only those of live Gs are read, and not every program has them."
  init(frame: Frame, knowledge: Knowledge) { (self.frame, self.knowledge) = (frame, knowledge) }

  func explain(_ subject: Subject) -> Explanation {
    var answer = Explanation(subject)
    switch subject {
    case .g(let id): explainG(id, &answer)
    case .stack(let id): tellStack(id, &answer)
    case .descriptor(let fd, let g):
      let waits = frame.detail.goroutines?[g]?.fd == fd
      answer.add(
        .head,
        waits ? "fd \(fd) is what G\(g) waits for." : "G\(g) was seen to wait for fd \(fd), and is not now.")
      explainG(g, &answer)
    case .m(let id): explainM(id, &answer)
    case .p(let id):
      answer = .glance(at: subject, in: frame)
      guard let p = snapshot.ps.first(where: { $0.id == id }) else { break }
      answer.add(.text, snapshot.queueText(of: p))
      answer.add(.rule, rules.p(p.status))
    case .scheduler: explainScheduler(&answer)
    case .thief: answer.add(.head, "Who steals from whom is not known: the program counts no steals.")
    case .latency: explainLatency(&answer)
    case .slice, .event, .ring: answer = .glance(at: subject, in: frame)
    }
    if case .stack = subject { return answer }
    if let absence = knowledge.absenceOfEvents { answer.add(.why, Self.sentence(absence)) }
    if let beyond = knowledge.beyond { answer.add(.why, beyond) }
    return answer
  }

  private static func sentence(_ words: String) -> String {
    words.prefix(1).uppercased() + words.dropFirst() + "."
  }

  // MARK: a G

  private func explainG(_ id: UInt64, _ answer: inout Explanation) {
    guard let table = frame.detail.goroutines else { return answer.add(.head, "The Gs are being read.") }
    guard let g = table[id] else {
      let words =
        table.isComplete ? "G\(id) is gone." : "G\(id) is not among the \(table.all.count) Gs that were read."
      return answer.add(.head, words)
    }
    answer.add(.head, state(of: g))
    if let entry = g.entry {
      answer.add(.text, "\(entry) spawned it" + (g.parent.map { ", in G\($0)." } ?? "."))
    }
    if let labels = frame.detail.stacks?.labels[id] { answer.add(.text, "Its labels: \(labels).") }
    if let m = snapshot.ms.first(where: { $0.locked == id }) { answer.add(.text, pair(m)) }
    tellSocket(of: g, &answer)
    for finding in findings(about: id) { answer.add(.mark, "! \(finding.message)") }
    tellStack(id, &answer)
    if g.state == .waiting, g.reason != .none { answer.add(.rule, rules.wait(g.reason)) }
    if g.state == .waiting { answer.lines.append(likeIt(g)) }
  }

  private func state(of g: Goroutine) -> String {
    let now = max(frame.detail.goroutines?.readAt ?? 0, snapshot.time)
    let age = g.since.map { TimeText.short(now - min(now, $0)) }
    let since = age.map { g.isOlder ? ", for at least \($0)" : ", for \($0)" } ?? ""
    let what: String =
      switch g.state {
      case .running: "runs" + (snapshot.ps.first { $0.g == g.id }.map { " on P\($0.id)" } ?? "")
      case .runnable: "is ready, and waits for a P"
      case .syscall: "is in a system call"
      case .waiting: "waits for \(g.words ?? g.reason.told)" + (g.fd.map { ", fd \($0)" } ?? "")
      case .preempted: "was preempted, and waits for its next turn"
      case .idle, .dead: "is gone"
      }
    return "G\(g.id) \(what)\(since)."
      + (g.isOlder && g.since != nil ? " (So long it has been seen there; it may be longer.)" : "")
  }

  private func tellSocket(of g: Goroutine, _ answer: inout Explanation) {
    guard let fd = g.fd, let socket = frame.detail.sockets?[fd] else { return }
    let ends = [socket.local, socket.peer].compactMap { $0 }.joined(separator: " to ")
    if socket.isListening { return answer.add(.text, "fd \(fd) listens at \(ends).") }
    guard let unread = socket.unread, let unsent = socket.unacknowledged else {
      return answer.add(.text, "fd \(fd) is a \(socket.other ?? "descriptor") of which no queues are known.")
    }
    answer.add(
      .text,
      "fd \(fd), \(ends): \(counted(unread, "byte")) to read (Recv-Q), \(counted(unsent, "byte")) not acknowledged by the "
        + "other end (Send-Q).")
  }

  private func likeIt(_ g: Goroutine) -> Explanation.Line {
    let all = frame.detail.goroutines?.all ?? []
    let count = all.count { $0.state == .waiting && $0.words == g.words && $0.entry == g.entry }
    let place = g.entry.map { " spawned by \($0)" } ?? ""
    let reason = g.words ?? g.reason.told
    return count < 2
      ? Explanation.Line(.hint, "No other G\(place) waits for \(reason).")
      : Explanation.Line(
        .hint, "\(counted(count, "G"))\(place) wait for \(reason). " + Rules.manyThatWait(for: g.reason),
        seeAlso: [.gsByReason])
  }

  private func findings(about g: UInt64) -> [Finding] {
    (frame.instruments?.findings ?? []).filter { $0.g == g }
  }

  // MARK: a stack

  private func tellStack(_ id: UInt64, _ answer: inout Explanation) {
    let isOwn = if case .stack = answer.subject { true } else { false }
    if isOwn, let g = frame.detail.goroutines?[id] { answer.add(.head, state(of: g)) }
    guard let stacks = frame.detail.stacks, let outcome = stacks.outcomes[id] else {
      if isOwn { answer.add(.text, Self.noStacks) }
      return
    }
    guard let stack = stacks[id] else {
      return answer.add(.text, "It has no stack to read: \(outcome.absence ?? "").")
    }
    answer.add(.text, "Its stack now, innermost call first, read without stopping it:")
    answer.add(stack)
  }

  // MARK: an M

  private func explainM(_ id: Int, _ answer: inout Explanation) {
    guard let m = snapshot.ms.first(where: { $0.id == id }) else {
      return answer.add(.head, "There is no M\(id) now.")
    }
    answer = .glance(at: .m(id), in: frame)
    if m.locked != nil { answer.add(.text, pair(m)) }
    if let calls = m.callsToC, calls > 0 {
      answer.add(
        .text,
        m.p == nil
          ? "It is in a call to C, of which the scheduler knows nothing until it returns."
          : "It is in a call to C, which has called back into Go.")
    }
    if let thread = m.tid.flatMap({ frame.detail.threads?[$0] }) { answer.add(.text, Self.text(thread)) }
    // The rules for these three states are those of MPG. A target without events runs another runtime (Go),
    // which preempts and frees memory in other ways.
    if m.state != .sysmon, m.state != .preemptWait, m.state != .gc { answer.add(.rule, rules.m(m.state)) }
  }

  /// The words for an M that is locked to one G.
  private func pair(_ m: Snapshot.M) -> String {
    "\(m.named) is locked to \(m.locked.map { "G\($0)" } ?? "a G"): that G runs on this thread only, and the thread runs "
      + "nothing else."
  }

  private static func text(_ thread: OSThread) -> String {
    let use = thread.use.map { ", on a CPU for \(Quantity.percent($0)) of the last second" } ?? ""
    let stall = thread.stall.map { ", ready without one for \(Quantity.percent($0))" } ?? ""
    return "For the system its thread is in state \(thread.state)\(use)\(stall); "
      + "\(TimeText.short(thread.cpuTime)) of CPU time since it began."
  }

  // MARK: the scheduler

  private func explainScheduler(_ answer: inout Explanation) {
    answer.add(.head, Glance.sum(snapshot.gs))
    for finding in frame.instruments?.findings ?? [] { answer.add(.mark, "! \(finding.message)") }
    if frame.instruments?.findings.isEmpty ?? true {
      answer.add(.text, "No finding: nothing that is looked for has been seen.")
    }
    explainLatency(&answer)
    for p in snapshot.ps.prefix(4) {
      for line in Explanation.glance(at: .p(p.id), in: frame).lines { answer.add(.text, line.text) }
    }
    if let (words, count) = snapshot.sampled?.waits?.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }) {
      answer.add(
        .hint, "Most that wait, \(Quantity.grouped(count)), wait for \(words).",
        seeAlso: [.gsByReason, .waitOfOne])
    }
  }

  private func explainLatency(_ answer: inout Explanation) {
    guard let latency = snapshot.sampled?.runLatency else {
      return answer.add(.text, "How long Gs were ready before they ran is not known.")
    }
    answer.add(
      .text,
      "In the last second half of \(counted(latency.count, "G")) that were measured ran within "
        + "\(TimeText.short(latency.p50)) of being ready, 99 of 100 within \(TimeText.short(latency.p99)), all within "
        + "\(TimeText.short(latency.max)).")
  }
}
