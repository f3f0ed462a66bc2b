// Makes frames of the past for the screen, on a separate thread, from a copy of the history. Until the new frame is ready, the
// screen shows the last one and how far the search for the new one has come. A frame that is no longer wanted is cancelled.
import Inspector
import TUI

struct PastDesk {
  /// Makes the first `TimeTravel`; nil: there is no history.
  typealias Start = @Sendable (History) -> TimeTravel?

  private struct Made {
    var travel: TimeTravel
    var frame: Frame
    var wish: Wish
  }

  /// The frame that is wanted: its details, and how the target had ended by then.
  private struct Wish: Equatable, Sendable {
    var interest: Interest
    var ended: String?
  }

  private let start: Start
  private var thread: Background<Made?>
  /// The position in the history; nil while the other thread uses it, and before the first frame.
  @CopyOnWrite private var travel: TimeTravel? = nil
  private var commands: [TimeCommand] = []
  private var making: (wish: Wish, effort: Effort)?
  private var last: (wish: Wish, frame: Frame)?
  /// Whether `leave` was called while a frame was being made; that frame is dropped.
  private var isLeft = false
  /// Whether the frames made so far are to be made anew.
  private var isStale = false

  init(_ waker: Waker, _ start: @escaping Start) { (thread, self.start) = (Background(waker), start) }

  /// Moves to another moment; the next frames show that moment.
  mutating func perform(_ command: TimeCommand) {
    commands.append(command)
    making?.effort.cancel()
  }

  /// Forgets the position in the history, and the frames that were made there.
  mutating func leave() {
    making?.effort.cancel()
    (commands, last, travel, isLeft) = ([], nil, nil, making != nil)
  }

  /// Has the frame of the present position made anew: more came to be known of moments that were shown.
  mutating func renew() {
    making?.effort.cancel()
    isStale = true
  }

  /// The number of events searched so far for the frame that is being made; nil: none is being made.
  var looking: Int? { making?.effort.events }

  /// The newest frame that is ready, with the progress of the next one; nil: no frame is ready yet.
  ///
  /// - Parameter history: returns the history to look into. The other thread will use it, so nobody else may.
  mutating func next(_ interest: Interest, ended: String?, _ history: () -> History) -> Frame? {
    let wish = Wish(interest: interest, ended: ended)
    takeWhatCame()
    if let making {
      if making.wish != wish { making.effort.cancel() }
    } else if isStale || !commands.isEmpty || last?.wish != wish || travel?.isMoving != false {
      begin(wish, history())
    }
    guard var frame = last?.frame else { return nil }
    frame.looking = looking
    return frame
  }

  private mutating func takeWhatCame() {
    guard let came = thread.take() else { return }
    let isCancelled = making?.effort.isCancelled ?? false
    defer { (making, isLeft) = (nil, false) }
    guard let made = came, !isLeft else { return }
    travel = made.travel
    // A cancelled frame may be incomplete, so it is dropped.
    if !isCancelled { last = (made.wish, made.frame) }
  }

  private mutating func begin(_ wish: Wish, _ history: History) {
    let (effort, commands, start) = (Effort(), commands, start)
    let given = Handed((travel: travel, history: history, isStale: isStale))
    (making, self.commands, travel, isStale) = ((wish, effort), [], nil, false)
    thread.begin {
      let history = given.value.history
      guard var travel = given.value.travel ?? start(history) else { return Handed(nil) }
      travel.turn(to: history)
      if given.value.isStale { travel.renew() }
      for command in commands { travel.perform(command) }
      // After a cancellation keep the moment that the commands led to, and drop the frame.
      var there = travel
      let frame = there.frame(ended: wish.ended, wish.interest, effort)
      return Handed(Made(travel: effort.isCancelled ? travel : there, frame: frame, wish: wish))
    }
  }
}
