// A request and a boot of the imaginary scheduler of Fixtures.swift.
import Region

@testable import Exports
@testable import History
@testable import Insight
@testable import Inspector
@testable import Observed

extension Fixtures {
  /// The moments of the seven steps, in nanoseconds after the poll; nil: the moment is not known.
  private static let moments: [Int64?] = [-6_030_000_000, nil, 0, 0, 54_800, 108_400, 20_312_000]

  /// A frame with the answer to a question for the last request.
  static func requested(_ frame: Frame = detailed(), isKept: Bool = false) -> Frame {
    var frame = frame
    let moment = frame.past?.time ?? frame.snapshot.time
    frame.detail.request = RequestAnswer(
      choice: .last(by: moment), walk: walk(ending: moment - 1_000_000_000, isKept: isKept))
    return frame
  }

  /// A frame with the answer that there is no such request.
  static func unanswered(_ frame: Frame, _ choice: RequestChoice) -> Frame {
    var frame = frame
    frame.detail.request = RequestAnswer(choice: choice, walk: nil)
    return frame
  }

  static func walk(ending end: UInt64, isKept: Bool = false) -> RequestWalk {
    let zero = end - 20_312_000
    var span = SpanSummary(number: 14_336, label: "GET /sleep", root: 322, begin: zero + 224_000)
    (span.end, span.gs) = (end, 3)
    let titles = [
      "accept waits", "the packet comes", "a poll finds it", "the G is ready", "a P runs it",
      isKept ? "no new G" : "a new G handles it", "the response",
    ]
    let steps = RequestStep.Kind.frame.enumerated().map { index, kind in
      let isAbsent = isKept && kind == .handler
      var step = RequestStep(
        kind: kind, outcome: kind == .packet ? .untold : isAbsent ? .absent : .happened, title: titles[index],
        text: index == 5 && !isKept
          ? "G1 (mpg_demo at main.swift:12) accepted the connection and started G322 (serve(_:) at Server.swift:40): "
            + "next on P1. P0 (M0) ran it after 59.0 µs. 154.2 µs after its creation it had the whole request, and the "
            + "handler of GET /sleep began."
          : "What happened in step \(index + 1), in a sentence or two, with the numbers of its events.",
        rule: RequestWords.rule(kind))
      step.time = moments[index].map { UInt64(Int64(zero) + $0) }
      step.moment = UInt64(Int64(zero) + (moments[index] ?? -6_030_000_000))
      (step.g, step.p, step.m) = (
        index < 5 ? 1 : 322, index == 0 || index > 3 ? 1 : nil, index == 1 ? nil : 3
      )
      if index == 1 { step.g = nil }
      step.events = index == 1 ? [] : events(at: step.moment + 61_700).events.suffix(index == 5 ? 3 : 1)
      return step
    }
    return RequestWalk(span: span, connection: isKept ? .kept : .accepted, steps: steps, zero: zero)
  }

  /// A frame of a target that has recorded its boot.
  static func booted(_ frame: Frame = calm()) -> Frame {
    var frame = frame
    let start: UInt64 = 100_000_000
    frame.snapshot.target.bootTime = start + 10_800_000
    frame.snapshot.boot.start = start
    let times: [UInt64] = [12_900, 13_100, 18_200, 18_300, 18_500, 18_600, 22_300, 22_500]
    for (step, time) in zip(BootStep.allCases, times) { frame.snapshot.boot[step] = start + time * 1000 }
    return frame
  }
}
