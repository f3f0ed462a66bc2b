// Explanations, recordings and long views of the imaginary scheduler of Fixtures.swift.
import Region

@testable import Exports
@testable import History
@testable import Insight
@testable import Inspector
@testable import Observed

extension Fixtures {
  static func explanation(of subject: Subject) -> Explanation {
    Explanation(
      subject,
      [
        .init(.head, "P0 runs G1042 (serve(connection:) at Server.swift:88) on M3, for 1.2 ms so far."),
        .init(.text, "Ready for it: one as the next, 3 of 256 on its LRQ; for any P: 0 on the GRQ."),
        .init(.text, "   -12.3 ms  M4 took it; M2 had woken M4 to search 9.1 \u{b5}s earlier"),
        .init(
          .text, "   -12.3 ms  its M searched for 3.1 \u{b5}s: LRQ, GRQ, a poll, the other Ps, and found work"
        ),
        .init(.text, "   -12.2 ms  ran out: LRQ and GRQ empty; stole 32 Gs, half of the LRQ of P1"),
        .init(.mark, "! G216860 had to be preempted 7 times in ten seconds"),
        .init(.why, "12 records are missing in these 3.1 s: what is told, and its numbers, may lack some."),
        .init(.rule, Rules(Snapshot.RuleNumbers()).p(.running)),
        .init(.hint, "Gs block threads in system calls.", seeAlso: [.ms, .longest(.syscall)]),
      ])
  }

  /// A frame while a recording is being written, or after the recording failed with `problem`.
  static func recorded(problem: String? = nil) -> Frame {
    var frame = detailed()
    var recording = Frame.Recording(path: "mpgtop-4242-20261126-173512.mpgrec")
    (recording.records, recording.bytes, recording.problem) = (1_234_567, 6_400_000, problem)
    frame.recording = recording
    return frame
  }

  /// A frame with a view of twelve minutes, of which half a minute has events.
  static func trended() -> Frame {
    var frame = calm()
    frame.detail.trend = Trend(
      step: 13_000_000_000,
      points: (0..<58).map { step in
        Frame.Point(
          switchesPerSecond: Double(step * step % 700) * 100, grqMax: step % 9 * 40, parkedMax: 500 + step)
      }, exact: 30_000_000_000)
    return frame
  }
}
