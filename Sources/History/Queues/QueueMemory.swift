// The contents of queues that a player keeps on its way through a history, so that it need not rebuild the contents at
// the next moment from the beginning.
import Observed
import Synchronization

/// Contents of queues at some places of a history. Thread-safe, because copies of a player share it.
final class QueueMemory: Sendable {
  /// The contents of the queues after some events of the open window.
  struct Place: Sendable {
    var segment: Int
    var extent: Window.Extent
    var count: Int
    var queues: QueueRebuild
  }

  private struct Kept: Sendable {
    /// Contents at the starts of segments. They are known once and for all.
    var starts: [(segment: Int, queues: QueueRebuild)] = []
    /// Contents on the way through one window, in the order of `count`.
    var places: [Place] = []
    var firsts: (segment: Int, extent: Window.Extent, starts: BatchStarts)?
  }

  private let kept = Mutex(Kept())
  private static let mostStarts = 12
  /// The number of events from one kept place to the next.
  static let distance = 2048

  /// The latest segment, up to `segment`, at whose start the contents are known.
  func start(upTo segment: Int) -> (segment: Int, queues: QueueRebuild)? {
    kept.withLock { kept in
      kept.starts.filter { $0.segment <= segment }.max { $0.segment < $1.segment }
    }
  }

  func keep(start queues: QueueRebuild, of segment: Int) {
    kept.withLock { kept in
      kept.starts.removeAll { $0.segment == segment }
      if kept.starts.count >= Self.mostStarts { kept.starts.removeFirst() }
      kept.starts.append((segment, queues))
    }
  }

  /// The last kept place of `window` at which no more than `count` events have happened; nil: there is none.
  func place(in window: Window, upTo count: Int) -> Place? {
    kept.withLock { kept in
      guard let first = kept.places.first, first.segment == window.number, first.extent == window.extent
      else { return nil }
      return kept.places.last { $0.count <= count }
    }
  }

  func keep(_ queues: QueueRebuild, at count: Int, of window: Window) {
    kept.withLock { kept in
      if let first = kept.places.first, first.segment != window.number || first.extent != window.extent {
        kept.places = []
      }
      guard kept.places.last.map({ $0.count < count }) ?? true else { return }
      kept.places.append(
        Place(segment: window.number, extent: window.extent, count: count, queues: queues))
    }
  }

  /// The first Gs of the batches of a window; `make` finds them.
  func starts(of window: Window, _ make: () -> BatchStarts) -> BatchStarts {
    if let found = kept.withLock({ $0.firsts }), found.segment == window.number,
      found.extent == window.extent
    {
      return found.starts
    }
    let made = make()
    kept.withLock { $0.firsts = (window.number, window.extent, made) }
    return made
  }
}
