// One target of `mpgtop serve`, on a thread of its own.
//
// Reading another process mostly takes microseconds, but nothing bounds it: a memory may be locked for seconds while its process
// maps files, a table may be long. So each target has a thread, and the server waits for an answer only so long. A target that
// cannot be read, or hangs, or dies, is one thread that ends or stays behind; the others do not notice.
internal import Glibc
import Inspector
import Synchronization

/// Opens a source, on the thread that will use it.
typealias SourceOpening = @Sendable () throws(InspectorError) -> any SchedulerSource

/// Watches one target. May be used from any thread.
final class TargetWatch: Sendable {
  /// What has become of the target.
  enum Fate: Sendable {
    case watched
    case ended(TargetEnding)
    case failed(InspectorError)
  }

  private struct Desk {
    /// The number of the last question, and of the last one that was answered.
    var (asked, answered) = (0, 0)
    var metrics: TargetMetrics?
    var fate = Fate.watched
    var doubt: InspectorError?
    var isLeft = false
  }

  let labels: TargetLabels
  private let desk = Mutex(Desk())
  private let bell = Bell()
  /// Rung at each answer, and when the watch ends.
  private let answered: Bell

  /// Begins to watch on a new thread.
  init(
    _ labels: TargetLabels, _ plan: ServePlan, _ sharers: Sharers, answered: Bell,
    open: @escaping SourceOpening
  ) {
    (self.labels, self.answered) = (labels, answered)
    let isBegun = OwnThread.begin { [self] in run(plan, sharers, open) }
    if !isBegun {
      end(.failed(.system(call: "pthread_create", path: "a thread for \(labels.name)", errno: errno)))
    }
  }

  /// Asks for metrics of this moment. `number` is higher than that of any question before.
  func ask(_ number: Int) {
    desk.withLock { $0.asked = number }
    bell.ring()
  }

  /// Whether the question was answered, or will never be.
  func hasAnswered(_ number: Int) -> Bool {
    desk.withLock { desk in
      if case .watched = desk.fate { desk.answered >= number } else { true }
    }
  }

  /// The answer to the question; nil: there is none yet, or the target could not be read.
  func answer(_ number: Int) -> TargetMetrics? {
    desk.withLock { $0.answered >= number ? $0.metrics : nil }
  }

  var fate: Fate { desk.withLock { $0.fate } }

  /// The reason why it is not known at the moment whether the target lives; nil: it is known.
  var doubt: InspectorError? { desk.withLock { $0.doubt } }

  /// Ends the watching, as soon as the thread comes to it.
  func leave() {
    desk.withLock { $0.isLeft = true }
    bell.ring()
  }

  private func run(_ plan: ServePlan, _ sharers: Sharers, _ open: SourceOpening) {
    do throws(InspectorError) {
      var look = TargetLook(try open(), plan, sharers)
      while true {
        let (asked, isLeft) = desk.withLock { ($0.asked > $0.answered ? $0.asked : nil, $0.isLeft) }
        if isLeft { return }
        if let asked { publish(try look.metrics(), asked) }
        let (ending, pause) = try look.step()
        if let ending { return end(.ended(ending)) }
        let doubt = look.source.doubt
        desk.withLock { $0.doubt = doubt }
        bell.wait(atMost: pause)
      }
    } catch .gone(_, let ending) {
      end(.ended(ending))
    } catch {
      end(.failed(error))
    }
  }

  private func publish(_ metrics: TargetMetrics, _ number: Int) {
    desk.withLock { ($0.metrics, $0.answered) = (metrics, number) }
    answered.ring()
  }

  private func end(_ fate: Fate) {
    desk.withLock { $0.fate = fate }
    answered.ring()
  }
}
