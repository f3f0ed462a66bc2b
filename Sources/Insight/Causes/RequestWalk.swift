// A request in seven steps, from the accept that waits to the response. Each step has its moment, its P, M
// and G, the events behind it, and the scheduler's rule. Before the last step stands what the handler did, a
// step for each thing (HandlerSteps.swift).
//
// A scheduler does the same for every packet, so the steps are always the same: a G waits for the socket; a
// packet comes; a thread polls the kernel; the G becomes runnable; a P runs it; a new G takes the connection;
// the response goes out. A walk tells what really happened for one request. A step that did not happen says so,
// and why: a connection that existed before needs no accept and no new G. A step that leaves no event, above
// all the coming of the packet, says what can be known of it. Every number in the words comes from events.
//
// Moments count from the return of the poll, because that is when the runtime first knew of the packet.
// Earlier moments are negative. The words are made in RequestWords.swift.
import Observed
import Region

/// A step of a request's walk: one of the seven steps that every walk has, or one thing that the handler did.
public struct RequestStep: Sendable, Equatable {
  /// The kinds of steps, in the order of the steps.
  public enum Kind: Int, Sendable, CaseIterable {
    /// The six steps that come before what the handler did.
    case wait, packet, poll, ready, run, handler
    /// One thing that the handler did. A walk has any number of these.
    case did
    /// The response goes out. This is always the last step.
    case response

    /// The seven kinds that every walk has, in order.
    public static let frame = allCases.filter { $0 != .did }
  }

  /// Whether a step happened.
  public enum Outcome: String, Sendable {
    /// The step happened, and events tell of it.
    case happened
    /// The step did not happen: it was not needed, or the request did not get so far.
    case absent
    /// The step happened, or may have happened, but no event tells when.
    case untold
  }

  /// Which of the walk's steps this is.
  public var kind: Kind
  /// Whether the step happened.
  public var outcome: Outcome
  /// When the step happened, in nanoseconds of the machine's monotonic clock; nil: no event tells.
  public var time: UInt64?
  /// The moment at which to look at the scheduler for this step, in nanoseconds of the machine's monotonic
  /// clock: `time`, or the `time` of the last step before this one that has one.
  public var moment: UInt64 = 0
  /// How long the step took, in nanoseconds, if it is a thing that the handler did. These times add up to the
  /// length of the request. nil for all other steps.
  public var lasted: UInt64?
  /// The G of the step; nil: not known.
  public var g: UInt64?
  /// The P of the step; nil: not known, or none.
  public var p: Int?
  /// The M of the step; nil: not known.
  public var m: Int?
  /// The step in two or three words.
  public var title: String
  /// The step in sentences with numbers: what happened in it.
  public var text: String
  /// The scheduler's rule behind the step: why the scheduler works that way.
  public var rule: String
  /// The events behind the step, in the order of time.
  public var events: [Event] = []
}

/// One request, step by step.
public struct RequestWalk: Sendable, Equatable {
  /// The request in numbers.
  public var span: SpanSummary
  /// How the request came to its G.
  public var connection: Connection
  /// The seven steps in order, with what the handler did before the response.
  public var steps: [RequestStep]
  /// The moment from which offsets count, in nanoseconds of the machine's monotonic clock.
  public var zero: UInt64

  /// The first moment of the walk, in nanoseconds of the machine's monotonic clock.
  public var first: UInt64 { steps.map(\.moment).min() ?? zero }
  /// The last moment of the walk, in nanoseconds of the machine's monotonic clock.
  public var last: UInt64 { steps.map(\.moment).max() ?? zero }

  /// The time from `zero` to a step, in nanoseconds, negative if the step came before. nil: the step has no
  /// time.
  public func offset(_ step: Int) -> Int64? {
    guard steps.indices.contains(step), let time = steps[step].time else { return nil }
    return Int64(clamping: time) - Int64(clamping: zero)
  }

  /// The time from the last step before this one that has a time, in nanoseconds. nil: this step has no time,
  /// or no step before it has one.
  public func delta(_ step: Int) -> Int64? {
    guard let own = offset(step), let before = (0..<step).last(where: { steps[$0].time != nil }) else {
      return nil
    }
    return own - (offset(before) ?? own)
  }

  /// The index of the last step that had been reached at a moment.
  public func step(at time: UInt64) -> Int {
    steps.lastIndex { $0.moment <= time } ?? 0
  }
}

extension RequestWalk {
  /// Builds the walk from the events of a request.
  ///
  /// - Parameter name: returns the words for a G, by its id.
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
