// A request in seven steps: from the accept that waits to the response, each with its moment, its P, M and G, the events
// behind it, and the rule. Between the last two stands what the handler did, a step for each thing (HandlerSteps.swift).
//
// What a scheduler does for a packet is the same for every one of them, and so are the steps: a G waits for the socket;
// a packet comes; somebody polls; the G becomes runnable; a P runs it; a new G takes the connection; the response goes
// out. A walk tells of one request what really happened. A step that did not happen says so, and why (a connection that
// was there already needs no accept and no new G); one of which no event tells, above all the packet's coming, says
// what can be known of it. No number is in the words that is not in an event.
//
// Moments count from the one at which the poll had come back, the first that the runtime knew of the packet; what was
// before is negative. The words are made in RequestWords.swift.
import Observed
import Region

/// One of the seven steps, or a thing that the handler did.
public struct RequestStep: Sendable, Equatable {
  public enum Kind: Int, Sendable, CaseIterable {
    case wait, packet, poll, ready, run, handler
    /// Something that the handler did: none, or any number of them.
    case did
    case response

    /// Those that every walk has, in order.
    public static let frame = allCases.filter { $0 != .did }
  }

  public enum Outcome: String, Sendable {
    /// Events tell of it.
    case happened
    /// It was not needed, or did not come to it.
    case absent
    /// It happened, or may have; no event tells when.
    case untold
  }

  public var kind: Kind
  public var outcome: Outcome
  /// Nanoseconds of the machine's monotonic clock; nil: no event has it.
  public var time: UInt64?
  /// The moment to look at the scheduler for this step: its own, or of the one before it that has one.
  public var moment: UInt64 = 0
  /// Nanoseconds that it took, of what the handler did: these add up to the request's time.
  public var lasted: UInt64?
  public var g: UInt64?
  public var p: Int?
  public var m: Int?
  /// In two or three words.
  public var title: String
  /// What happened, in sentences with numbers.
  public var text: String
  /// Why it works that way.
  public var rule: String
  /// The events behind it, in the order of time.
  public var events: [Event] = []
}

/// One request, step by step.
public struct RequestWalk: Sendable, Equatable {
  public var span: SpanSummary
  public var connection: Connection
  /// In order: the seven, with what the handler did before the response.
  public var steps: [RequestStep]
  /// The moment from which offsets count.
  public var zero: UInt64

  /// The first and the last moment of the walk.
  public var first: UInt64 { steps.map(\.moment).min() ?? zero }
  public var last: UInt64 { steps.map(\.moment).max() ?? zero }

  /// Nanoseconds of a step after `zero`; before it negative. nil: it has no moment.
  public func offset(_ step: Int) -> Int64? {
    guard steps.indices.contains(step), let time = steps[step].time else { return nil }
    return Int64(clamping: time) - Int64(clamping: zero)
  }

  /// Nanoseconds since the step before that has a moment.
  public func delta(_ step: Int) -> Int64? {
    guard let own = offset(step), let before = (0..<step).last(where: { steps[$0].time != nil }) else {
      return nil
    }
    return own - (offset(before) ?? own)
  }

  /// The step that a moment belongs to: the last one that had been reached.
  public func step(at time: UInt64) -> Int {
    steps.lastIndex { $0.moment <= time } ?? 0
  }
}

extension RequestWalk {
  /// Tells a request from its events.
  ///
  /// - Parameter name: a G, as people call it.
  package init(
    _ facts: RequestFacts, _ clock: Clock, reasons: [WaitReason?], names: StringBook,
    name: @escaping (UInt64) -> String
  ) {
    let words = RequestWords(facts: facts, clock: clock, reasons: reasons, names: names, name: name)
    (span, connection) = (facts.span, facts.connection)
    steps = RequestStep.Kind.allCases.flatMap { $0 == .did ? words.did : [words.step($0)] }
    zero = steps[RequestStep.Kind.poll.rawValue].time ?? steps.compactMap(\.time).min() ?? facts.span.begin
    if connection != .none, let ready = steps[RequestStep.Kind.ready.rawValue].time {
      zero = steps[RequestStep.Kind.poll.rawValue].time ?? ready
    }
    var moment = steps.lazy.compactMap(\.time).first ?? zero
    for index in steps.indices {
      moment = max(steps[index].time ?? moment, moment)
      steps[index].moment = moment
    }
  }
}
