// Details that only a live source has, and explanations of the present moment for sources without events.
import Host
import Insight
import Observed

extension Sampler {
  /// Whether explanations are made from what is seen now, because the source samples and has no events.
  package var explainsNow: Bool {
    source.knowledge.gauges == .sampled && source.knowledge.absenceOfEvents != nil
  }

  /// The viewer's interest, extended by the details from which an explanation of the present moment is
  /// made.
  func widened(_ interest: Interest) -> Interest {
    explainsNow ? interest.widened(detailer.goroutinesSeen) : interest
  }

  /// Adds the stacks that an interest asks for.
  func lookAtStacks(_ interest: Interest, at now: UInt64, _ detailer: inout Detailer, _ detail: inout Detail)
  {
    guard let question = interest.stacks, source.knowledge.hasStacks, ending == nil else { return }
    let source = source
    detail.stacks = detailer.stacks(question, at: now) {
      do throws(InspectorError) { return try source.stacks(of: question) } catch { return nil }
    }
  }

  /// Adds the answer to the interest's question `why`, if such answers are made from the frame itself.
  func explain(_ interest: Interest, in frame: inout Frame) {
    guard explainsNow, let subject = interest.why else { return }
    frame.detail.why = .ofNow(subject, in: frame, source.knowledge)
  }
}
