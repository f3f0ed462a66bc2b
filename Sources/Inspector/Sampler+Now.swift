// Details that only a live source has, and explanations of now where there are no events.
import Host
import Insight
import Observed

extension Sampler {
  /// Whether what is asked for is explained from what is seen now: there are no events to look at.
  package var explainsNow: Bool {
    source.knowledge.gauges == .sampled && source.knowledge.absenceOfEvents != nil
  }

  /// The interest, with what an explanation of now is made from.
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

  /// Adds the answer to the interest's question, if that is made from the frame itself.
  func explain(_ interest: Interest, in frame: inout Frame) {
    guard explainsNow, let subject = interest.why else { return }
    frame.detail.why = .ofNow(subject, in: frame, source.knowledge)
  }
}
