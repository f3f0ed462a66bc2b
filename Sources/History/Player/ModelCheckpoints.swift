// Models on the way through a window, so that a step need not apply all events from the window's start again.
import Region
import Synchronization

/// The models of one window. Thread-safe, because copies of a player share them.
final class ModelCheckpoints: Sendable {
  /// The number of events from one kept model to the next. To apply them takes some hundred microseconds.
  private static let distance = 2048

  /// The models after 0, `distance`, 2 × `distance`… events.
  private let models = Mutex<[Model]>([])

  /// Returns the model that `Window.model` returns, but starts from the nearest kept model. Every call must
  /// be for the same window.
  func model(of window: Window, after count: Int, at ticks: UInt64, reasons: [WaitReason?]) -> Model {
    let count = min(count, window.events.count)
    let nearest = count / Self.distance
    var model = checkpoint(nearest, of: window, reasons)
    for event in window.events[(nearest * Self.distance)..<count] {
      model.apply(event.record, on: event.lane)
    }
    window.note(&model, at: ticks)
    return model
  }

  private func checkpoint(_ wanted: Int, of window: Window, _ reasons: [WaitReason?]) -> Model {
    models.withLock { models in
      if models.isEmpty { models.append(Model(window.keyframe.snapshot, reasons: reasons)) }
      while models.count <= wanted {
        var next = models[models.count - 1]
        let start = (models.count - 1) * Self.distance
        for event in window.events[start..<start + Self.distance] {
          next.apply(event.record, on: event.lane)
        }
        models.append(next)
      }
      return models[wanted]
    }
  }
}
