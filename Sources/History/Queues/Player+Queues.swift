// The contents of the queues at the player's moment.
//
// §1 A keyframe says how many Gs stand on each queue, and not which. So the contents at the start of a segment come from
// the segments before it. The player goes back to a moment at which no G was queued, because empty queues hold no names.
// It stops earlier after some hundred thousand records, or where records are missing. Then the Gs that were queued at
// that moment are unnamed, until they start.
//
// §2 Where records are missing, the contents are only the depths: from the gap on all Gs are unnamed, up to the next
// keyframe. After that keyframe each of them is unnamed until it starts.
import Observed
import Region

extension Player {
  /// The most records and segments that are gone through to find out which Gs were queued at the start of a segment.
  private static let reach = (records: 200_000, segments: 240)

  /// Which Gs stand on which queue at this moment; nil: the target does not tell, or the question
  /// was cancelled (`effort`).
  public var queues: QueueContents? { rebuiltQueues?.contents }

  package var rebuiltQueues: QueueRebuild? {
    guard hasEvents, window.keyframe.snapshot.account != nil else { return nil }
    if window.missing(at: ticks) > 0 || !window.isWhole {
      return model.state.account.map { QueueRebuild(unnamed: $0) }
    }
    var (known, done): (QueueRebuild, Int)
    if let kept = queueMemory.place(in: window, upTo: count), kept.count >= window.prefix {
      (known, done) = (kept.queues, kept.count)
    } else {
      guard let start = queues(atStartOf: window) else { return nil }
      (known, done) = (start, window.prefix)
      queueMemory.keep(known, at: done, of: window)
    }
    let firsts = firsts(of: window)
    while done < count {
      let event = window.events[done]
      known.apply(event.record, on: event.lane, first: firsts[done])
      done += 1
      if done % QueueMemory.distance == 0 { queueMemory.keep(known, at: done, of: window) }
    }
    return known
  }

  /// The first Gs of a window's batches. Those that start in the next segment are looked for there.
  private func firsts(of window: Window) -> BatchStarts {
    queueMemory.starts(of: window) {
      var starts = BatchStarts(window.events)
      if let next = window.end == nil ? nil : unpack(window.number + 1) {
        starts.look(on: next.events[next.prefix...])
      }
      return starts
    }
  }

  /// The contents at the start of a window; see §1.
  private func queues(atStartOf wanted: Window) -> QueueRebuild? {
    if let kept = queueMemory.start(upTo: wanted.number), kept.segment == wanted.number { return kept.queues }
    var number = wanted.number
    var (records, queues): (Int, QueueRebuild?) = (0, nil)
    while number > history.numbers.lowerBound, wanted.number - number < Self.reach.segments {
      if let kept = queueMemory.start(upTo: number), kept.segment == number {
        queues = kept.queues
        break
      }
      guard records < Self.reach.records, let account = keyframeAccount(number) else { break }
      if number < wanted.number, account.queued == 0, account.grq == 0 { break }
      records += history.segment(number - 1)?.records ?? 0
      number -= 1
    }
    while true {
      guard let here = number == wanted.number ? wanted : unpack(number) else { return nil }
      let start = here.model(after: here.prefix, at: here.start, reasons: history.reasons).state.account
      // If the contents do not fit the depths, which are always right, they are forgotten.
      if let account = start, queues?.agrees(with: account) != true {
        queues = QueueRebuild(unnamed: account)
      }
      guard var known = queues else { return nil }
      queueMemory.keep(start: known, of: number)
      if number == wanted.number { return known }
      if here.gaps.isEmpty, here.isWhole {
        var starts = BatchStarts(here.events)
        if let next = number + 1 == wanted.number ? wanted : unpack(number + 1) {
          starts.look(on: next.events[next.prefix...])
        }
        for place in here.prefix..<here.events.count {
          let event = here.events[place]
          known.apply(event.record, on: event.lane, first: starts[place])
        }
        queues = known
      } else {
        queues = nil
      }
      number += 1
    }
  }

  private func keyframeAccount(_ number: Int) -> QueueAccount? {
    history.segment(number)?.keyframe.bytes.flatMap { Keyframe($0) }?.snapshot.account
  }
}
